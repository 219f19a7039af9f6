package paper

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/qr"
)

var (
	errHTML   = errors.New("a sheet in HTML cannot be read before it is printed")
	errNoScan = errors.New("neither a picture, nor a PDF, nor text")
)

// maxFile bounds a picture or a text that is read, in bytes.
const maxFile = 64 << 20

// ReadFile reads a file, "-" being standard input, of 64 MiB at most. It returns the
// name to call it by.
func ReadFile(c *term.Console, file string) (name string, data []byte, err error) {
	name, in := "standard input", c.In
	if file != "-" {
		opened, err := os.Open(file)
		if err != nil {
			return "", nil, err
		}
		defer opened.Close()
		name, in = term.Printable(file), opened
	}
	data, err = io.ReadAll(io.LimitReader(in, maxFile+1))
	switch {
	case err != nil:
		return name, nil, fmt.Errorf("reading %s: %w", name, err)
	case len(data) > maxFile:
		return name, nil, term.Usagef("%s is larger than %d MB", name, maxFile>>20)
	}
	return name, data, nil
}

// IsURI reports whether a text is an account's URI, or an export's.
func IsURI(text string) bool {
	scheme, _, found := strings.Cut(strings.TrimSpace(text), ":")
	switch strings.ToLower(scheme) {
	case "otpauth", "otpauth-migration", "apple-otpauth", "steam", "motp":
		return found
	}
	return false
}

// isQRText reports whether a line is what a QR code of a sheet holds.
func isQRText(line string) bool {
	line = strings.TrimSpace(line)
	scheme, _, found := strings.Cut(line, ":")
	return found && (scheme == "tokenctl" || IsURI(line)) || strings.HasPrefix(line, "AGE-SECRET-KEY-1")
}

// A scanReader puts sheets together from files. Pages are looked at side by side, as
// many as there are processors.
type scanReader struct {
	console  *term.Console
	scans    []*scan
	failures []error // of files that could not be read

	slots  chan struct{}
	group  sync.WaitGroup
	mu     sync.Mutex // guards what follows, and what is known of the scans
	reader *sheet.Reader
}

// A scan is a picture or a PDF.
type scan struct {
	name  string
	isPDF bool
	pages int
	taken int // QR codes of a sheet
	err   error
}

// Read reads scans into a reader: pictures, PDFs, and texts; "-" is standard input. It
// notes what it finds in each, and returns their Digests. A file that cannot be read
// does not keep it from reading the others: that is one of the failures.
func Read(ctx context.Context, c *term.Console, scans []string, into *sheet.Reader) (digests []string, failures []error, err error) {
	r := &scanReader{console: c, reader: into, slots: make(chan struct{}, runtime.GOMAXPROCS(0))}
	defer r.group.Wait()
	for _, file := range scans {
		if isQRText(file) { // an error about such a file would tell the secret
			return nil, nil, term.Usagef("a SCAN is a file; give what is in a QR code on standard input: -")
		}
		name, data, err := ReadFile(c, file)
		if err != nil {
			return nil, nil, err
		}
		digests = append(digests, Digest(data))
		if err := r.add(ctx, name, data); err != nil {
			return nil, nil, err
		}
	}
	r.group.Wait()
	for _, s := range r.scans {
		r.report(s)
	}
	return digests, r.failures, nil
}

