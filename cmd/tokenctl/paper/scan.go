package paper

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"

	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/qr"
)

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
	data     []byte // of a picture or a PDF
	isPDF    bool
	isStream bool
	tally    tally // of a stream
	leaves   []*leaf
	err      error
}

// A leaf is a page of a scan, or all pictures of a stream.
type leaf struct {
	seen  textSet
	taken int // QR codes of a sheet
}

// taken counts the QR codes of a sheet.
func (s *scan) taken() (n int) {
	for _, l := range s.leaves {
		n += l.taken
	}
	return n
}

// blank returns the pages with nothing of a sheet, from 1.
func (s *scan) blank() (pages []int) {
	for i, l := range s.leaves {
		if l.taken == 0 {
			pages = append(pages, i+1)
		}
	}
	return pages
}

// Read reads sources into a reader: pictures, PDFs, and texts. It notes what it finds in
// each, and returns the Digests of files. One that cannot be read does not keep it from
// reading the others: that is one of the failures. Where pictures follow each other, it
// goes on until nothing is missing. Files are glanced at, all of them; and looked at closely,
// one after the other, as long as something is missing.
func Read(ctx context.Context, c *term.Console, sources []Source, into *sheet.Reader) (digests []string, failures []error, err error) {
	const spare = 20 // percent: what pages leave behind is large, and collected in no time
	defer debug.SetGCPercent(debug.SetGCPercent(spare))
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
	if err := r.lookClosely(ctx); err != nil {
		return nil, nil, err
	}
	r.report()
	return digests, r.failures, nil
}

// stream takes what is in pictures in a row. Those whose pages are still looked at when
// all is there were not needed.
func (r *scanReader) stream(name string, in held) error {
	all := &leaf{}
	s := &scan{name: name, isStream: true, tally: tally{console: r.console, name: name}, leaves: []*leaf{all}}
	r.scans = append(r.scans, s)
	err := in.pictures(func(read func() ([]string, error)) bool {
		r.mu.Lock()
		wanted := s.tally.next() && !all.seen.full()
		r.mu.Unlock()
		if wanted {
			r.page(s, s.tally.pictures, all, read)
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
		s := &scan{name: name, data: data, isPDF: k == pdf}
		r.scans = append(r.scans, s)
		if k == pdf && r.progress.IsShown() {
			pages := countPages(ctx, data)
			r.mu.Lock()
			r.progress.Expect(max(pages-1, 0))
			r.mu.Unlock()
		}
		return r.look(ctx, s, qr.Quick)
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

// look takes what the pages of a scan show at a look, as long as something is missing.
func (r *scanReader) look(ctx context.Context, s *scan, look qr.Look) error {
	number := 0
	err := eachPage(ctx, kindOf(s.data), s.data, func(read func(qr.Look) ([]string, error)) {
		r.mu.Lock()
		if number++; number > len(s.leaves) {
			s.leaves = append(s.leaves, &leaf{})
		}
		l := s.leaves[number-1]
		needed := look == qr.Quick || len(r.missing()) > 0
		r.mu.Unlock()
		if needed {
			r.page(s, number, l, func() ([]string, error) { return read(look) })
		}
	})
	if errors.Is(err, errNoPoppler) || ctx.Err() != nil {
		return fmt.Errorf("reading %s: %w", s.name, err)
	}
	if s.isPDF {
		r.group.Wait()
		s.err = err
	}
	return nil
}

// lookClosely looks once more at what was glanced at, and last at where nothing was seen:
// most of that is instructions.
func (r *scanReader) lookClosely(ctx context.Context) error {
	if len(r.missing()) == 0 {
		return nil
	}
	pages := 0
	var scans, blank []*scan
	for _, s := range r.scans {
		switch {
		case s.isStream:
			continue
		case s.taken() > 0:
			scans = append(scans, s)
		default:
			blank = append(blank, s)
		}
		pages += len(s.leaves)
	}
	r.progress = r.console.Progress("Pages looked at closely", pages)
	r.progress.Rest = r.missingSoFar
	defer r.progress.Done()
	defer r.group.Wait()
	for _, s := range append(scans, blank...) {
		r.mu.Lock()
		complete := len(r.missing()) == 0
		r.mu.Unlock()
		if complete {
			return nil
		}
		if err := r.look(ctx, s, qr.Close); err != nil {
			return err
		}
	}
	return nil
}

// page takes the QR codes of a page, when there is a processor for it.
func (r *scanReader) page(s *scan, number int, l *leaf, read func() ([]string, error)) {
	r.slots <- struct{}{}
	r.group.Go(func() {
		defer func() { <-r.slots }()
		texts, err := read()
		r.mu.Lock()
		defer r.mu.Unlock()
		if s.isStream {
			s.tally.count(err)
		} else if err != nil && !errors.Is(err, qr.ErrNoQR) { // as on a page of instructions
			s.err = err
		}
		texts = l.seen.add(texts)
		for _, text := range texts {
			switch err := r.reader.AddText(text); {
			case err == nil:
				l.taken++
				r.taken++
			case !errors.Is(err, sheet.ErrForeign): // which are counted, and noted in the end
				r.console.Note("%s, page %d: a QR code is not accepted: %s", s.name, number, term.Printable(err.Error()))
			}
		}
		if !s.isStream {
			r.progress.Step()
		} else if len(texts) > 0 && !s.tally.complete {
			s.tally.say(l.taken, r.missing())
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
		found := s.taken()
		if s.isStream {
			s.err = s.tally.failed()
		}
		switch {
		case s.isStream && (s.tally.pictures > 1 || s.tally.more):
			s.tally.end(foundIn(found))
		case s.isPDF:
			line := fmt.Sprintf("%s: %s, %s", s.name, term.Count(len(s.leaves), "page"), foundIn(found))
			if blank := s.blank(); isMissing && found > 0 && len(blank) > 0 {
				line += ", none on " + term.Numbers("page", blank)
			}
			r.console.Note("%s.", line)
		case s.err == nil:
			taken += found
			pictures = append(pictures, s.name)
			if found == 0 {
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
