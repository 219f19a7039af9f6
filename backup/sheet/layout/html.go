package layout

import (
	"bufio"
	"fmt"
	"html"
	"io"
	"strconv"
	"strings"

	"github.com/tokenctl/tokenctl/oath/qr"
)

// policy forbids a browser everything but the style in the file (W3C, "Content
// Security Policy Level 3"): no script runs, and nothing is fetched or sent.
const policy = "default-src 'none'; style-src 'unsafe-inline'"

// WriteHTML writes the document as an HTML file that has all it needs in it, and
// is well-formed XML besides. It holds the blocks of the PDF, in the same order,
// and browsers print it on the paper without cutting one. A block that is longer
// than a page is made several of.
//
// Names are in any script, in the fonts of the system. Characters that do not
// show, or change how their neighbours read, are written as [U+202E]. WriteHTML
// returns ErrSymbolTooLarge for a document with such a QR code.
func (d Document) WriteHTML(w io.Writer, paper Paper) error {
	if !paper.known() {
		return fmt.Errorf("no paper is called %s", paper)
	}
	symbols, err := d.encodeSymbols()
	if err != nil {
		return err
	}
	d = d.spell(visible)
	page := &htmlPage{bufio.NewWriter(w)}
	page.head(d, paper)
	page.front(d)
	for i, b := range d.Body {
		for _, part := range (drawn{b, symbols[i]}).split(paper) {
			page.block(part)
		}
	}
	page.end(d.Foot)
	if err := page.w.Flush(); err != nil {
		return fmt.Errorf("writing the HTML: %w", err)
	}
	return nil
}

// An htmlPage is written to by pieces of HTML. Its writer keeps the first error.
type htmlPage struct{ w *bufio.Writer }

// printf writes a piece of HTML with texts in it, which it escapes.
func (p *htmlPage) printf(format string, texts ...string) {
	escaped := make([]any, len(texts))
	for i, t := range texts {
		escaped[i] = html.EscapeString(t)
	}
	fmt.Fprintf(p.w, format, escaped...)
}

func (p *htmlPage) head(d Document, paper Paper) {
	p.w.WriteString("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n")
	p.printf("<meta http-equiv=\"Content-Security-Policy\" content=\"%s\"/>\n", policy)
	p.w.WriteString("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n")
	p.printf("<title>%s</title>\n", neutralTitle)
	p.w.WriteString("<style>\n" + styleFor(paper, d.Foot) + "</style>\n</head>\n<body>\n")
}

func (p *htmlPage) front(d Document) {
	p.w.WriteString("<header>\n")
	if d.Title != "" {
		p.printf("<h1><bdi>%s</bdi></h1>\n", d.Title)
	}
	p.facts(d.Facts)
	p.w.WriteString("</header>\n")
	for _, s := range d.Steps {
		p.printf("<section class=\"steps\">\n<h2>%s</h2>\n<ol>\n", s.Heading)
		for _, step := range s.Steps {
			p.printf("<li>%s</li>\n", step)
		}
		p.w.WriteString("</ol>\n</section>\n")
	}
}

func (p *htmlPage) facts(facts []Fact) {
	if len(facts) == 0 {
		return
	}
	p.w.WriteString("<dl>\n")
	for _, f := range facts {
		p.printf("<dt><bdi>%s</bdi></dt><dd><bdi>%s</bdi></dd>\n", f.Name, f.Value)
	}
	p.w.WriteString("</dl>\n")
}

// end says on a screen what is printed at the foot of each page.
func (p *htmlPage) end(foot string) {
	if foot != "" {
		p.printf("<footer><bdi>%s</bdi></footer>\n", foot)
	}
	p.w.WriteString("</body>\n</html>\n")
}

// svg writes a QR code without its margin, which the style adds.
func (p *htmlPage) svg(s *qr.Symbol) {
	size, length := strconv.Itoa(s.Size()), millimetres(side(s))
	p.printf("<svg width=\"%smm\" height=\"%smm\" viewBox=\"0 0 %s %s\" shape-rendering=\"crispEdges\"><path d=\"",
		length, length, size, size)
	var path strings.Builder
	for _, r := range runsOf(s) {
		fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", r.x, r.y, r.length, r.length)
	}
	p.w.WriteString(path.String() + "\"/></svg>\n")
}
