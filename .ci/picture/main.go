// Picture draws a document's session at the terminal as an SVG that plays in a browser:
//
//	picture docs/tour.md >docs/tour.svg
//
// What is typed and printed is that of the blocks called console, which TestDocs holds to
// be what was really printed; the paragraph above a block is shown as a comment. It is
// drawn from that alone, so that the same document gives the same picture.
package main

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"strings"
)

// The terminal: its size in characters, and that of a character in pixels.
const (
	columns, rows = 80, 24
	wide, high    = 8.4, 19.0
	margin        = 16.0
)

// How long things take, in seconds.
const (
	keystroke = 0.04
	thinking  = 0.8 // before a command is typed
	printing  = 0.05
	reading   = 0.35 // of a line
	ending    = 4.0
)

// A line is one of the terminal, and when it is there. One that is typed takes a while.
type line struct {
	text, class string
	at, until   float64
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: picture FILE.md")
		os.Exit(2)
	}
	document, err := os.ReadFile(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
	lines, end := session(string(document))
	w := bufio.NewWriter(os.Stdout)
	drawTerminal(w, lines, end)
	if err := w.Flush(); err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

// session returns what a document's terminal shows, and when it has been read.
func session(document string) (lines []line, now float64) {
	var paragraph []string
	show := func(text, class string, takes float64) {
		lines = append(lines, line{text, class, now, now + takes})
		now += takes
	}
	inside, hidden, over, unread := "", false, false, 0
	for text := range strings.SplitSeq(document, "\n") {
		switch {
		case text == "<!--" || text == "-->":
			hidden = text == "<!--"
		case hidden:
		case strings.HasPrefix(text, "```"):
			if inside = strings.TrimPrefix(text, "```"); inside == "console" {
				for _, comment := range wrap(strings.Join(paragraph, " ")) {
					show(comment, "comment", printing)
				}
				unread = 2 * len(paragraph)
			} else if unread > 0 {
				now += reading * float64(unread)
				show("", "output", 0)
			}
			paragraph = nil
		case inside == "console" && strings.HasPrefix(text, "$ "):
			now += reading*float64(unread) + thinking
			show(text, "typed", keystroke*float64(len(text)))
			now += thinking / 2
			unread = 0
		case inside == "console":
			show(text, "output", printing)
			unread++
		case text == "":
			over = true
		case over:
			paragraph, over = []string{text}, false
		default:
			paragraph = append(paragraph, text)
		}
	}
	return lines, now + ending
}

// wrap breaks a paragraph into lines that are comments of the shell.
func wrap(paragraph string) (lines []string) {
	current := "#"
	for word := range strings.FieldsSeq(paragraph) {
		if len(current)+1+len(word) > columns {
			lines = append(lines, current)
			current = "#"
		}
		current += " " + word
	}
	return append(lines, current)
}

// drawTerminal draws lines that appear in time, over and over, and scroll.
func drawTerminal(w io.Writer, lines []line, end float64) {
	width, height := columns*wide+2*margin, rows*high+2*margin+high
	percent := func(at float64) float64 { return 100 * at / end }
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" role="img">
<title>tokenctl at a terminal</title>
<style>
text { font: 14px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #d8dee9; white-space: pre }
.comment { fill: #8a97a8 } .typed { fill: #a3e08f; font-weight: bold }
g.screen, text.timed { animation-duration: %.2fs; animation-iteration-count: infinite; animation-timing-function: step-end }
@media (prefers-reduced-motion) { g.screen, text.timed { animation: none !important } }
`, width, height, width, height, end)
	scroll := "@keyframes scroll { 0% { transform: none }"
	for i, l := range lines {
		begin := percent(l.at)
		fmt.Fprintf(w, "@keyframes l%d { 0%% { visibility: hidden }", i)
		if l.class == "typed" {
			fmt.Fprintf(w, " %.3f%% { visibility: visible; clip-path: inset(0 100%% 0 0); animation-timing-function: steps(%d) } %.3f%% { clip-path: inset(0 0 0 0) }", begin, len(l.text), percent(l.until))
		} else {
			fmt.Fprintf(w, " %.3f%% { visibility: visible }", begin)
		}
		fmt.Fprint(w, " 100% { visibility: visible } }\n")
		if i >= rows {
			scroll += fmt.Sprintf(" %.3f%% { transform: translateY(%.0fpx) }", begin, -high*float64(i+1-rows))
		}
	}
	bottom := max(0, len(lines)-rows)
	fmt.Fprintf(w, "%s 100%% { transform: translateY(%.0fpx) } }\n</style>\n", scroll, -high*float64(bottom))
	fmt.Fprintf(w, `<rect width="%.0f" height="%.0f" rx="8" fill="#1b2028"/>`+"\n", width, height)
	for i, colour := range []string{"#ff5f57", "#febc2e", "#28c840"} {
		fmt.Fprintf(w, `<circle cx="%.0f" cy="%.0f" r="5" fill="%s"/>`, margin+5+float64(i)*18, margin, colour)
	}
	top := margin + high
	fmt.Fprintf(w, "\n"+`<svg x="%.0f" y="%.0f" width="%.0f" height="%.0f" overflow="hidden"><g class="screen" style="animation-name: scroll">`+"\n", margin, top, columns*wide, rows*high)
	for i, l := range lines {
		if l.text == "" {
			continue
		}
		fmt.Fprintf(w, `<text class="timed %s" style="animation-name: l%d" x="0" y="%.0f" textLength="%.1f" xml:space="preserve">`,
			l.class, i, high*float64(i)+high-5, wide*float64(len([]rune(l.text))))
		xml.EscapeText(w, []byte(l.text))
		fmt.Fprint(w, "</text>\n")
	}
	fmt.Fprint(w, "</g></svg>\n</svg>\n")
}
