package layout

import (
	"bufio"
	_ "embed"
	"fmt"
	"html"
	"io"
	"strconv"
	"strings"

	"github.com/tokenctl/tokenctl/backup/sheet/line"
	"github.com/tokenctl/tokenctl/oath/qr"
)

// policy forbids a browser everything but the style in the file (W3C, "Content
// Security Policy Level 3"): no script runs, and nothing is fetched or sent.
const policy = "default-src 'none'; style-src 'unsafe-inline'"

// style is black on white whatever the browser prefers. Lengths are those of the
// PDF. Before it go the paper and the foot of each page.
//
//go:embed style.css
var style string

const pageStyle = `@page {
	size: %s;
	margin: 13mm 15mm 20mm;
	@bottom-left { content: "%s"; font: 8.5pt sans-serif; vertical-align: top; padding-top: 3mm }
	@bottom-right { content: "page " counter(page) " of " counter(pages); font: 8.5pt sans-serif; vertical-align: top; padding-top: 3mm }
}
`

// WriteHTML writes the document as an HTML file that has all it needs in it, and
// is well-formed XML besides. It holds the blocks of the PDF, in the same order,
// and browsers print it on the paper without cutting one. A block that is longer
// than a page is made several of.
//
// Names are in any script, in the fonts of the system. Characters that do not
// show, or change how their neighbours read, are written as [U+202E]. WriteHTML
// returns ErrSymbolTooLarge for a document with such a QR code.
func (d Document) WriteHTML(w io.Writer, paper Paper) error {
	d, blocks, err := d.encoded(paper, visible)
	if err != nil {
		return err
	}
	page := &htmlPage{bufio.NewWriter(w)}
	page.WriteString("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n")
	page.printf("<meta http-equiv=\"Content-Security-Policy\" content=\"%s\"/>\n", policy)
	page.WriteString("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n")
	page.printf("<title>%s</title>\n", neutralTitle)
	page.WriteString("<style>\n" + fmt.Sprintf(pageStyle, paper, cssString(d.Foot)) + style + "</style>\n</head>\n<body>\n<header>\n")
	if d.Title != "" {
		page.printf("<h1><bdi>%s</bdi></h1>\n", d.Title)
	}
	page.facts(d.Facts)
	page.WriteString("</header>\n")
	for _, s := range d.Steps {
		page.printf("<section class=\"steps\">\n<h2>%s</h2>\n<ol>\n", s.Heading)
		for _, step := range s.Steps {
			page.printf("<li>%s</li>\n", step)
		}
		page.WriteString("</ol>\n</section>\n")
	}
	for _, b := range blocks {
		for _, part := range b.split(paper) {
			page.block(part)
		}
	}
	if d.Foot != "" { // on a screen
		page.printf("<footer><bdi>%s</bdi></footer>\n", d.Foot)
	}
	page.WriteString("</body>\n</html>\n")
	if err := page.Flush(); err != nil {
		return fmt.Errorf("writing the HTML: %w", err)
	}
	return nil
}

// cssString escapes all but letters, digits and spaces by their numbers (W3C, "CSS
// Syntax Module Level 3", "Consume an escaped code point").
func cssString(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == ' ', r >= '0' && r <= '9', r >= 'A' && r <= 'Z', r >= 'a' && r <= 'z':
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "\\%06x ", r)
		}
	}
	return b.String()
}

// An htmlPage is written to by pieces of HTML. Its writer keeps the first error.
type htmlPage struct{ *bufio.Writer }

// printf writes a piece of HTML with texts in it, which it escapes.
func (p *htmlPage) printf(format string, texts ...string) {
	fmt.Fprintf(p, format, each(texts, func(t string) any { return html.EscapeString(t) })...)
}

func (p *htmlPage) facts(facts []Fact) {
	if len(facts) == 0 {
		return
	}
	p.WriteString("<dl>\n")
	for _, f := range facts {
		p.printf("<dt><bdi>%s</bdi></dt><dd><bdi>%s</bdi></dd>\n", f.Name, f.Value)
	}
	p.WriteString("</dl>\n")
}

// besideText returns the width of the column of QR codes, if it stands at the left of
// the text and not above it.
func (b drawn) besideText() (width float64, beside bool) {
	width, fits := b.column()
	return width, fits && len(b.symbols) <= 2
}

