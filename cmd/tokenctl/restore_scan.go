package main

import (
	"errors"
	"fmt"

	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/oath/qr"
)

// A scannedFile is a picture or a PDF.
type scannedFile struct {
	name  string
	isPDF bool
	pages int
	taken int // QR codes of a sheet
	err   error
}

func (r *sheetReader) open(name string) *scannedFile {
	f := &scannedFile{name: name}
	r.files = append(r.files, f)
	return f
}

// scan takes the QR codes of a page, when there is a processor for it.
func (r *sheetReader) scan(f *scannedFile, read func() ([]string, error)) {
	r.slots <- struct{}{}
	f.pages++
	page := f.pages
	r.group.Go(func() {
		defer func() { <-r.slots }()
		texts, err := read()
		r.mu.Lock()
		defer r.mu.Unlock()
		if err != nil && !errors.Is(err, qr.ErrNoQR) { // which a page of instructions may have none of
			f.err = err
		}
		for _, text := range texts {
			switch err := r.AddText(text); {
			case err == nil:
				f.taken++
			case !errors.Is(err, sheet.ErrForeign): // which are counted, and told of in the end
				r.p.note("%s, page %d: a QR code is not taken: %s", f.name, page, printable(err.Error()))
			}
		}
	})
}

// close tells what was found in a file.
func (r *sheetReader) close(f *scannedFile) {
	if f.err != nil {
		r.failures = append(r.failures, fmt.Errorf("reading %s: %w", f.name, f.err))
	}
	found := "no QR code that is of a sheet"
	if f.taken > 0 {
		found = plural(f.taken, "1 QR code", fmt.Sprintf("%d QR codes", f.taken))
	}
	switch {
	case f.isPDF:
		r.p.note("%s: %s, %s.", f.name, plural(f.pages, "1 page", fmt.Sprintf("%d pages", f.pages)), found)
	case f.err == nil:
		r.p.note("%s: %s.", f.name, found)
	}
}
