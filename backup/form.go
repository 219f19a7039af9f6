package backup

import (
	"regexp"
	"strings"
)

// Fits reports whether a code has a form, as it is or as services compare codes:
// without spaces and dashes, in small or capital letters.
func Fits(form *regexp.Regexp, code string) bool {
	joined := strings.ReplaceAll(code, " ", "")
	last := ""
	for _, s := range [...]string{code, joined, strings.ReplaceAll(joined, "-", "")} {
		if s != last && fitsInAnyCase(form, s) {
			return true
		}
		last = s
	}
	return false
}

func fitsInAnyCase(form *regexp.Regexp, s string) bool {
	lower, upper := strings.ToLower(s), strings.ToUpper(s)
	return form.MatchString(s) || lower != s && form.MatchString(lower) || upper != s && form.MatchString(upper)
}
