package paper

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/otpauth"
	"github.com/tokenctl/tokenctl/oath/qr"
)

var (
	errHTML   = errors.New("a sheet in HTML cannot be read before it is printed")
	errNoScan = errors.New("neither a picture, nor a PDF, nor text")
	errSVG    = errors.New("it is an SVG drawing, not a picture")
	errEmpty  = errors.New("there is nothing in it")
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
	case len(bytes.TrimSpace(data)) == 0:
		return name, nil, fmt.Errorf("reading %s: %w", name, errEmpty)
	}
	return name, data, nil
}

// A kind is what a file is, by its content.
type kind byte

const (
	unknown kind = iota
	picture
	pdf
	svg
	html
	text
)

func kindOf(data []byte) kind {
	begin := bytes.ToLower(bytes.TrimSpace(data[:min(len(data), 1024)]))
	switch {
	case qr.IsPicture(data):
		return picture
	case bytes.HasPrefix(data, []byte("%PDF-")):
		return pdf
	case bytes.HasPrefix(begin, []byte("<!doctype html")):
		return html
	case bytes.HasPrefix(begin, []byte("<")) && bytes.Contains(begin, []byte("<svg")):
		return svg
	case utf8.Valid(data):
		return text
	}
	return unknown
}

// eachPage hands over the pages of a picture or a PDF, each as what reads its QR codes.
func eachPage(ctx context.Context, k kind, data []byte, take func(read func() ([]string, error))) error {
	if k == picture {
		take(func() ([]string, error) { return qr.Read(bytes.NewReader(data)) })
		return nil
	}
	return readPDF(ctx, data, pageTime, func(page image.Image) {
		take(func() ([]string, error) { return qr.Scan(page), nil })
	})
}

// Texts returns what is in the QR codes of a picture or a PDF, or the lines of a text;
// "-" is standard input. It returns the names to call the file and such a text by.
func Texts(ctx context.Context, c *term.Console, file string) (name, what string, texts []string, err error) {
	name, data, err := ReadFile(c, file)
	if err != nil {
		return "", "", nil, err
	}
	what, texts, err = TextsIn(ctx, name, data)
	return name, what, texts, err
}

// IsScan reports whether a file is a picture or a PDF.
func IsScan(data []byte) bool { return kindOf(data) == picture || kindOf(data) == pdf }

// TextsIn is Texts for a file that was read.
func TextsIn(ctx context.Context, name string, data []byte) (what string, texts []string, err error) {
	k := kindOf(data)
	switch k {
	case picture, pdf:
		what = "QR code"
		var unread error
		err = eachPage(ctx, k, data, func(read func() ([]string, error)) {
			found, err := read()
			texts = append(texts, found...)
			if !errors.Is(err, qr.ErrNoQR) { // as on a page of instructions
				unread = errors.Join(unread, err)
			}
		})
		if err = cmp.Or(err, unread); err == nil && len(texts) == 0 {
			err = qr.ErrNoQR
		}
	case svg:
		err = errSVG
	default: // which need not be UTF-8
		what = "line"
		for line := range strings.Lines(strings.TrimPrefix(string(data), "\ufeff")) {
			if line = strings.TrimSpace(line); line != "" {
				texts = append(texts, line)
			}
		}
		if k == unknown && !slices.ContainsFunc(texts, otpauth.IsURI) {
			err = errNoScan
		}
	}
	if err != nil {
		err = fmt.Errorf("reading %s: %w", name, err)
	}
	return what, texts, err
}

// isQRText reports whether a line is what a QR code of a sheet holds.
func isQRText(line string) bool {
	line = strings.TrimSpace(line)
	scheme, _, found := strings.Cut(line, ":")
	return found && (scheme == "tokenctl" || otpauth.IsURI(line)) || strings.HasPrefix(line, "AGE-SECRET-KEY-1")
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
		if isQRText(file) { // an error about such a file would show the secret
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
	switch k := kindOf(data); k {
	case picture, pdf:
		s := r.scan(name, k == pdf)
		err := eachPage(ctx, k, data, func(read func() ([]string, error)) { r.page(s, read) })
		if errors.Is(err, errNoPoppler) || ctx.Err() != nil {
			return fmt.Errorf("reading %s: %w", name, err)
		}
		if k == pdf {
			r.group.Wait()
			s.err = err
		}
	case html:
		r.failures = append(r.failures, fmt.Errorf("reading %s: %w", name, errHTML))
	case svg:
		r.failures = append(r.failures, fmt.Errorf("reading %s: %w", name, errSVG))
	case text:
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

// Type reads a sheet's lines from the terminal, and checks each at once. An empty line ends, but if something is missing only a second one does.
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
