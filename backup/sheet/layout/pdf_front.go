package layout

import "strconv"

// front lays out what stands before the blocks.
func (p *pages) front(pen *canvas, d Document) {
	page := column{p.left, p.width()}
	p.add(pen.title(page, d.Title), nil)
	p.add(spaced(sectionGap, p.facts(pen, page, d.Facts)), nil)
	for _, s := range d.Steps {
		p.add(p.keep(p.steps(pen, page, s)), nil)
	}
}

func (pen *canvas) title(c column, title string) []row {
	if title == "" {
		return nil
	}
	rows := pen.paragraph(c, titleStyle, title)
	return append(rows, row{gap: 2, height: thickRule, draw: func(pen *canvas, y float64) {
		pen.line(c.x, y, c.x+c.width, y, thickRule)
	}})
}

// steps makes rows of instructions. Their heading stays with the first.
func (p *pages) steps(pen *canvas, c column, s Steps) []row {
	const indent, between = 7, 0.7
	rows := pen.paragraph(c, sectionStyle, s.Heading)
	for i, step := range s.Steps {
		lines := pen.paragraph(c.from(indent), bodyStyle, step)
		number := pen.paragraph(c, strongStyle, strconv.Itoa(i+1)+".")
		lines[0] = beside(number[:1], lines[:1])
		lines = spaced(between, p.keep(lines))
		if i == 0 {
			rows = p.keep(append(rows, lines...))
			continue
		}
		rows = append(rows, lines...)
	}
	return spaced(sectionGap, rows)
}
