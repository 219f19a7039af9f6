package recognize

import "strings"

// A table is one with a head that names a column of codes: CSV, or Markdown's.
type table struct {
	separator          string
	columns            int
	code, number, used int // columns from 0; -1 if there is none
}

// isHead reports whether a line is the head of a table, and remembers it.
func (t *table) isHead(line string) bool {
	for _, separator := range []string{",", ";", "\t", "|"} {
		cells := cellsOf(line, separator)
		head := table{separator: separator, columns: len(cells), code: -1, number: -1, used: -1}
		for i, cell := range cells {
			head.column(i, strings.ToLower(cell))
		}
		if len(cells) > 1 && head.code >= 0 && !tooLong(cells) {
			*t = head
			return true
		}
	}
	return false
}

func (t *table) column(i int, name string) {
	switch {
	case name == "#" || name == "no" || name == "no." || name == "nr" || name == "number" || name == "id" || name == "index":
		t.number = i
	case strings.Contains(name, "used") || strings.Contains(name, "redeemed") || strings.Contains(name, "consumed") || name == "status":
		t.used = i
	case t.code < 0 && isAboutCodes(name) && !strings.ContainsAny(name, "0123456789"):
		t.code = i
	}
}

// tooLong reports whether one of the cells is too long for the name of a column.
func tooLong(cells []string) bool {
	for _, cell := range cells {
		if len(strings.Fields(cell)) > 2 {
			return true
		}
	}
	return false
}

// row reads a line as a row, and reports whether it is one. The first that is none
// ends the table.
func (t *table) row(line *textLine) bool {
	if t.columns == 0 {
		return false
	}
	cells := cellsOf(line.text, t.separator)
	if len(cells) != t.columns {
		t.columns = 0
		return false
	}
	it := &item{words: strings.Fields(cells[t.code])}
	for _, word := range it.words {
		line.prose = line.prose || !isCandidate(word)
	}
	if t.number >= 0 {
		it.number = numberOf(cells[t.number])
	}
	it.used = t.used >= 0 && saysUsed(strings.ToLower(cells[t.used]))
	line.items = []*item{it}
	return true
}

// saysUsed reports whether a cell says that a code was used: by a word, a number or
// a date.
func saysUsed(cell string) bool {
	switch cell {
	case "", "false", "no", "0", "n", "f", "-", "null", "none", "nil", "never", "unused", "not used", "available", "active", "valid", "new", "open", "☐":
		return false
	}
	return true
}

// cellsOf parts a line, and takes the quotation marks off.
func cellsOf(line, separator string) []string {
	if separator == "|" {
		line = strings.TrimSuffix(strings.TrimPrefix(line, "|"), "|")
	}
	if !strings.Contains(line, separator) {
		return nil
	}
	cells := strings.Split(line, separator)
	for i, cell := range cells {
		cells[i] = strings.Trim(strings.TrimSpace(cell), "\"'`")
	}
	return cells
}
