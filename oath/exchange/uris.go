package exchange

import (
	"fmt"
	"iter"
	"strings"

	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// A list of URIs has one per line, as many authenticators write them: otpauth, steam, and
// those of the QR codes of Google Authenticator's export.
var uris = format{
	name: "URIs", word: "uri",
	is: func(f *file) bool {
		lines, uris, first := 0, 0, false
		for _, line := range linesOf(f.text) {
			if otpauth.IsURI(line) && strings.Contains(line, "://") { // and not gopass's "otpauth: //totp/..."
				uris, first = uris+1, first || lines == 0
			}
			lines++
		}
		return first || 2*uris > lines
	},
	read:  readURIs,
	write: writeURIs,
}

// linesOf returns the lines of a text that are neither empty nor a comment, with their
// numbers, from 1.
func linesOf(text string) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		number := 0
		for line := range strings.SplitSeq(text, "\n") {
			number++
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' && !yield(number, line) {
				return
			}
		}
	}
}

func readURIs(r *reader) error {
	var google otpauth.Reader
	passed := 0
	for number, line := range linesOf(r.text) {
		switch k, err := otpauth.Parse(line); {
		case !otpauth.IsURI(line):
			passed++
		case strings.HasPrefix(strings.ToLower(line), "otpauth-migration:"):
			keys, err := google.Read(line)
			for _, k := range keys {
				r.Entries = append(r.Entries, Entry{Key: k})
			}
			r.refuseEach(fmt.Sprintf("line %d", number), err)
		case err != nil:
			r.refuse(fmt.Sprintf("line %d", number), err)
		default:
			r.Entries = append(r.Entries, Entry{Key: k})
		}
	}
	r.Exports = google.Exports
	if passed > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("Lines that are not URIs, which were skipped: %d.", passed))
	}
	return nil
}

// refuseEach refuses each of the errors that are joined in one.
func (r *reader) refuseEach(label string, err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok && (strings.Contains(err.Error(), "\n") || len(joined.Unwrap()) == 1) {
		for _, err := range joined.Unwrap() {
			r.refuseEach(label, err)
		}
	} else if err != nil {
		r.refuse(label, err)
	}
}

func writeURIs(entries []Entry, _ *writing) ([]byte, error) {
	var b strings.Builder
	for _, e := range entries {
		uri, err := e.Key.URI()
		if err != nil {
			return nil, err
		}
		b.WriteString(uri + "\n")
	}
	return []byte(b.String()), nil
}
