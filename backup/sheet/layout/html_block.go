package layout

import (
	"html"
	"strconv"

	"github.com/tokenctl/tokenctl/backup/sheet/line"
	"github.com/tokenctl/tokenctl/oath/qr"
)

// A drawn block has its QR codes encoded.
type drawn struct {
	Block
	symbols []*qr.Symbol
}

// besideText reports whether the block's QR codes stand at the left of its text,
// and not above it, and in a column of which width.
func (b drawn) besideText() (width float64, beside bool) {
	width, fits := symbolColumn(b.symbols)
	return width, fits && b.hasText() && len(b.symbols) > 0 && len(b.symbols) <= 2
}

func (p *htmlPage) block(b drawn) {
	if width, beside := b.besideText(); beside {
		p.printf("<article class=\"block beside\" style=\"grid-template-columns: %smm minmax(0, 1fr)\">\n<h2>", millimetres(width))
	} else {
		p.w.WriteString("<article class=\"block\">\n<h2>")
	}
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
		p.printf("<figure style=\"width: %smm\">\n", millimetres(side(s)))
		p.svg(s)
		p.printf("<figcaption><bdi>%s</bdi></figcaption>\n</figure>\n", b.Symbols[i].Caption)
	}
	p.w.WriteString("</div>\n")
}

func millimetres(length float64) string { return strconv.FormatFloat(length, 'f', 2, 64) }

// lines writes a table of lines to tick, below one of others. Browsers repeat their
// heads on each page.
func (p *htmlPage) lines(lines []line.Line) {
	for _, alike := range byTick(lines) {
		p.table(alike)
	}
}

func (p *htmlPage) table(lines []line.Line) {
	tick := lines[0].Tick
	p.w.WriteString("<table>\n<thead><tr>")
	if tick {
		p.w.WriteString("<th></th>")
	}
	p.printf(`<th class="count">%s</th><th>%s</th><th class="check">%s</th>`, numberLabel, groupsLabel, checkLabel)
	if tick {
		p.printf(`<th class="date">%s</th>`, dateLabel)
	}
	p.w.WriteString("</tr></thead>\n<tbody>\n")
	for _, l := range lines {
		p.line(l, tick)
	}
	p.w.WriteString("</tbody>\n</table>\n")
}

// line writes a row, with cells for the box and the date if its table has them.
func (p *htmlPage) line(l line.Line, cells bool) {
	box, date := "", ""
	if cells {
		box, date = `<td></td>`, `<td></td>`
	}
	if l.Tick {
		box = `<td class="box">` + boxes[l.Used != ""] + `</td>`
		date = `<td class="date"><span class="rule">` + html.EscapeString(l.Used) + `</span></td>`
	}
	p.w.WriteString("<tr>" + box)
	p.printf(`<td class="count">%s</td><td class="groups">`, strconv.Itoa(l.Number))
	p.groups(l)
	p.printf(`</td><td class="check"><bdi>%s</bdi></td>`, l.Check)
	p.w.WriteString(date + "</tr>\n")
}

// groups writes a line's groups, struck through if it is used.
func (p *htmlPage) groups(l line.Line) {
	if l.Used != "" {
		p.w.WriteString("<s>")
		defer p.w.WriteString("</s>")
	}
	for i, g := range l.Groups {
		if i > 0 {
			p.w.WriteString(" ")
		}
		p.printf("<bdi>%s</bdi>", g)
	}
}

// boxes are those to tick, and ticked ones. They are drawn, for no font is sure to
// have them.
var boxes = map[bool]string{
	false: `<svg width="4mm" height="4mm" viewBox="0 0 16 16"><path class="stroke" d="M1 1h14v14h-14z"/></svg>`,
	true:  `<svg width="4mm" height="4mm" viewBox="0 0 16 16"><path class="stroke" d="M1 1h14v14h-14zM3.5 3.5l9 9M3.5 12.5l9-9"/></svg>`,
}
