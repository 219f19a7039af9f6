package layout

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func htmlOf(t *testing.T, d Document, paper Paper) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := d.WriteHTML(&b, paper); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// An element is one of an HTML file's, with the text in it and in those in it.
type element struct {
	name string
	attr map[string]string
	text string
}

// elements reads HTML that is well-formed XML, and returns its elements in the
// order in which they end.
func elements(t *testing.T, page []byte) (all []element) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(page))
	var open []element
	for {
		token, err := d.Token()
		if err == io.EOF && len(open) == 0 {
			return all
		}
		if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			e := element{name: token.Name.Local, attr: map[string]string{}}
			for _, a := range token.Attr {
				e.attr[a.Name.Local] = a.Value
			}
			open = append(open, e)
		case xml.CharData:
			for i := range open {
				open[i].text += string(token)
			}
		case xml.EndElement:
			all = append(all, open[len(open)-1])
			open = open[:len(open)-1]
		}
	}
}

// named returns the elements of a name, and of a class if one is given.
func named(all []element, name, class string) (found []element) {
	for _, e := range all {
		if e.name == name && (class == "" || slices.Contains(strings.Fields(e.attr["class"]), class)) {
			found = append(found, e)
		}
	}
	return found
}

// Nothing in the file runs, or is anywhere else.
func TestHTMLIsSelfContained(t *testing.T) {
	d := sample(7)
	d.Foot = `"; } @import url(https://example.com/x.css); </style><script>`
	d.Body[0].Heading = `<script src="https://example.com"></script><img src=x onerror=alert(1)>&amp;`
	all := elements(t, htmlOf(t, d, A4))
	allowed := map[string]string{
		"html": "lang", "meta": "charset http-equiv content name", "article": "class style", "section": "class", "div": "class",
		"span": "class", "figure": "style", "svg": "width height viewBox shape-rendering", "path": "d class", "th": "class", "td": "class",
	}
	for _, name := range strings.Fields("head title style body header h1 h2 bdi dl dt dd ol li p footer table thead tbody tr s figcaption") {
		allowed[name] = ""
	}
	for _, e := range all {
		attributes, ok := allowed[e.name]
		if !ok {
			t.Errorf("there is a <%s>", e.name)
		}
		for name, value := range e.attr {
			if !slices.Contains(strings.Fields(attributes), name) {
				t.Errorf("<%s> has %s=%q", e.name, name, value)
			}
			if regexp.MustCompile(`(?i)https?:|//|url\(|javascript:|data:`).MatchString(value) {
				t.Errorf("<%s> refers to %q", e.name, value)
			}
		}
	}
	style := named(all, "style", "")[0].text
	if regexp.MustCompile(`(?i)https?:|//|url\(|@import|@font-face|expression|<`).MatchString(style) {
		t.Errorf("the style refers to something:\n%s", style)
	}
	if heading := named(all, "h2", "")[2].text; heading != d.Body[0].Heading {
		t.Errorf("the heading is %q", heading)
	}
}

func TestHTMLHead(t *testing.T) {
	for paper, size := range map[Paper]string{A4: "size: a4;", Letter: "size: letter;"} {
		all := elements(t, htmlOf(t, sample(1), paper))
		if lang := named(all, "html", "")[0].attr["lang"]; lang != "en" {
			t.Errorf("the language is %q", lang)
		}
		if title := named(all, "title", "")[0].text; title != "Document" {
			t.Errorf("the title is %q", title)
		}
		var policy string
		for _, meta := range named(all, "meta", "") {
			if meta.attr["http-equiv"] == "Content-Security-Policy" {
				policy = meta.attr["content"]
			}
		}
		if policy != "default-src 'none'; style-src 'unsafe-inline'" {
			t.Errorf("the policy is %q", policy)
		}
		if style := named(all, "style", "")[0].text; !strings.Contains(style, size) {
			t.Errorf("the style has no %s", size)
		}
	}
	if err := sample(1).WriteHTML(io.Discard, Paper(2)); err == nil {
		t.Error("there is no third paper")
	}
}

