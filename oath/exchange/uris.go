package exchange

import (
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// A list of URIs has one a line, as many authenticators write them: otpauth, steam, and
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
	var batches []string
	passed := 0
	for number, line := range linesOf(r.text) {
		switch k, err := otpauth.Parse(line); {
		case !otpauth.IsURI(line):
			passed++
		case strings.HasPrefix(strings.ToLower(line), "otpauth-migration:"):
			batches = append(batches, line)
		case err != nil:
			r.refuse(fmt.Sprintf("line %d", number), err)
		default:
			r.Entries = append(r.Entries, Entry{Key: k})
		}
	}
	if passed > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("Lines that are no URI, which were passed over: %d.", passed))
	}
	keys, err := otpauth.ParseAll(batches...)
	for _, k := range keys {
		r.Entries = append(r.Entries, Entry{Key: k})
	}
	r.refuseAll(err)
	return nil
}

// refuseAll refuses what Google Authenticator's export lacks: accounts in its codes that
// are none here, and codes. An error of several lines is several errors.
func (r *reader) refuseAll(err error) {
	joined, isJoined := err.(interface{ Unwrap() []error })
	incomplete := new(otpauth.IncompleteError)
	switch {
	case err == nil:
	case isJoined && (strings.Contains(err.Error(), "\n") || len(joined.Unwrap()) == 1):
		for _, err := range joined.Unwrap() {
			r.refuseAll(err)
		}
	case strings.Contains(err.Error(), "\n"):
		r.refuseAll(errors.Unwrap(err))
	case errors.As(err, &incomplete):
		r.refuse("Google Authenticator's export", invalid(err))
	default:
		r.refuse("Google Authenticator's export", err)
	}
}

func writeURIs(entries []Entry, _ *writing) ([]byte, error) {
	var b strings.Builder
	for _, e := range entries {
		b.WriteString(e.Key.URI() + "\n")
	}
	return []byte(b.String()), nil
}
