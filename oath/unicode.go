package oath

import (
	"slices"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// NormalPassword returns a new password or passphrase in the form to set it in:
// Unicode's normal form C, which most keyboards and other clients give.
func NormalPassword(text string) string { return norm.NFC.String(text) }

// PasswordForms returns the forms in which a password or passphrase may have been
// set, which look the same: as it was given, then in Unicode's normal forms C and D,
// each once. Some input methods and systems give the latter, and each wrong one may
// cost a second's work.
func PasswordForms(text string) []string {
	var forms []string
	for _, form := range []string{text, norm.NFC.String(text), norm.NFD.String(text)} {
		if !slices.Contains(forms, form) {
			forms = append(forms, form)
		}
	}
	return forms
}

// compose makes names that look the same the same: in Unicode's normal form C.
func compose(name string) string { return norm.NFC.String(name) }

// fold is compose for names whose case does not count (Unicode, section 3.13, D145).
func fold(name string) string {
	return norm.NFC.String(cases.Fold().String(norm.NFD.String(name)))
}
