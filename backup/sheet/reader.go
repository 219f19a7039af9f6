package sheet

import (
	"crypto/sha256"
	"errors"
	"github.com/tokenctl/tokenctl/backup/sheet/line"
	"strings"
)

// A Reader puts sheets together again from what was scanned and typed, in any
// order, of one sheet or several. The zero value is ready. It is not safe for
// concurrent use.
type Reader struct {
	seen    map[[sha256.Size]byte]bool // texts of QR codes
	size    int                        // of all that was taken, in bytes
	records []any                      // of QR codes
	foreign int                        // QR codes that are of no sheet
	pads    []*pad                     // what was typed, of each sheet
	current *pad
}

// maxSize is how much a Reader takes, in bytes: a sheet of ten thousand accounts
// several times over.
const maxSize = 64 << 20

// AddText takes the text of one QR code. One that was there before changes
// nothing. What it does not take, it tells: ErrForeign, ErrDamaged, ErrNewer or
// ErrTooLarge; or for an otpauth URI the error of otpauth.Parse. An otpauth URI
// that is on no sheet is an account like any other.
func (r *Reader) AddText(text string) error {
	if len(text) > maxRecord || r.size+len(text) > maxSize {
		return ErrTooLarge
	}
	sum := sha256.Sum256([]byte(text))
	if r.seen[sum] {
		return nil
	}
	record, err := parseRecord(strings.TrimSpace(text))
	if err != nil {
		if errors.Is(err, ErrForeign) {
			r.foreign++
		}
		return err
	}
	if r.seen == nil {
		r.seen = make(map[[sha256.Size]byte]bool)
	}
	r.seen[sum] = true
	r.size += len(text)
	r.records = append(r.records, record)
	return nil
}

// maxLineErrors is how many lines that do not check are told of a text. One with
// more of them is not a sheet.
const maxLineErrors = 50

// AddLines takes lines as they were typed in, each beginning with its number, or
// the whole of a sheet that Document.Text wrote. Lines of which the number was left
// out count as the next. The error joins a *LineError for each line that does not
// check; all others are taken. It is ErrTooLarge for more than a Reader can hold,
// and a text is given up after fifty errors.
func (r *Reader) AddLines(text string) error {
	if r.size+len(text) > maxSize {
		return ErrTooLarge
	}
	r.size += len(text)
	barred := hasBarred(text)
	var wrong []error
	for one := range strings.Lines(text) {
		one = strings.TrimSpace(one)
		if one == "" || strings.HasPrefix(one, "#") || barred && !line.IsBarred(one) {
			continue
		}
		if err := r.addLine(one); err != nil {
			wrong = append(wrong, err)
		}
		if len(wrong) == maxLineErrors {
			break
		}
	}
	return errors.Join(wrong...)
}

// hasBarred reports whether a text is one that Document.Text wrote: there, only
// lines with a bar can be typed in.
func hasBarred(text string) bool {
	for one := range strings.Lines(text) {
		if line.IsBarred(strings.TrimSpace(one)) {
			return true
		}
	}
	return false
}

// maxTypedLine is more than any line of a sheet has, in bytes.
const maxTypedLine = 1000

func (r *Reader) addLine(text string) error {
	if r.current == nil {
		r.current = r.newPad()
	}
	if len(text) > maxTypedLine {
		return &line.Error{Line: r.current.last + 1, Err: ErrTooLarge}
	}
	one, wrong := line.Read(text, r.current.last+1)
	if wrong != nil {
		return wrong
	}
	if err := r.take(one); err != nil {
		return &line.Error{Line: one.Number, Err: err}
	}
	return nil
}

// take puts a line that checks on the pad of its sheet.
func (r *Reader) take(one line.Typed) error {
	if !isKeyword(one.Keyword) {
		return ErrNewer
	}
	if one.Keyword == sheetKeyword || one.Keyword == endKeyword {
		w, err := parseWhole(one.Text)
		if err != nil {
			return err
		}
		r.current = r.padOf(w)
	}
	return r.current.put(one)
}

func (r *Reader) newPad() *pad {
	p := &pad{lines: make(map[int]line.Typed)}
	r.pads = append(r.pads, p)
	return p
}

// padOf returns the pad of a sheet. One of which that was not known yet becomes
// its pad.
func (r *Reader) padOf(w whole) *pad {
	for _, p := range r.pads {
		if p.known && p.whole.stamp == w.stamp && p.whole.copy == w.copy {
			return p
		}
	}
	p := r.current
	if p.known {
		p = r.newPad()
	}
	p.whole, p.known = w, true
	return p
}
