package layout

import "testing"

func TestParsePaper(t *testing.T) {
	for name, want := range map[string]Paper{"a4": A4, "letter": Letter} {
		if p, err := ParsePaper(name); err != nil || p != want || p.String() != name {
			t.Errorf("%s: %v, %v", name, p, err)
		}
	}
	for _, name := range []string{"", "A4", "a5", "letter "} {
		if p, err := ParsePaper(name); err == nil {
			t.Errorf("%q is %v", name, p)
		}
	}
}
