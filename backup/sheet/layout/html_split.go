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
func (b drawn) split(paper Paper) []drawn {
	_, height := paper.size()
	room := height - topMargin - footMargin - footHeight - htmlHead
	if b.htmlHeight() <= room {
		return []drawn{b}
	}
	s := splitter{whole: b, room: room}
	for i := range b.symbols {
		s.next(htmlSymbol/2, func(d *drawn) {
			d.symbols, d.Symbols = append(d.symbols, b.symbols[i]), append(d.Symbols, b.Symbols[i])
		})
	}
	for _, f := range b.Facts {
		s.next(htmlLines(htmlLetters, f.Name, f.Value)*htmlText, func(d *drawn) { d.Facts = append(d.Facts, f) })
	}
	for _, l := range b.Lines {
		s.next(htmlHeight(l), func(d *drawn) { d.Lines = append(d.Lines, l) })
	}
	for _, n := range b.Notes {
		s.next(htmlLines(htmlLetters, n)*htmlText, func(d *drawn) { d.Notes = append(d.Notes, n) })
	}
	return s.parts
}

// A splitter fills parts of a block.
type splitter struct {
	whole drawn
	room  float64
	parts []drawn
	used  float64 // of the last part
}

// next adds something of a height, to a new part if the last is full.
func (s *splitter) next(height float64, add func(*drawn)) {
	if len(s.parts) == 0 || s.used+height > s.room {
		s.parts = append(s.parts, drawn{Block: Block{Number: s.whole.Number, Heading: s.heading()}})
		s.used = 0
	}
	s.used += height
	add(&s.parts[len(s.parts)-1])
}

func (s *splitter) heading() string {
	if len(s.parts) == 0 {
		return s.whole.Heading
	}
	const longest = 60
	heading := []rune(s.whole.Heading)
	if len(heading) > longest {
		heading = append(heading[:longest], '…')
	}
	return string(heading) + continued
}

// continued follows the heading of a block that began on another page.
const continued = " (continued)"

// htmlLines is how many lines texts take at most, with so many characters in each.
func htmlLines(letters int, texts ...string) float64 {
	total := 0
	for _, t := range texts {
		total += len(t) + 1
	}
	return float64(1 + total/letters)
}

func htmlHeight(l line.Line) float64 {
	if l.Tick {
		return htmlLines(htmlNarrow, l.Groups...) * htmlTick
	}
	return htmlLines(htmlLetters, l.Groups...) * htmlTyped
}

// htmlHeight is that of the block at most.
func (b drawn) htmlHeight() float64 {
	text, symbols := 0.0, 0.0
	for _, f := range b.Facts {
		text += htmlLines(htmlLetters, f.Name, f.Value) * htmlText
	}
	for _, l := range b.Lines {
		text += htmlHeight(l)
	}
	for _, n := range b.Notes {
		text += htmlLines(htmlLetters, n) * htmlText
	}
	for _, s := range b.symbols {
		symbols += side(s) + 4*quiet
	}
	if _, beside := b.besideText(); beside {
		return max(text, symbols)
	}
	return text + float64((len(b.symbols)+1)/2)*htmlSymbol
}