func TestHTMLHasAllBlocksInOrder(t *testing.T) {
	d := sample(20)
	all := elements(t, htmlOf(t, d, A4))
	blocks := named(all, "article", "block")
	if len(blocks) != len(d.Body) {
		t.Fatalf("%d blocks, want %d", len(blocks), len(d.Body))
	}
	for i, b := range d.Body {
		text := squeezed(blocks[i].text)
		want := []string{b.Heading}
		for _, y := range b.Symbols {
			want = append(want, y.Caption)
		}
		for _, f := range b.Facts {
			want = append(want, f.Name+f.Value)
		}
		for _, l := range b.Lines {
			want = append(want, fmt.Sprint(l.Number, strings.Join(l.Groups, " ")+l.Check+l.Used))
		}
		for _, part := range append(want, b.Notes...) {
			_, rest, found := strings.Cut(text, part)
			if !found {
				t.Errorf("block %d lacks %q, or has it elsewhere: %s", i, part, text)
				break
			}
			text = rest
		}
	}
	if used, want := len(named(all, "s", "")), 2*7; used != want {
		t.Errorf("%d lines are struck through, want %d", used, want)
	}
}

// The same text is set apart from the next one, and shows what would hide.
func TestHTMLNames(t *testing.T) {
	for _, test := range []struct{ name, want string }{
		{"日本銀行", "日本銀行"},
		{"حساب", "حساب"},
		{"हिन्दी", "हिन्दी"},
		{"😀", "😀"},
		{"Zoe\u0308", "Zoe\u0308"},
		{"evil\u202egro.elpmaxe", "evil[U+202E]gro.elpmaxe"},
		{"a\u200bb", "a[U+200B]b"},
		{"a\u2066b\u2069", "a[U+2066]b[U+2069]"},
		{"a\u00adb", "a[U+00AD]b"},
		{"tab\tnewline\n", "tab[U+0009]newline[U+000A]"},
		{"\x00\x1b[31m", "[U+0000][U+001B][31m"},
		{"bad\xff", "bad[0xFF]"},
		{"\ufffe\ufdd0", "[U+FFFE][U+FDD0]"},
		{"\u3164\u115f\u2800", "[U+3164][U+115F][U+2800]"},
		{"a\u00a0b", "a[U+00A0]b"},
		{"❤\ufe0f", "❤[U+FE0F]"},
	} {
		d := Document{Body: []Block{{Heading: test.name, Symbols: []Symbol{{"", test.name}}}}}
		all := elements(t, htmlOf(t, d, A4))
		if got := named(all, "bdi", "")[0].text; got != test.want {
			t.Errorf("%+q is written as %+q, want %+q", test.name, got, test.want)
		}
		notes := named(all, "p", "")
		if respelled := test.want != test.name; respelled != (len(notes) == 1) {
			t.Errorf("%+q has %d notes", test.name, len(notes))
		}
	}
}

// A block that would be longer than a page is several, which lack nothing.
func TestHTMLContinuesLongBlocks(t *testing.T) {
	long := longBlock()
	long.Notes = []string{"The last note."}
	all := elements(t, htmlOf(t, Document{Body: []Block{long}}, Letter))
	blocks := named(all, "article", "block")
	if len(blocks) < 3 {
		t.Fatalf("%d blocks", len(blocks))
	}
	text := ""
	for i, b := range blocks {
		if continued := strings.Contains(b.text, long.Heading+" (continued)"); continued != (i > 0) {
			t.Errorf("block %d: continued is %v", i, continued)
		}
		text += b.text
	}
	for _, l := range long.Lines {
		if !strings.Contains(text, fmt.Sprint(l.Number, strings.Join(l.Groups, " ")+l.Check)) {
			t.Errorf("line %d is missing", l.Number)
		}
	}
	if !strings.Contains(text, long.Notes[0]) {
		t.Error("the note is missing")
	}
}

func TestHTMLIsDeterministic(t *testing.T) {
	if !bytes.Equal(htmlOf(t, sample(9), A4), htmlOf(t, sample(9), A4)) {
		t.Error("the same document made different bytes")
	}
}
