package term

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// A Table is rows of cells, which need not be [Printable]. A program gets all of it, a
// person what fits the terminal.
type Table struct {
	Header []string // none if it is nil
	Rows   [][]string

	// Group has a person see how many accounts, which are the first cells, have rows that
	// are the same otherwise, if there are many.
	Group bool

	// Styles are of the cells, behind the first, that hold these texts.
	Styles map[string]Style
}

const (
	// manyRows is as many as a screen of 24 lines shows.
	manyRows = 20

	// leastName is how many columns the first cells have at least, beside others.
	leastName = 24

	columnGap = "  "
)

// PrintTable writes a table: aligned for a person, separated by tabs for a program.
func (c *Console) PrintTable(t Table) {
	if width := c.Width(); width > 0 {
		for _, line := range t.Lines(width, c.Out) {
			c.printRaw(line)
		}
		return
	}
	if t.Header != nil {
		c.printRaw(strings.Join(t.Header, "\t"))
	}
	for _, row := range t.Rows {
		c.printRaw(strings.Join(printableCells(row), "\t"))
	}
}

// PrintColumns writes a table without a header.
func (c *Console) PrintColumns(rows [][]string) { c.PrintTable(Table{Rows: rows}) }

// TellTable prints a table, as for PrintTable a person sees it.
func (t *Terminal) TellTable(table Table) {
	for _, line := range table.Lines(widthOf(t.out), t.out) {
		fmt.Fprintln(t.out, line)
	}
}

// Lines returns a table as a person sees it on a terminal of that width, painted for the
// stream that it goes to. One that is too wide loses the columns that never vary, which a
// line says then; or else its cells are wrapped; or else each row is a few lines, of a
// cell each.
func (t Table) Lines(width int, to io.Writer) (lines []string) {
	if len(t.Rows) == 0 {
		return nil
	}
	rows := make([][]string, len(t.Rows))
	for i, row := range t.Rows {
		rows[i] = printableCells(row)
	}
	t.Rows = rows
	if t.Group && len(t.Rows) > manyRows {
		t.Rows = grouped(t.Rows)
	}
	alike := ""
	widths := t.natural()
	if !fits(widths, width) && t.Header != nil && len(t.Rows) > 1 {
		t, alike = t.varying()
		widths = t.natural()
	}
	if width == 0 || t.shrink(widths, width) {
		lines = t.aligned(widths, to)
	} else {
		lines = t.records(width, to)
	}
	if alike != "" {
		lines = append(lines, strings.Split(Wrap(alike, width), "\n")...)
	}
	return lines
}

// all returns the header, if there is one, and the rows.
func (t Table) all() [][]string {
	if t.Header == nil {
		return t.Rows
	}
	return append([][]string{t.Header}, t.Rows...)
}

// natural returns how wide the columns are if nothing is wrapped.
func (t Table) natural() (widths []int) {
	for _, row := range t.all() {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], Columns(cell))
		}
	}
	return widths
}

func fits(widths []int, width int) bool {
	total := len(columnGap) * (len(widths) - 1)
	for _, w := range widths {
		total += w
	}
	return total <= width
}

// grouped counts the accounts of rows that differ by their first cells alone, if these are
// too many to be named.
func grouped(rows [][]string) (groups [][]string) {
	const few = 5
	alike := func(row []string) string { return strings.Join(row[1:], "\x00") }
	count := make(map[string]int)
	for _, row := range rows {
		count[alike(row)]++
	}
	for _, row := range rows {
		n := count[alike(row)]
		if n > few {
			row = append([]string{Count(n, "account")}, row[1:]...)
			count[alike(row)] = 0 // it is counted
		}
		if n > 0 {
			groups = append(groups, row)
		}
	}
	return groups
}

