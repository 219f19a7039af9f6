package line

import "testing"

// A line that checks is one that could have been printed: its check says so, and no
// other check is taken with it.
func FuzzCheck(f *testing.F) {
	for _, l := range typedLines(7) {
		f.Add(7, typedText(l))
	}
	f.Fuzz(func(t *testing.T, number int, text string) {
		text = text[:min(len(text), maxChecked)]
		if number < 1 || number > maxLine {
			return
		}
		check := checkOf(number, text)
		if !checks(number, text, check) {
			t.Errorf("%d %q does not check with %s", number, text, check)
		}
		for i := range check {
			for _, c := range []byte(alphabet) {
				if wrong := replaced(check, i, c); wrong != check && checks(number, text, wrong) {
					t.Errorf("%d %q checks with %s as with %s", number, text, wrong, check)
				}
			}
		}
		for i := range text {
			if checks(number, replaced(text, i, text[i]+1), check) {
				t.Errorf("%d %q checks with another byte %d", number, text, i)
			}
			diagnose(number, replaced(text, i, text[i]+1), check, isPrintable)
		}
	})
}
