package layout

// A column is where text goes on the page.
type column struct{ x, width float64 }

// from returns the part of the column that begins so far in.
func (c column) from(indent float64) column {
	return column{c.x + indent, c.width - indent}
}

// paragraph makes a row of each line of a text.
func (pen *canvas) paragraph(c column, s style, text string) []row {
	return each(pen.wrap(s, text, c.width), func(line string) row {
		return row{height: s.height(), draw: func(pen *canvas, y float64) {
			pen.text(s, c.x, y+s.baseline(), line)
		}}
	})
}

// labelled makes rows of a text with a label at its left, which has so much room.
// Where the label is long, its lines go on as well.
func (pen *canvas) labelled(c column, room float64, label, text string) []row {
	left := pen.paragraph(column{c.x, room - 2}, bodyStyle, label)
	right := pen.paragraph(c.from(room), strongStyle, text)
	return abreast(left, right)
}

// abreast makes rows of two columns, line by line.
func abreast(left, right []row) (rows []row) {
	for i := range max(len(left), len(right)) {
		switch {
		case i >= len(left):
			rows = append(rows, right[i])
		case i >= len(right):
			rows = append(rows, left[i])
		default:
			rows = append(rows, beside(left[i:i+1], right[i:i+1]))
		}
	}
	return rows
}

// facts makes rows of facts, their values below each other.
func (p *pages) facts(pen *canvas, c column, facts []Fact) (rows []row) {
	const least, between = 24, 4
	room := float64(least)
	for _, f := range facts {
		room = max(room, pen.width(bodyStyle, f.Name)+between)
	}
	room = min(room, c.width*0.4)
	for _, f := range facts {
		rows = append(rows, p.keep(pen.labelled(c, room, f.Name, f.Value))...)
	}
	return rows
}

const noteGap = 0.8 // between notes

// notes makes rows of whole sentences.
func (p *pages) notes(pen *canvas, c column, notes []string) (rows []row) {
	for _, n := range notes {
		rows = append(rows, spaced(noteGap, p.keep(pen.paragraph(c, bodyStyle, n)))...)
	}
	return rows
}

// shortened returns as much of a text as a line of a width holds.
func (pen *canvas) shortened(s style, text string, width float64) string {
	const more = "…"
	if first := pen.wrap(s, text, width)[0]; first != text {
		return pen.wrap(s, text, width-pen.width(s, more))[0] + more
	}
	return text
}

// spaced gives the first of the rows a gap above it.
func spaced(gap float64, rows []row) []row {
	if len(rows) > 0 {
		rows[0].gap = gap
	}
	return rows
}
