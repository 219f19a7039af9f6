package term

import "testing"

func TestNumbers(t *testing.T) {
	for want, list := range map[string][]int{
		"number 3": {3}, "numbers 1 and 2": {1, 2}, "numbers 1 to 4": {1, 2, 3, 4}, "numbers 1, 3 and 4": {1, 3, 4},
	} {
		if got := Numbers(list); got != want {
			t.Errorf("Numbers(%v) = %q, want %q", list, got, want)
		}
	}
}

func TestEndOfPaste(t *testing.T) {
	for text, ends := range map[string]bool{
		"": false, "1111": false, "1111\n": false, "1111\n\n": true, "1111\n \t\r\n": true, "\n": true,
		"1111\n\n2222": false, "1111\n\n2222\n": false, "1111\n\n2222\n\n": true,
	} {
		if got := !endOfPaste([]byte(text)).IsZero(); got != ends {
			t.Errorf("after %q, a pause ends it: %t, want %t", text, got, ends)
		}
	}
}
