package qr

// penalty rates how hard a symbol is to read, by the four features of ISO/IEC
// 18004, "Evaluation of data masking results".
func (s *Symbol) penalty() int {
	total := s.blocks() + s.imbalance()
	column := make([]bool, s.size)
	for i := range s.size {
		row := s.dark[i*s.size : (i+1)*s.size]
		for y := range column {
			column[y] = s.dark[y*s.size+i]
		}
		total += runs(row) + runs(column) + finders(row) + finders(column)
	}
	return total
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
		row, next := s.dark[y*s.size:(y+1)*s.size], s.dark[(y+1)*s.size:]
		for x := range s.size - 1 {
			if row[x+1] == row[x] && next[x] == row[x] && next[x+1] == row[x] {
				total += 3
			}
		}
	}
	return total
}

// finders counts 40 for what looks like a finder pattern, 1:1:3:1:1, with four
// light modules on one side of it.
func finders(line []bool) (total int) {
	const lightAfter, lightBefore, length = 0b1011101_0000, 0b0000_1011101, 11
	window := 0
	for i, dark := range line {
		window = window << 1 & (1<<length - 1)
		if dark {
			window |= 1
		}
		if i >= length-1 && (window == lightAfter || window == lightBefore) {
			total += 40
		}
	}
	return total
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
