package layout

import (
	"fmt"
	"strings"
)

// styleFor returns the style for a paper, with a foot on each page.
func styleFor(paper Paper, foot string) string {
	return fmt.Sprintf(pageStyle, paper, cssString(foot)) + htmlStyle
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

const pageStyle = `@page {
	size: %s;
	margin: 13mm 15mm 20mm;
	@bottom-left { content: "%s"; font: 8.5pt sans-serif; vertical-align: top; padding-top: 3mm }
	@bottom-right { content: "page " counter(page) " of " counter(pages); font: 8.5pt sans-serif; vertical-align: top; padding-top: 3mm }
}
`

// htmlStyle is black on white whatever the browser prefers. Lengths are those of
// the PDF.
const htmlStyle = `:root { color-scheme: only light }
* { box-sizing: border-box }
html { background: #fff; color: #000 }
body {
	max-width: 190mm; margin: 0 auto; padding: 5mm;
	font: 10pt/1.35 "Liberation Sans", Arial, "Helvetica Neue", Helvetica, sans-serif;
	overflow-wrap: anywhere;
}
h1 { font-size: 22pt; line-height: 1.25; margin: 0 0 3mm; padding-bottom: 2mm; border-bottom: 0.7mm solid }
h2 { font-size: 12.5pt; line-height: 1.25; margin: 0; break-after: avoid }
dl { display: grid; grid-template-columns: fit-content(40%) minmax(0, 1fr); gap: 0.5mm 5mm; margin: 2.5mm 0 }
dt { min-width: 19mm }
dd { margin: 0; font-weight: bold }
ol { margin: 0; padding-left: 7mm }
li { margin: 0.7mm 0 }
li::marker { font-weight: bold }
p { margin: 0.8mm 0 }
p:first-of-type { margin-top: 2.5mm }
.steps { margin-top: 3mm; break-inside: avoid }
p, li, bdi { white-space: pre-wrap }
.block { margin-top: 5mm; padding-top: 1.5mm; border-top: 0.25mm solid; break-inside: avoid }
.number { display: inline-block; min-width: 7mm; margin-right: 1mm }
.beside { display: grid }
.beside h2 { grid-column: 1 / 3 }
.beside .symbols { display: block }
.symbols { display: flex; flex-wrap: wrap; column-gap: 6.4mm }
figure { margin: 0; padding: 3.2mm 0; break-inside: avoid }
figcaption { padding-top: 3.2mm; font-size: 8.5pt }
svg { display: block; forced-color-adjust: none }
svg path { fill: #000 }
svg .stroke { fill: none; stroke: #000 }
table { border-spacing: 0; margin: 2.5mm 0 }
tr { break-inside: avoid }
th { padding: 0; font-size: 7pt; font-weight: normal; text-align: left; white-space: nowrap }
td { padding: 0; line-height: 4.9mm; vertical-align: top }
.box { padding-right: 2mm }
.box, .box ~ td { padding-top: 0.95mm; padding-bottom: 0.95mm }
.box svg { margin-top: 0.3mm }
.count { padding-right: 3mm; text-align: right }
td.count, td.groups, td.check {
	font-family: "DejaVu Sans Mono", Menlo, Consolas, "Liberation Mono", monospace;
	font-variant-ligatures: none;
}
td.count { font-size: 8pt }
td.groups, td.check { font-size: 10pt }
.groups { word-spacing: 0.6mm }
.check { padding-left: 5mm; white-space: nowrap }
td.check { font-weight: bold; vertical-align: bottom }
.date { padding-left: 5mm; white-space: nowrap }
.rule { display: block; min-width: 20mm; min-height: 4.9mm; border-bottom: 0.25mm solid }
s { text-decoration: line-through 0.25mm }
footer { margin-top: 8mm; font-size: 8.5pt; text-align: center }
@media screen and (max-width: 170mm) {
	.beside { display: block }
}
@media print {
	body { max-width: none; padding: 0 }
	footer { display: none }
}
`
