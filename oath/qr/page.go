package qr

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"slices"

	"github.com/tokenctl/tokenctl/oath/qr/internal/page"
)

// ReadPage returns the texts of all QR codes of a page that was scanned or
// photographed, each once and in no order. It reads PNG, JPEG, WebP, GIF, BMP, and
// TIFF with several pages, of at most 64 million pixels each. It returns ErrNoQR if
// it finds none, ErrFormat for another format, and another error if the picture
// cannot be decoded.
//
// It takes a second for a page of 300 dpi, and finds far more than Read: dozens
// of codes, blurred, noisy, skewed, in perspective, on curled paper, their modules
// three pixels wide, as a scan of a recovery sheet at 100 dpi shows them.
func ReadPage(r io.Reader) ([]string, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("reading the picture: %w", err)
	}
	pages := tiffPages(data)
	if len(pages) == 0 {
		return readOne(data)
	}
	var texts []string
	for i, page := range pages {
		turnTo(data, page)
		more, err := readOne(data)
		if err != nil && !errors.Is(err, ErrNoQR) {
			return nil, fmt.Errorf("page %d: %w", i+1, err)
		}
		texts = append(texts, more...)
	}
	if len(texts) == 0 {
		return nil, ErrNoQR
	}
	slices.Sort(texts)
	return slices.Compact(texts), nil
}

// readOne reads a picture, or the first page of one.
func readOne(data []byte) ([]string, error) {
	img, err := decodePicture(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	texts := ScanPage(img)
	if len(texts) == 0 {
		return nil, ErrNoQR
	}
	return texts, nil
}

// ScanPage is ReadPage for a picture that is decoded already. It returns nothing
// where it finds nothing.
func ScanPage(img image.Image) []string {
	if texts := findPoor(img); len(texts) > 0 {
		return texts
	}
	if size := img.Bounds().Size(); size.X*size.Y > smallPage {
		return nil // or a page of text alone would take seconds
	}
	return findSharp(img)
}

// smallPage is how many pixels a picture may have whose modules are too small for
// findPoor: fewer than a page has at 100 dpi.
const smallPage = 600_000

// findPoor finds codes in a poor picture, if their modules are two pixels wide.
func findPoor(img image.Image) []string {
	const margin = 16
	return page.Scan(grayscale(img, color.Gray{Y: 0xff}, margin))
}
