package otpauth

// penalty rates how hard a symbol is to read, by the four features of ISO/IEC
// 18004, "Evaluation of data masking results".
func (s *Symbol) penalty() int {
	total := s.blocks() + s.imbalance()
	for i := range s.size {
		row, column := s.line(0, i, 1, 0), s.line(i, 0, 0, 1)
		total += runs(row) + runs(column) + finders(row) + finders(column)
	}
	return total
}

// line returns a row or a column of modules.
func (s *Symbol) line(x, y, dx, dy int) []bool {
	line := make([]bool, s.size)
	for i := range line {
		line[i] = s.Dark(x+i*dx, y+i*dy)
	}
	return line
}

// runs counts 3 for each run of five modules of a colour, and 1 for each more.
func runs(line []bool) (total int) {
	for i, length := 0, 0; i < len(line); i++ {
		if i > 0 && line[i] == line[i-1] {
			length++
		} else {
			length = 1
		}
		if length == 5 {
			total += 3
		} else if length > 5 {
			total++
		}
	}
	return total
}

// blocks counts 3 for each two by two modules of a colour.
func (s *Symbol) blocks() (total int) {
	for y := range s.size - 1 {
		for x := range s.size - 1 {
			dark := s.Dark(x, y)
			if s.Dark(x+1, y) == dark && s.Dark(x, y+1) == dark && s.Dark(x+1, y+1) == dark {
				total += 3
			}
		}
	}
	return total
}

// finders counts 40 for what looks like a finder pattern, 1:1:3:1:1, with four
// light modules on one side of it.
func finders(line []bool) (total int) {
	for i := range line {
		if matches(line[i:], "#.###.#....") || matches(line[i:], "....#.###.#") {
			total += 40
		}
	}
	return total
}

func matches(line []bool, pattern string) bool {
	if len(line) < len(pattern) {
		return false
	}
	for i := range len(pattern) {
		if line[i] != (pattern[i] == '#') {
			return false
		}
	}
	return true
}

// imbalance counts 10 for each full 5 % by which the dark modules are more or
// less than half.
func (s *Symbol) imbalance() int {
	dark := 0
	for _, d := range s.dark {
		if d {
			dark++
		}
	}
	percent := dark * 100 / len(s.dark)
	return max(50-percent, percent-50) / 5 * 10
}