// varying returns a table without the columns, after the first, that are the same in all
// rows, and a sentence with what they are.
func (t Table) varying() (narrow Table, alike string) {
	var same []string
	keep := []int{0}
	for i := 1; i < len(t.Header); i++ {
		if slices.ContainsFunc(t.Rows, func(row []string) bool { return row[i] != t.Rows[0][i] }) {
			keep = append(keep, i)
		} else {
			same = append(same, strings.ToLower(t.Header[i])+" "+t.Rows[0][i])
		}
	}
	if len(same) == 0 {
		return t, ""
	}
	narrow = Table{Styles: t.Styles}
	pick := func(row []string) (cells []string) {
		for _, i := range keep {
			cells = append(cells, row[i])
		}
		return cells
	}
	narrow.Header = pick(t.Header)
	for _, row := range t.Rows {
		narrow.Rows = append(narrow.Rows, pick(row))
	}
	return narrow, "The same for all: " + strings.Join(same, ", ") + "."
}

// shrink makes the widest columns narrower until all fit, and reports whether that can be
// without breaking a word that is not a name.
func (t Table) shrink(widths []int, width int) bool {
	least := make([]int, len(widths))
	for _, row := range t.all() {
		for i, cell := range row {
			for _, word := range strings.Fields(cell) {
				least[i] = max(least[i], Columns(word))
			}
		}
	}
	least[0] = min(least[0], leastName)
	if !fits(least, width) {
		return false
	}
	for !fits(widths, width) {
		widest := 0
		for i := range widths {
			if widths[widest] <= least[widest] || widths[i] > widths[widest] && widths[i] > least[i] {
				widest = i
			}
		}
		widths[widest]--
	}
	return true
}

// aligned returns the lines of a table whose columns are so wide at most.
func (t Table) aligned(most []int, to io.Writer) (lines []string) {
	var wrapped [][][]string
	widths := make([]int, len(most))
	for _, row := range t.all() {
		cells := make([][]string, len(row))
		for i, cell := range row {
			cells[i] = wrapCell(cell, most[i])
			for _, line := range cells[i] {
				widths[i] = max(widths[i], Columns(line))
			}
		}
		wrapped = append(wrapped, cells)
	}
	for r, row := range t.all() {
		cells, height := wrapped[r], 0
		for _, cell := range cells {
			height = max(height, len(cell))
		}
		for n := range height {
			var line strings.Builder
			blank := 0
			for i, cell := range cells {
				text := ""
				if n < len(cell) {
					text = cell[n]
				}
				if text != "" {
					line.WriteString(strings.Repeat(" ", blank) + Paint(to, t.style(row, i), text))
					blank = 0
				}
				blank += widths[i] - Columns(text) + len(columnGap)
			}
			lines = append(lines, line.String())
		}
	}
	return lines
}

// records returns the lines of a table that is too wide for the terminal.
func (t Table) records(width int, to io.Writer) (lines []string) {
	for _, row := range t.Rows {
		for i, cell := range row {
			text := strings.TrimSpace(cell)
			switch {
			case i > 0 && Dash(text) == Dash(""):
				continue
			case i > 0 && t.Header != nil:
				text = columnGap + strings.ToLower(t.Header[i]) + ": " + text
			case i > 0:
				text = columnGap + text
			}
			for line := range strings.SplitSeq(Wrap(text, width), "\n") {
				lines = append(lines, Paint(to, t.style(row, i), line))
			}
		}
	}
	return lines
}

// style returns how a cell is shown. The header is the row that is t.Header.
func (t Table) style(row []string, column int) Style {
	switch {
	case t.Header != nil && &row[0] == &t.Header[0]:
		return Bold
	case column > 0:
		return t.Styles[row[column]]
	}
	return Plain
}

// wrapCell breaks a cell into lines between words, and a name that is too long for one
// where its parts end, if that is in its second half.
func wrapCell(cell string, width int) (lines []string) {
	for line := range strings.SplitSeq(Wrap(cell, width), "\n") {
		for Columns(line) > width {
			end, used, part := 0, 0, 0
			for i, r := range line {
				if used += columnsOf(r); used > width {
					break
				}
				end = i + len(string(r))
				if strings.ContainsRune(":/@.-_ ", r) && 2*used > width {
					part = end
				}
			}
			if part > 0 {
				end = part
			}
			lines = append(lines, line[:end])
			line = line[end:]
		}
		lines = append(lines, line)
	}
	return lines
}

func printableCells(row []string) []string {
	printable := make([]string, len(row))
	for i, cell := range row {
		printable[i] = Printable(cell)
	}
	return printable
}
