package layout

import "github.com/tokenctl/tokenctl/backup/sheet/line"

// Browsers repeat no heading where they break a block, and cut what they must. So
// a block that might be longer than a page is split beforehand. How high its parts
// are is not known, the fonts being those of the system; these are heights in
// millimetres that they do not exceed.
const (
	htmlText    = 5.5  // a line of text
	htmlTyped   = 5.5  // a typed line
	htmlTick    = 7.5  // one to tick
	htmlLetters = 35   // characters in a line
	htmlNarrow  = 24   // the same, in one to tick
	htmlSymbol  = 100. // a row of QR codes of version 20, with captions
	htmlHead    = 30.0 // what each part has besides
)

// split returns the block, or if it might be longer than a page, parts of it that
// are not: QR codes, facts, lines and notes, in that order.
func (b drawn) split(paper Paper) (parts []drawn) {
	_, height := paper.size()
	room := height - topMargin - footMargin - footHeight - htmlHead
	if b.htmlHeight() <= room {
		return []drawn{b}
	}
	again := []rune(b.Heading)
	const longest = 60
	if len(again) > longest {
		again = append(again[:longest], '…')
	}
	used := 0.0 // of the last part
	// last returns the part that something of a height goes to, a new one if the last
	// is full.
	last := func(height float64) *drawn {
		switch {
		case len(parts) == 0:
			parts = append(parts, drawn{Block: Block{Number: b.Number, Heading: b.Heading}})
		case used+height > room:
			parts = append(parts, drawn{Block: Block{Number: b.Number, Heading: string(again) + continued}})
			used = 0
		}
		used += height
		return &parts[len(parts)-1]
	}
	for i := range b.symbols {
		d := last(htmlSymbol / 2)
		d.symbols, d.Symbols = append(d.symbols, b.symbols[i]), append(d.Symbols, b.Symbols[i])
	}
	for _, f := range b.Facts {
		d := last(htmlHeight(f.Name, f.Value))
		d.Facts = append(d.Facts, f)
	}
	for _, l := range b.Lines {
		d := last(typedHeight(l))
		d.Lines = append(d.Lines, l)
	}
	for _, n := range b.Notes {
		d := last(htmlHeight(n))
		d.Notes = append(d.Notes, n)
	}
	return parts
}

// htmlHeight is that of texts at most.
func htmlHeight(texts ...string) float64 { return htmlLines(htmlLetters, texts...) * htmlText }

// htmlLines is how many lines texts take at most, with so many characters in each.
func htmlLines(letters int, texts ...string) float64 {
	total := 0
	for _, t := range texts {
		total += len(t) + 1
	}
	return float64(1 + total/letters)
}

func typedHeight(l line.Line) float64 {
	if l.Tick {
		return htmlLines(htmlNarrow, l.Groups...) * htmlTick
	}
	return htmlLines(htmlLetters, l.Groups...) * htmlTyped
}

// htmlHeight is that of the block at most.
func (b drawn) htmlHeight() float64 {
	text, symbols := 0.0, 0.0
	for _, f := range b.Facts {
		text += htmlHeight(f.Name, f.Value)
	}
	for _, l := range b.Lines {
		text += typedHeight(l)
	}
	for _, n := range b.Notes {
		text += htmlHeight(n)
	}
	for _, s := range b.symbols {
		symbols += side(s) + 4*quiet
	}
	if _, beside := b.besideText(); beside {
		return max(text, symbols)
	}
	return text + float64((len(b.symbols)+1)/2)*htmlSymbol
}
