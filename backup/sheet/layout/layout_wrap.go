package layout

// wrap breaks a text into lines that are at most so wide: at spaces, or where
// there is none in a line, anywhere. Each line has at least one character; a
// text without any is one empty line. The widths are in the same unit.
func wrap(text string, width float64, of func(rune) float64) []string {
	var lines []string
	start, space := 0, -1 // of the line, and its last space, in bytes
	wide, wideAfter := 0.0, 0.0
	for i, r := range text {
		w := of(r)
		for wide+w > width && i > start && r != ' ' {
			if space <= start {
				lines = append(lines, text[start:i])
				start, wide = i, 0
				continue
			}
			lines = append(lines, text[start:space])
			start, wide = space+1, wide-wideAfter
		}
		wide += w
		if r == ' ' {
			space, wideAfter = i, wide
		}
	}
	return append(lines, text[start:])
}
