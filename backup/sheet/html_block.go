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

// lines writes a table of lines to tick, and one of others. Browsers repeat their
// heads on each page.
func (p *htmlPage) lines(lines []Line) {
	for _, alike := range byTick(lines) {
		p.table(alike)
	}
}

func (p *htmlPage) table(lines []Line) {
	const common = `<th class="count">line</th><th>to type in</th><th class="check">check</th>`
	head := common
	if lines[0].Tick {
		head = "<th></th>" + common + `<th class="date">used on</th>`
	}
	p.w.WriteString("<table>\n<thead><tr>" + head + "</tr></thead>\n<tbody>\n")
	for _, l := range lines {
		p.line(l)
	}
	p.w.WriteString("</tbody>\n</table>\n")
}

func (p *htmlPage) line(l Line) {
	p.w.WriteString("<tr>")
	if l.Tick {
		p.w.WriteString(`<td class="box">` + boxes[l.Used != ""] + "</td>")
	}
	p.printf(`<td class="count">%s</td><td class="groups">`, strconv.Itoa(l.Number))
	p.groups(l)
	p.printf(`</td><td class="check"><bdi>%s</bdi></td>`, l.Check)
	if l.Tick {
		p.printf(`<td class="date"><span class="rule">%s</span></td>`, l.Used)
	}
	p.w.WriteString("</tr>\n")
}

// groups writes a line's groups, struck through if it is used.
func (p *htmlPage) groups(l Line) {
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
