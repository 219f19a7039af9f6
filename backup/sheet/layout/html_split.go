package layout

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

// A piece of a block has a height at most.
type piece struct {
	height float64
	add    func(to *drawn)
}

// split returns the block, or if it might be longer than a page, parts of it that
// are not: QR codes, facts, lines and notes, in that order.
func (b drawn) split(paper Paper) (parts []drawn) {
	var pieces []piece
	text, symbols := 0.0, 0.0
	add := func(height float64, to func(*drawn)) {
		text += height
		pieces = append(pieces, piece{height, to})
	}
	for i, s := range b.symbols {
		symbols += side(s) + 4*quiet
		pieces = append(pieces, piece{htmlSymbol / 2, func(d *drawn) {
			d.symbols, d.Symbols = append(d.symbols, s), append(d.Symbols, b.Symbols[i])
		}})
	}
	for _, f := range b.Facts {
		add(htmlLines(htmlLetters, f.Name, f.Value)*htmlText, func(d *drawn) { d.Facts = append(d.Facts, f) })
	}
	for _, l := range b.Lines {
		height := htmlLines(htmlLetters, l.Groups...) * htmlTyped
		if l.Tick {
			height = htmlLines(htmlNarrow, l.Groups...) * htmlTick
		}
		add(height, func(d *drawn) { d.Lines = append(d.Lines, l) })
	}
	for _, n := range b.Notes {
		add(htmlLines(htmlLetters, n)*htmlText, func(d *drawn) { d.Notes = append(d.Notes, n) })
	}
	whole := text + float64((len(b.symbols)+1)/2)*htmlSymbol
	if _, beside := b.besideText(); beside {
		whole = max(text, symbols)
	}
	_, height := paper.size()
	room := height - topMargin - footMargin - footHeight - htmlHead
	if whole <= room {
		return []drawn{b}
	}
	heading, used := b.Heading, 0.0 // of the last part
	for _, p := range pieces {
		if len(parts) == 0 || used+p.height > room {
			parts, used = append(parts, drawn{Block: Block{Number: b.Number, Heading: heading}}), 0
			const longest = 60
			if runes := []rune(b.Heading); len(runes) > longest {
				heading = string(runes[:longest]) + "…" + continued
			} else {
				heading = b.Heading + continued
			}
		}
		used += p.height
		p.add(&parts[len(parts)-1])
	}
	return parts
}

// htmlLines is how many lines texts take at most, with so many characters in each.
func htmlLines(letters int, texts ...string) float64 {
	total := 0
	for _, t := range texts {
		total += len(t) + 1
	}
	return float64(1 + total/letters)
}
