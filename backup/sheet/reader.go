package sheet

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tokenctl/tokenctl/backup/sheet/line"
)

// A Reader puts sheets together again from what was scanned and typed, in any
// order, of one sheet or several. The zero value is ready. It is not safe for
// concurrent use.
type Reader struct {
	seen    map[[sha256.Size]byte]bool // texts of QR codes
	size    int                        // of all that was taken, in bytes
	scanned []scannedRecord
	foreign int           // QR codes that are of no sheet
	typed   []*typedLines // of each sheet, and of each copy of a split one
	current *typedLines
}

// A scannedRecord is one of a QR code.
type scannedRecord struct {
	stamp stamp
	record
}

const (
	// maxSize is how much a Reader takes, in bytes: a sheet of ten thousand accounts
	// several times over.
	maxSize = 64 << 20

	// maxTyped is more than any line of a sheet has, in bytes.
	maxTyped = 1000

	// maxLineErrors is how many lines that do not check are reported of a text. One
	// with more of them is not a sheet.
	maxLineErrors = 50
)

// AddText takes the text of one QR code. One that was there before changes
// nothing. What it does not take, it reports: ErrForeign, ErrDamaged, ErrNewer or
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
	s, records, err := parseRecords(strings.TrimSpace(text))
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
	for _, one := range records {
		r.scanned = append(r.scanned, scannedRecord{s, one})
	}
	return nil
}

// AddLines takes lines as they were typed in, each beginning with its number, or
// the whole of a sheet that Document.Text wrote. Lines whose number was left out
// count as the next. The error joins a *line.Error for each line that does not
// check; all others are taken. It is ErrTooLarge for more than a Reader can hold,
// and a text is given up after fifty errors.
func (r *Reader) AddLines(text string) error {
	if r.size+len(text) > maxSize {
		return ErrTooLarge
	}
	r.size += len(text)
	barred := false // in what Document.Text wrote, only lines with a bar can be typed
	for one := range strings.Lines(text) {
		barred = barred || line.IsBarred(one)
	}
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

func (r *Reader) addLine(text string) error {
	if r.current == nil {
		r.current = r.newTyped()
	}
	if len(text) > maxTyped {
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

// take puts a line that checks to the others of its sheet.
func (r *Reader) take(one line.Typed) error {
	if !isKeyword(one.Keyword) {
		return ErrNewer
	}
	if one.Keyword == sheetKeyword || one.Keyword == endKeyword {
		h, err := parseHead(one.Text)
		if err != nil {
			return err
		}
		r.current = r.typedOf(h)
	}
	return r.current.put(one)
}

func (r *Reader) newTyped() *typedLines {
	t := &typedLines{lines: make(map[int]line.Typed)}
	r.typed = append(r.typed, t)
	return t
}

// typedOf returns the lines of a sheet. Lines whose sheet was not known yet become
// its.
func (r *Reader) typedOf(h sheetHead) *typedLines {
	for _, t := range r.typed {
		if t.known && t.head.stamp == h.stamp && t.head.copy == h.copy {
			return t
		}
	}
	t := r.current
	if t.known {
		t = r.newTyped()
	}
	t.head, t.known = h, true
	return t
}

// A sheetHead is what the first line of a sheet says, and the last one again: "7
// KQ3ZT7AB 2026-11-23 lines=212". The ID of a copy of a split sheet has a slash and
// its number behind it.
type sheetHead struct {
	stamp
	copy  int // which copy of a split sheet; 0 if it is not split
	date  time.Time
	lines int // how many there are
}

func parseHead(text string) (h sheetHead, err error) {
	w := parseWords(text)
	names := strings.Fields(w.name)
	if len(names) != 3 {
		return h, fmt.Errorf("%w: it does not name a sheet", ErrDamaged)
	}
	id, copy, _ := strings.Cut(names[1], "/")
	if copy != "" {
		h.copy = w.number(copy, "copy", 0)
	}
	h.stamp, h.date, h.lines = parseStamp(w, names[0], id), w.day(names[2]), w.count("lines", 1, 0)
	return h, w.err
}

// typedLines are what was typed of one sheet, or of one copy of a split one.
type typedLines struct {
	head  sheetHead // if its first or its last line was read
	known bool      // whether one of these was read
	lines map[int]line.Typed
	last  int // the number of the line that was read last
}

// errOtherLine says that a line was read before, with another text.
var errOtherLine = errors.New("a line of that number was read before, with another text: if it is of another sheet, type that sheet's first line before")

func (t *typedLines) put(one line.Typed) error {
	t.last = one.Number
	before, ok := t.lines[one.Number]
	if ok && (before.Keyword != one.Keyword || before.Text != one.Text) {
		return errOtherLine
	}
	if !ok || one.Mark.Ticked {
		t.lines[one.Number] = one
	}
	return nil
}

// numbers returns those of the lines, in order.
func (t *typedLines) numbers() []int { return slices.Sorted(maps.Keys(t.lines)) }

// paragraphs puts the lines together.
func (t *typedLines) paragraphs() []line.Paragraph {
	lines := make([]line.Typed, 0, len(t.lines))
	for _, n := range t.numbers() {
		lines = append(lines, t.lines[n])
	}
	return line.Paragraphs(lines)
}
