package sheet

import (
	"strconv"

	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// A drawn block has its QR codes encoded.
type drawn struct {
	Block
	symbols []*otpauth.Symbol
}

// besideText reports whether the block's QR codes stand at the left of its text,
// and not above it.
func (b drawn) besideText() bool {
	text := len(b.Facts) + len(b.Lines) + len(b.Notes)
	return text > 0 && len(b.symbols) <= 2 && widest(b.symbols) <= symbolColumn
}

func (p *htmlPage) block(b drawn) {
	class := "block"
	if b.besideText() && len(b.symbols) > 0 {
		class += " beside"
	}
	p.printf("<article class=\"%s\">\n<h2>", class)
	if b.Number > 0 {
		p.printf("<span class=\"number\">%s</span> ", strconv.Itoa(b.Number))
	}
	p.printf("<bdi>%s</bdi></h2>\n", b.Heading)
	p.symbols(b)
	p.w.WriteString("<div class=\"text\">\n")
	p.facts(b.Facts)
	p.lines(b.Lines)
	for _, n := range b.Notes {
		p.printf("<p>%s</p>\n", n)
	}
	p.w.WriteString("</div>\n</article>\n")
}

func (p *htmlPage) symbols(b drawn) {
	if len(b.symbols) == 0 {
		return
	}
	p.w.WriteString("<div class=\"symbols\">\n")
	for i, s := range b.symbols {
		p.printf("<figure style=\"width: %smm\">\n", strconv.FormatFloat(side(s), 'f', 2, 64))
		p.svg(s)
		p.printf("<figcaption><bdi>%s</bdi></figcaption>\n</figure>\n", b.Symbols[i].Caption)
	}
	p.w.WriteString("</div>\n")
}

// lines writes a table, whose head browsers repeat on each page.
func (p *htmlPage) lines(lines []Line) {
	if len(lines) == 0 {
		return
	}
	tick := hasTick(lines)
	p.w.WriteString("<table>\n<thead><tr>")
	if tick {
		p.w.WriteString("<th></th>")
	}
	p.w.WriteString("<th class=\"count\">line</th><th>to type in</th><th class=\"check\">check</th>")
	if tick {
		p.w.WriteString("<th class=\"date\">used on</th>")
	}
	p.w.WriteString("</tr></thead>\n<tbody>\n")
	for _, l := range lines {
		p.line(l, tick)
	}
	p.w.WriteString("</tbody>\n</table>\n")
}

func hasTick(lines []Line) bool {
	for _, l := range lines {
		if l.Tick {
			return true
		}
	}
	return false
}

// line writes a row, with cells for the box and the date if other rows have them.
func (p *htmlPage) line(l Line, tick bool) {
	class, box, date, open, closed := "", "", "", "", ""
	if l.Tick {
		class, box, date = " class=\"tick\"", emptyBox, "<span class=\"rule\">%s</span>"
	}
	if l.Tick && l.Used != "" {
		box = tickedBox
	}
	if l.Used != "" {
		open, closed = "<s>", "</s>"
	}
	p.w.WriteString("<tr" + class + ">")
	if tick {
		p.w.WriteString("<td class=\"box\">" + box + "</td>")
	}
	p.printf("<td class=\"count\">%s</td><td class=\"groups\">"+open, strconv.Itoa(l.Number))
	for i, g := range l.Groups {
		if i > 0 {
			p.w.WriteString(" ")
		}
		p.printf("<bdi>%s</bdi>", g)
	}
	p.printf(closed+"</td><td class=\"check\"><bdi>%s</bdi></td>", l.Check)
	if tick {
		p.w.WriteString("<td class=\"date\">")
		if date != "" {
			p.printf(date, l.Used)
		}
		p.w.WriteString("</td>")
	}
	p.w.WriteString("</tr>\n")
}

// Boxes to tick are drawn: no font is sure to have them.
const (
	emptyBox  = `<svg width="4mm" height="4mm" viewBox="0 0 16 16"><path class="stroke" d="M1 1h14v14h-14z"/></svg>`
	tickedBox = `<svg width="4mm" height="4mm" viewBox="0 0 16 16"><path class="stroke" d="M1 1h14v14h-14zM3.5 3.5l9 9M3.5 12.5l9-9"/></svg>`
)
