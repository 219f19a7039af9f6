package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"runtime"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/oath/qr"
)

// A sheetReader puts sheets together from files, and tells what it finds in each.
// Pages are looked at side by side, as many as there are processors.
type sheetReader struct {
	sheet.Reader
	p        *program
	files    []*scannedFile
	failures []error // of files that could not be read

	slots chan struct{}
	group sync.WaitGroup
	mu    sync.Mutex // guards Reader and what is known of the files
}

// readSheets reads scans: pictures, PDFs, and text; "-" is standard input.
func (p *program) readSheets(ctx context.Context, scans []string) (*sheetReader, error) {
	r := &sheetReader{p: p, slots: make(chan struct{}, runtime.GOMAXPROCS(0))}
	for _, scan := range scans {
		if isQRText(scan) { // an error about such a file would tell the secret
			return r, usagef("a SCAN is a file; give what is in a QR code on standard input: -")
		}
		name, data, err := p.readFile(scan)
		if err != nil {
			return r, err
		}
		if err := r.add(ctx, name, data); err != nil {
			return r, err
		}
	}
	r.group.Wait()
	for _, f := range r.files {
		r.close(f)
	}
	return r, nil
}

// add takes what is in a file. One that cannot be read does not keep it from
// reading the others; it returns an error only if no such file can be.
func (r *sheetReader) add(ctx context.Context, name string, data []byte) error {
	switch {
	case qr.IsPicture(data):
		r.scan(r.open(name), func() ([]string, error) { return qr.Read(bytes.NewReader(data)) })
	case isPDF(data):
		f := r.open(name)
		f.isPDF = true
		err := readPages(ctx, data, func(page image.Image) {
			r.scan(f, func() ([]string, error) { return qr.Scan(page), nil })
		})
		if errors.Is(err, errNoPoppler) || ctx.Err() != nil {
			return fmt.Errorf("reading %s: %w", name, err)
		}
		r.group.Wait()
		f.err = err
	case isHTML(data):
		r.failures = append(r.failures, fmt.Errorf("reading %s: %w", name, errHTML))
	case utf8.Valid(data):
		r.mu.Lock()
		defer r.mu.Unlock()
		r.addWriting(name, string(data))
	default:
		r.failures = append(r.failures, fmt.Errorf("reading %s: %w", name, errNoScan))
	}
	return nil
}

// isHTML reports whether a file is a sheet that was never printed.
func isHTML(data []byte) bool {
	return bytes.HasPrefix(bytes.ToLower(bytes.TrimSpace(data[:min(len(data), 256)])), []byte("<!doctype html"))
}

func isPDF(data []byte) bool { return bytes.HasPrefix(data, []byte("%PDF-")) }

// addWriting takes a sheet in text, or lines of one; and texts of QR codes, as
// another program reads them, or as they are in a sheet that was opened with age.
func (r *sheetReader) addWriting(name, text string) {
	var lines strings.Builder
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		if !isQRText(line) {
			lines.WriteString(line)
			continue
		}
		lines.WriteByte('\n')
		if err := r.AddText(strings.TrimSpace(line)); err != nil {
			r.p.note("%s: a line is not taken: %s", name, printable(err.Error()))
		}
	}
	if err := r.AddLines(lines.String()); err != nil {
		r.noteLines(name, err)
	}
}

// noteLines tells which lines do not check.
func (r *sheetReader) noteLines(name string, err error) {
	for line := range strings.Lines(err.Error()) {
		r.p.note("%s: %s", name, printable(strings.TrimSpace(line)))
	}
}

// isQRText reports whether a line is what a QR code of a sheet holds.
func isQRText(line string) bool {
	line = strings.TrimSpace(line)
	scheme, _, found := strings.Cut(line, ":")
	return found && (scheme == "tokenctl" || isURI(line)) || strings.HasPrefix(line, "AGE-SECRET-KEY-1")
}
