package paper

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/otpauth"
	"github.com/tokenctl/tokenctl/oath/qr"
)

// isQRText reports whether a line is what a QR code of a sheet holds.
func isQRText(line string) bool {
	line = strings.TrimSpace(line)
	scheme, _, found := strings.Cut(line, ":")
	return found && (scheme == "tokenctl" || otpauth.IsURI(line)) || strings.HasPrefix(line, "AGE-SECRET-KEY-1")
}

// A scanReader puts sheets together from sources. Pages are looked at side by side, as
// many as there are processors.
type scanReader struct {
	console  *term.Console
	progress *term.Progress
	scans    []*scan
	failures []error // of sources that could not be read

	slots  chan struct{}
	group  sync.WaitGroup
	mu     sync.Mutex // guards what follows, and what is known of the scans
	reader *sheet.Reader
	taken  int // QR codes of a sheet
}

// A scan is a picture, several in a row, or a PDF.
type scan struct {
	name     string
	isPDF    bool
	isStream bool
	pages    int
	blank    []int // pages with nothing of a sheet, from 1
	taken    int   // QR codes of a sheet
	err      error

	tally tally // of a stream
	seen  textSet
}

// Read reads sources into a reader: pictures, PDFs, and texts. It notes what it finds in
// each, and returns the Digests of files. One that cannot be read does not keep it from
// reading the others: that is one of the failures. Where pictures follow each other, it
// goes on until nothing is missing.
func Read(ctx context.Context, c *term.Console, sources []Source, into *sheet.Reader) (digests []string, failures []error, err error) {
	r := &scanReader{console: c, reader: into, slots: make(chan struct{}, runtime.GOMAXPROCS(0))}
	r.progress = c.Progress("Pages read", len(sources))
	r.progress.Rest = r.missingSoFar
	defer r.progress.Done()
	defer r.group.Wait()
	for _, source := range sources {
		if isQRText(source.name) { // an error about such a file would show the secret
			return nil, nil, term.Usagef("a SCAN is a file; give what is in a QR code on standard input: -")
		}
		in, err := source.open(ctx, c)
		if err == nil && in.pictures != nil {
			err = r.stream(source.name, in)
		} else if err == nil {
			digests = append(digests, Digest(in.data))
			err = r.add(ctx, source.name, in.data)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	r.group.Wait()
	r.progress.Done()
	r.report()
	return digests, r.failures, nil
}

// stream takes what is in pictures in a row. Those whose pages are still looked at when
// all is there were not needed.
func (r *scanReader) stream(name string, in held) error {
	s := r.scan(name, false)
	s.isStream, s.tally = true, tally{console: r.console, name: name}
	err := in.pictures(func(read func() ([]string, error)) bool {
		r.mu.Lock()
		wanted := s.tally.next() && !s.seen.full()
		r.mu.Unlock()
		if wanted {
			r.page(s, read)
		}
		return wanted
	})
	r.group.Wait()
	if err != nil {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	return nil
}

// missing says what is missing of the sheets.
func (r *scanReader) missing() (words []string) {
	if r.taken == 0 {
		return []string{"a recovery sheet"}
	}
	for _, m := range r.reader.Missing() {
		words = append(words, m.String())
	}
	return words
}

// missingSoFar is what stands behind the number of pages.
func (r *scanReader) missingSoFar() string {
	if missing := r.missing(); r.taken > 0 && len(missing) > 0 {
		return ", missing " + term.Few(missing)
	}
	return ""
}

// add takes what is in a file. It returns an error only if no file of its kind can be
// read.
func (r *scanReader) add(ctx context.Context, name string, data []byte) error {
	switch k := kindOf(data); k {
	case picture, pdf:
		s := r.scan(name, k == pdf)
		if k == pdf && r.progress.IsShown() {
			pages := countPages(ctx, data)
			r.mu.Lock()
			r.progress.Expect(max(pages-1, 0))
			r.mu.Unlock()
		}
		err := eachPage(ctx, k, data, func(read func() ([]string, error)) { r.page(s, read) })
		if errors.Is(err, errNoPoppler) || ctx.Err() != nil {
			return fmt.Errorf("reading %s: %w", name, err)
		}
		if k == pdf {
			r.group.Wait()
			s.err = err
		}
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
		if s.isStream {
			s.tally.count(err)
			texts = s.seen.add(texts)
		} else if err != nil && !errors.Is(err, qr.ErrNoQR) { // as on a page of instructions
			s.err = err
		}
		before := s.taken
		for _, text := range texts {
			switch err := r.reader.AddText(text); {
			case err == nil:
				s.taken++
				r.taken++
			case !errors.Is(err, sheet.ErrForeign): // which are counted, and noted in the end
				r.console.Note("%s, page %d: a QR code is not taken: %s", s.name, number, term.Printable(err.Error()))
			}
		}
		if !s.isStream {
			if s.taken == before {
				s.blank = append(s.blank, number)
			}
			r.progress.Step()
		} else if len(texts) > 0 && !s.tally.complete {
			s.tally.say(s.taken, r.missing())
		}
	})
}

// report notes what was found: of pictures, one line for all. Pages that have nothing of a
// sheet are named only if something is missing: some have nothing to read by design.
func (r *scanReader) report() {
	isMissing := len(r.missing()) > 0
	var taken int
	var pictures, blank []string
	for _, s := range r.scans {
		if s.isStream {
			s.err = s.tally.failed()
		}
		switch {
		case s.isStream && (s.pages > 1 || s.tally.more):
			s.tally.end(foundIn(s.taken))
		case s.isPDF:
			line := fmt.Sprintf("%s: %s, %s", s.name, term.Count(s.pages, "page"), foundIn(s.taken))
			if isMissing && s.taken > 0 && len(s.blank) > 0 {
				slices.Sort(s.blank)
				line += ", none on " + term.Numbers("page", s.blank)
			}
			r.console.Note("%s.", line)
		case s.err == nil:
			taken += s.taken
			pictures = append(pictures, s.name)
			if s.taken == 0 {
				blank = append(blank, s.name)
			}
		}
		if s.err != nil {
			r.failures = append(r.failures, fmt.Errorf("reading %s: %w", s.name, s.err))
		}
	}
	if len(pictures) == 1 {
		r.console.Note("%s: %s.", pictures[0], foundIn(taken))
	} else if len(pictures) > 1 {
		line := fmt.Sprintf("%s, %s", term.Count(len(pictures), "picture"), foundIn(taken))
		if isMissing && taken > 0 && len(blank) > 0 {
			line += ", none in " + term.Few(blank)
		}
		r.console.Note("%s.", line)
	}
}

func foundIn(taken int) string {
	if taken == 0 {
		return "no QR code of a sheet"
	}
	return term.Count(taken, "QR code")
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
