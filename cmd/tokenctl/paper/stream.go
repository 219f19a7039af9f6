package paper

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/qr"
)

// A textSet is the texts of a stream's QR codes, each once.
type textSet struct {
	list []string
	seen map[string]bool
	size int // in bytes
}

// add returns those that are new.
func (t *textSet) add(found []string) (fresh []string) {
	if t.seen == nil {
		t.seen = make(map[string]bool)
	}
	for _, text := range found {
		if !t.seen[text] && !t.full() {
			t.seen[text] = true
			t.size += len(text)
			fresh = append(fresh, text)
		}
	}
	t.list = append(t.list, fresh...)
	return fresh
}

// full reports whether there is more than can belong together: a screen may show another
// QR code in each picture, for ever.
func (t *textSet) full() bool { return t.size > maxFile }

// A tally counts the pictures of a stream, and says how far it is.
type tally struct {
	console  *term.Console
	name     string // of the source
	pictures int
	broken   int
	first    error // why the first of them is broken
	complete bool
	more     bool // there are pictures after it was complete
}

// next reports whether one more picture is wanted.
func (t *tally) next() bool {
	t.more = t.complete
	if !t.complete {
		t.pictures++
	}
	return !t.complete
}

// count takes the error of reading a picture.
func (t *tally) count(err error) {
	if err == nil || errors.Is(err, qr.ErrNoQR) {
		return
	}
	t.broken++
	if t.first == nil {
		t.first = err
	}
}

// maxMissing is how many things that are missing are named at once.
const maxMissing = 3

// say notes how far it is, if more QR codes were read than before. Of a single picture
// there is nothing to say before it is known to be one of many.
func (t *tally) say(codes int, missing []string) {
	t.complete = len(missing) == 0
	if t.complete || t.pictures == 1 {
		return
	}
	if n := len(missing) - maxMissing; n > 0 {
		missing = append(missing[:maxMissing:maxMissing], fmt.Sprintf("%d more", n))
	}
	t.console.Note("%s: %s so far. Missing: %s.", t.name, term.Count(codes, "QR code"), term.Printable(strings.Join(missing, "; ")))
}

// failed returns why nothing could be read, if that is so.
func (t *tally) failed() error {
	if t.broken < t.pictures {
		return nil
	}
	return t.first
}

// end notes what was found, unless it was a single picture.
func (t *tally) end(found string) {
	if t.pictures == 1 && !t.more {
		return
	}
	line := fmt.Sprintf("%s: %s in %s", t.name, found, term.Count(t.pictures, "picture"))
	if t.broken > 0 {
		line += fmt.Sprintf(", %d of them damaged", t.broken)
	}
	if t.more {
		line += "; that is all, and what follows was not looked at"
	}
	t.console.Note("%s.", line)
}