func (p *htmlPage) block(b drawn) {
	if width, beside := b.besideText(); beside {
		p.printf("<article class=\"block beside\" style=\"grid-template-columns: %smm minmax(0, 1fr)\">\n<h2>", millimetres(width))
	} else {
		p.WriteString("<article class=\"block\">\n<h2>")
	}
	if b.Number > 0 {
		p.printf("<span class=\"number\">%s</span> ", strconv.Itoa(b.Number))
	}
	p.printf("<bdi>%s</bdi></h2>\n", b.Heading)
	if len(b.symbols) > 0 {
		p.WriteString("<div class=\"symbols\">\n")
		for i, s := range b.symbols {
			p.symbol(s, b.Symbols[i].Caption)
		}
		p.WriteString("</div>\n")
	}
	p.WriteString("<div class=\"text\">\n")
	p.facts(b.Facts)
	for _, alike := range byTick(b.Lines) {
		p.table(alike)
	}
	for _, n := range b.Notes {
		p.printf("<p>%s</p>\n", n)
	}
	p.WriteString("</div>\n</article>\n")
}

func millimetres(length float64) string { return strconv.FormatFloat(length, 'f', 2, 64) }

// symbol writes a QR code without its margin, which the style adds.
func (p *htmlPage) symbol(s *qr.Symbol, caption string) {
	size, length := strconv.Itoa(s.Size()), millimetres(side(s))
	p.printf("<figure style=\"width: %smm\">\n", length)
	p.printf("<svg width=\"%smm\" height=\"%smm\" viewBox=\"0 0 %s %s\" shape-rendering=\"crispEdges\"><path d=\"",
		length, length, size, size)
	for _, r := range runsOf(s) {
		fmt.Fprintf(p, "M%d %dh%dv1h-%dz", r.x, r.y, r.length, r.length)
	}
	p.printf("\"/></svg>\n<figcaption><bdi>%s</bdi></figcaption>\n</figure>\n", caption)
}

// table writes lines, all of them to tick or none. Browsers repeat its head on each
// page.
func (p *htmlPage) table(lines []line.Line) {
	tick := lines[0].Tick
	p.WriteString("<table>\n<thead><tr>")
	if tick {
		p.WriteString("<th></th>")
	}
	p.printf(`<th class="count">%s</th><th>%s</th><th class="check">%s</th>`, numberLabel, groupsLabel, checkLabel)
	if tick {
		p.printf(`<th class="date">%s</th>`, dateLabel)
	}
	p.WriteString("</tr></thead>\n<tbody>\n")
	for _, l := range lines {
		p.line(l, tick)
	}
	p.WriteString("</tbody>\n</table>\n")
}

// boxes are those to tick, and ticked ones. They are drawn, for no font is sure to
// have them.
var boxes = map[bool]string{
	false: `<svg width="4mm" height="4mm" viewBox="0 0 16 16"><path class="stroke" d="M1 1h14v14h-14z"/></svg>`,
	true:  `<svg width="4mm" height="4mm" viewBox="0 0 16 16"><path class="stroke" d="M1 1h14v14h-14zM3.5 3.5l9 9M3.5 12.5l9-9"/></svg>`,
}

// line writes a row, with cells for the box and the date if its table has them. The
// groups of a used one are struck through.
func (p *htmlPage) line(l line.Line, cells bool) {
	box, date, start, end := "", "", "", ""
	if cells {
		box, date = `<td></td>`, `<td></td>`
	}
	if l.Tick {
		box = `<td class="box">` + boxes[l.Used != ""] + `</td>`
		date = `<td class="date"><span class="rule">` + html.EscapeString(l.Used) + `</span></td>`
	}
	if l.Used != "" {
		start, end = "<s>", "</s>"
	}
	groups := each(l.Groups, func(g string) string { return "<bdi>" + html.EscapeString(g) + "</bdi>" })
	p.WriteString("<tr>" + box)
	p.printf(`<td class="count">%s</td><td class="groups">`, strconv.Itoa(l.Number))
	p.WriteString(start + strings.Join(groups, " ") + end)
	p.printf(`</td><td class="check"><bdi>%s</bdi></td>`, l.Check)
	p.WriteString(date + "</tr>\n")
}
