package main

import "testing"

func TestSplitOption(t *testing.T) {
	for _, test := range []struct {
		text         string
		need, shares int // 0 if it is refused
	}{
		{"2-of-3", 2, 3}, {"2-of-2", 2, 2}, {"16-of-16", 16, 16},
		{"1-of-3", 0, 0}, {"3-of-2", 0, 0}, {"2-of-17", 0, 0}, {"2of3", 0, 0}, {"-2-of-3", 0, 0},
		{"2-of-", 0, 0}, {"2-of-3 ", 0, 0}, {"99999999999999999999-of-3", 0, 0},
	} {
		s := sheetSeal{split: test.text}
		if err := s.check(); (err == nil) != (test.need > 0) {
			t.Errorf("%q: %v", test.text, err)
		} else if err == nil && (s.need != test.need || s.shares != test.shares) {
			t.Errorf("%q: %d of %d", test.text, s.need, s.shares)
		}
	}
}
