package qr

import (
	"math/bits"

	"rsc.io/qr/coding"
)

// A row has a bit for each module of a row, the lowest of the first word for the
// leftmost. A dark one is 1, and there is nothing beyond the symbol.
type row [3]uint64

// rowsOf returns the rows of a symbol.
func rowsOf(code *coding.Code) []row {
	rows := make([]row, code.Size)
	for y := range rows {
		for x := 0; x < code.Size; x += 8 { // a byte has the leftmost module in its highest bit
			rows[y][x/64] |= uint64(bits.Reverse8(code.Bitmap[y*code.Stride+x/8])) << (x % 64)
		}
	}
	return rows
}

// columnsOf returns the columns of a symbol, as if they were rows.
func columnsOf(rows []row) []row {
	columns := make([]row, len(rows))
	for y, r := range rows {
		for x := range columns {
			columns[x][y/64] |= r[x/64] >> (x % 64) & 1 << (y % 64)
		}
	}
	return columns
}

// combine sets the modules of rows that are dark in one of two symbols alone.
func combine(rows, a, b []row) {
	for y := range rows {
		rows[y] = row{a[y][0] ^ b[y][0], a[y][1] ^ b[y][1], a[y][2] ^ b[y][2]}
	}
}

// penalty rates how hard a symbol is to read, by the four features of ISO/IEC
// 18004, "Evaluation of data masking results": those of lines; 3 for each two by two
// modules of a colour; and 10 for each full 5 % by which the dark modules are more or
// less than half. What is not below the limit it may leave uncounted.
func penalty(rows, columns []row, limit int) int {
	size, dark, total := len(rows), 0, 0
	for y, r := range rows {
		for i, word := range r {
			dark += bits.OnesCount64(word)
			if y+1 == size {
				continue
			}
			// Whether each module is as its neighbours to the right, below, and below that.
			var right, below uint64
			if i+1 < len(r) {
				right, below = r[i+1]<<63, rows[y+1][i+1]<<63
			}
			differs := ((word>>1 | right) ^ word) | (rows[y+1][i] ^ word) | ((rows[y+1][i]>>1 | below) ^ word)
			total += 3 * bits.OnesCount64(first(size-1-64*i)&^differs)
		}
	}
	percent := dark * 100 / (size * size)
	total += max(50-percent, percent-50) / 5 * 10
	for _, lines := range [][]row{rows, columns} {
		if total < limit {
			total += linePenalty(lines)
		}
	}
	return total
}

// linePenalty counts, in lines that run through all rows, 3 for each run of five modules
// of a colour, and 1 for each more; and 40 for what looks like a finder pattern,
// 1:1:3:1:1, with four light modules on one side of it. It takes 64 lines at a time.
func linePenalty(rows []row) (total int) {
	size := len(rows)
	const beyond = 4 // what is asked for after the last row
	var d [40*4 + 17 + beyond]uint64
	var same [len(d)]uint64 // a module is as the next one in its line
	for i := range (size + 63) / 64 {
		inside := first(size - 64*i)
		for y := range size {
			d[y] = rows[y][i]
		}
		for y := range size - 1 {
			same[y] = inside &^ (d[y] ^ d[y+1])
		}
		for y := range size - 4 {
			three := same[y+1] & same[y+2] & same[y+3]
			five, next := three&same[y], three&same[y+4]
			total += bits.OnesCount64(five) + 2*bits.OnesCount64(five&^next)
		}
		for y := range size - 10 {
			w := d[y : y+11]
			before := w[4] & w[6] & w[7] & w[8] & w[10] &^ (w[0] | w[1] | w[2] | w[3] | w[5] | w[9])
			after := w[0] & w[2] & w[3] & w[4] & w[6] &^ (w[1] | w[5] | w[7] | w[8] | w[9] | w[10])
			total += 40 * (bits.OnesCount64(before) + bits.OnesCount64(after))
		}
	}
	return total
}

// first returns a word with its first n bits set: none if there are less than one.
func first(n int) uint64 {
	if n <= 0 {
		return 0
	}
	return ^uint64(0) >> max(64-n, 0)
}