// add takes what is in a file. It returns an error only if no file of its kind can be
// read.
func (r *scanReader) add(ctx context.Context, name string, data []byte) error {
	html := bytes.HasPrefix(bytes.ToLower(bytes.TrimSpace(data[:min(len(data), 256)])), []byte("<!doctype html"))
	switch {
	case qr.IsPicture(data):
		r.page(r.scan(name, false), func() ([]string, error) { return qr.Read(bytes.NewReader(data)) })
	case bytes.HasPrefix(data, []byte("%PDF-")):
		s := r.scan(name, true)
		err := readPDF(ctx, data, func(page image.Image) {
			r.page(s, func() ([]string, error) { return qr.Scan(page), nil })
		})
		if errors.Is(err, errNoPoppler) || ctx.Err() != nil {
			return fmt.Errorf("reading %s: %w", name, err)
		}
		r.group.Wait()
		s.err = err
	case html:
		r.failures = append(r.failures, fmt.Errorf("reading %s: %w", name, errHTML))
	case utf8.Valid(data):
		r.mu.Lock()
		defer r.mu.Unlock()
		r.text(name, string(data))
	default:
		r.failures = append(r.failures, fmt.Errorf("reading %s: %w", name, errNoScan))
	}
	return nil
}

func (r *scanReader) scan(name string, isPDF bool) *scan {
	s := &scan{name: name, isPDF: isPDF}
	r.scans = append(r.scans, s)
	return s
}

// page takes the QR codes of a page, when there is a processor for it.
func (r *scanReader) page(s *scan, read func() ([]string, error)) {
	r.slots <- struct{}{}
	s.pages++
	number := s.pages
	r.group.Go(func() {
		defer func() { <-r.slots }()
		texts, err := read()
		r.mu.Lock()
		defer r.mu.Unlock()
		if err != nil && !errors.Is(err, qr.ErrNoQR) { // as on a page of instructions
			s.err = err
		}
		for _, text := range texts {
			switch err := r.reader.AddText(text); {
			case err == nil:
				s.taken++
			case !errors.Is(err, sheet.ErrForeign): // which are counted, and noted in the end
				r.console.Note("%s, page %d: a QR code is not taken: %s", s.name, number, term.Printable(err.Error()))
			}
		}
	})
}

// report notes what was found in a scan.
func (r *scanReader) report(s *scan) {
	found := "no QR code that is of a sheet"
	if s.taken > 0 {
		found = term.Count(s.taken, "QR code")
	}
	switch {
	case s.isPDF:
		r.console.Note("%s: %s, %s.", s.name, term.Count(s.pages, "page"), found)
	case s.err == nil:
		r.console.Note("%s: %s.", s.name, found)
	}
	if s.err != nil {
		r.failures = append(r.failures, fmt.Errorf("reading %s: %w", s.name, s.err))
	}
}

// text takes a sheet in text, or lines of one; and texts of QR codes, as another
// program reads them, or as they are in a sheet that was opened with age.
func (r *scanReader) text(name, text string) {
	var lines strings.Builder
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		if !isQRText(line) {
			lines.WriteString(line)
			continue
		}
		lines.WriteByte('\n')
		if err := r.reader.AddText(strings.TrimSpace(line)); err != nil {
			r.console.Note("%s: a line is not taken: %s", name, term.Printable(err.Error()))
		}
	}
	if err := r.reader.AddLines(lines.String()); err != nil {
		for line := range strings.Lines(err.Error()) {
			r.console.Note("%s: %s", name, term.Printable(strings.TrimSpace(line)))
		}
	}
}

// Type reads a sheet's lines from the terminal, each of which is checked at once. An
// empty line ends, but if something is missing only a second one does.
func Type(t *term.Terminal, into *sheet.Reader) error {
	t.Tell("Type the sheet line by line, each with its number in front and its check at the end.\nSpaces do not count, nor does the order. An empty line ends.")
	for warned := false; ; {
		text, err := t.Ask("Line")
		switch {
		case err != nil:
			return err
		case text == "":
			missing := into.Missing()
			if warned || len(missing) == 0 {
				return nil
			}
			for _, m := range missing {
				t.Tell("Missing: %s.", term.Printable(m.String()))
			}
			t.Tell("Type on, or press Enter once more to end here.")
		case isQRText(text): // as another program reads it
			err = into.AddText(text)
		default:
			err = into.AddLines(text)
		}
		warned = text == ""
		if err != nil {
			t.Tell("%s. Once more, please.", term.Sentence(err))
		}
	}
}
