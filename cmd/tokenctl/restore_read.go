package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"strings"
	"unicode/utf8"

	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// A sheetReader puts sheets together from files, and tells what it finds in each.
type sheetReader struct {
	sheet.Reader
	p        *program
	failures []error // of what could not be read at all
}

// readSheets reads scans: pictures, PDFs, and text; "-" is standard input.
func (p *program) readSheets(ctx context.Context, scans []string) (*sheetReader, error) {
	r := &sheetReader{p: p}
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
	return r, nil
}

// add takes what is in a file. One that cannot be read does not keep it from
// reading the others; it returns an error only if no such file can be.
func (r *sheetReader) add(ctx context.Context, name string, data []byte) error {
	switch {
	case isPicture(data):
		texts, err := otpauth.ReadQR(bytes.NewReader(data))
		if err != nil && !errors.Is(err, otpauth.ErrNoQR) {
			r.fail(name, err)
			return nil
		}
		r.p.note("%s: %s", name, countQR(r.addTexts(name, texts)))
	case isPDF(data):
		return r.addPDF(ctx, name, data)
	case utf8.Valid(data):
		r.addWriting(name, string(data))
	default:
		r.fail(name, errNoScan)
	}
	return nil
}

func (r *sheetReader) addPDF(ctx context.Context, name string, data []byte) error {
	pages, taken := 0, 0
	err := readPages(ctx, data, func(number int, page image.Image) {
		texts, _ := otpauth.FindQR(page) // some have none
		pages = number
		taken += r.addTexts(fmt.Sprintf("%s, page %d", name, number), texts)
	})
	if errors.Is(err, errNoPoppler) || ctx.Err() != nil {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	if err != nil {
		r.fail(name, err)
	}
	r.p.note("%s: %s, %s", name, plural(pages, "1 page", fmt.Sprintf("%d pages", pages)), countQR(taken))
	return nil
}

func countQR(n int) string {
	switch n {
	case 0:
		return "no QR code that is of a sheet."
	case 1:
		return "1 QR code."
	}
	return fmt.Sprintf("%d QR codes.", n)
}

func isPDF(data []byte) bool { return bytes.HasPrefix(data, []byte("%PDF-")) }

// fail tells of a file that cannot be read.
func (r *sheetReader) fail(name string, err error) {
	err = fmt.Errorf("reading %s: %w", name, err)
	r.failures = append(r.failures, err)
	r.p.note("%s", printable(err.Error()))
}

// addTexts takes the QR codes of a page, and returns how many are of a sheet.
func (r *sheetReader) addTexts(name string, texts []string) (taken int) {
	for _, text := range texts {
		switch err := r.AddText(text); {
		case err == nil:
			taken++
		case !errors.Is(err, sheet.ErrForeign): // which are counted, and told of in the end
			r.p.note("%s: a QR code is not taken: %s", name, printable(err.Error()))
		}
	}
	return taken
}

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
	scheme, _, found := strings.Cut(strings.TrimSpace(line), ":")
	return found && (scheme == "tokenctl" || isURI(line)) || strings.HasPrefix(line, "AGE-SECRET-KEY-1")
}
