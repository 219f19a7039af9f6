// Package qr reads every QR code in a picture or on a page, and draws QR codes.
// All of it is safe for concurrent use.
package qr

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	_ "image/gif" // register the formats that are read
	_ "image/jpeg"
	_ "image/png"
	"io"
	"slices"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"

	"github.com/tokenctl/tokenctl/oath/qr/internal/page"
)

// ErrNoQR is returned for a picture in which no QR code can be read.
var ErrNoQR = errors.New("no QR code can be read in the picture")

// ErrFormat is returned for what is not a picture, or is in a format that is not
// read.
var ErrFormat = errors.New("the picture must be PNG, JPEG, TIFF, WebP, GIF or BMP")

// A Look is how closely a picture is looked at.
type Look byte

const (
	// Close reads every code that can be read.
	Close Look = iota

	// Quick reads those that are plain to see, in a fraction of the time: nearly all that
	// are on a page. It is for those who know what should be there, and look closely where
	// something is missing.
	Quick
)

// Read returns the texts of all QR codes in a picture, each once and in no order.
// It reads PNG, JPEG, WebP, GIF, BMP, and all pages of a TIFF, of at most 64
// million pixels each and 32,768 on a side. It returns ErrNoQR if it finds none,
// ErrFormat for another format, ErrTIFF for a TIFF of an unusual kind, and another error
// if the picture cannot be decoded.
//
// The picture may be a screenshot, a photograph, or the scan of a page with dozens
// of codes: see Scan.
func Read(r io.Reader) ([]string, error) { return Close.Read(r) }

// Scan returns the texts of all QR codes in a picture that is decoded already, each
// once and in no order; nil if it finds none.
//
// The codes may be turned, seen from behind, light on dark, on a transparent ground,
// or cut out without a margin; blurred, noisy, skewed, in perspective, on curled
// or crumpled paper. On a page that was scanned or photographed, their modules must be two
// pixels wide, and on a screenshot, one.
func Scan(img image.Image) []string { return Close.Scan(img) }

// Read is the function Read, with this look.
func (l Look) Read(r io.Reader) ([]string, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("reading the picture: %w", err)
	}
	texts, err := l.readPages(data)
	if err == nil && len(texts) == 0 {
		return nil, ErrNoQR
	}
	return texts, err
}

// readPages returns what is on the pages of a TIFF, or in another picture.
func (l Look) readPages(data []byte) (texts []string, err error) {
	file := newTIFF(data)
	pages := file.pages()
	if len(pages) == 0 {
		img, err := decodePicture(data)
		if err != nil {
			return nil, err
		}
		return l.Scan(img), nil
	}
	for i, page := range pages {
		img, err := file.decode(page)
		if err != nil {
			return nil, fmt.Errorf("page %d: %w", i+1, err)
		}
		texts = append(texts, l.Scan(img)...)
	}
	slices.Sort(texts)
	return slices.Compact(texts), nil
}

// Scan is the function Scan, with this look.
func (l Look) Scan(img image.Image) []string {
	scan := page.Scan
	if l == Quick {
		scan = page.Glance
	}
	if texts := scan(grayscale(img, color.White)); len(texts) > 0 || isOpaque(img) {
		return texts
	}
	// The ground shows through what is transparent. Codes that are light on dark
	// want it dark.
	return scan(grayscale(img, color.Black))
}

func isOpaque(img image.Image) bool {
	o, ok := img.(interface{ Opaque() bool })
	return ok && o.Opaque()
}

// IsPicture reports whether a file is a picture: one of a format that Read reads, or
// HEIC or AVIF, which telephones take, and for which Read's ErrFormat has a better
// word than other readers.
func IsPicture(data []byte) bool {
	_, _, err := image.DecodeConfig(bytes.NewReader(data))
	return !errors.Is(err, image.ErrFormat) || isBoxes(data)
}

// isBoxes reports whether a file begins with a box of type ftyp (ISO/IEC 14496-12,
// "File Type Box").
func isBoxes(data []byte) bool { return len(data) >= 8 && string(data[4:8]) == "ftyp" }

// A file of a few bytes can claim any size, and a progressive JPEG go over the whole
// picture again and again: these bound the memory and the time that a picture may take.
// Photographs have 12 to 50 million pixels; JPEG's usual script has 10 scans.
const (
	maxPixels  = 64e6
	maxSide    = 1 << 15
	maxScanned = 20 * maxPixels // pixels, in each scan anew
)

// decodePicture reads a picture; of a TIFF or a GIF, the first.
func decodePicture(data []byte) (image.Image, error) {
	config, format, err := image.DecodeConfig(bytes.NewReader(data))
	if errors.Is(err, image.ErrFormat) {
		return nil, formatError(data)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the picture: %w", err)
	}
	if max(config.Width, config.Height) > maxSide || int64(config.Width)*int64(config.Height) > maxPixels {
		return nil, fmt.Errorf("the picture has %d by %d pixels, and may have %.0f million, and %d on a side; make it smaller, or crop it to the QR code",
			config.Width, config.Height, maxPixels/1e6, maxSide)
	}
	if scans := countScans(data); format == "jpeg" && int64(scans)*int64(config.Width)*int64(config.Height) > maxScanned {
		return nil, fmt.Errorf("the picture is stored in %d scans, too many for %d by %d pixels; store it anew", scans, config.Width, config.Height)
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("reading the picture: %w", err)
	}
	return img, nil
}

// countScans counts the scans of a JPEG by its markers (ITU-T T.81, B.1.1): those of two
// bytes stand alone or in a scan's data, the others say how long they are.
func countScans(data []byte) (scans int) {
	const (
		stuffed, temporary, restart, end, start = 0x00, 0x01, 0xd0, 0xd9, 0xda
	)
	for i := 0; i+4 <= len(data); {
		marker := data[i+1]
		switch {
		case data[i] != 0xff || marker == 0xff:
			i++
		case marker == end:
			return scans
		case marker == stuffed, marker == temporary, marker >= restart && marker < end:
			i += 2
		default:
			if marker == start {
				scans++
			}
			i += 2 + int(binary.BigEndian.Uint16(data[i+2:]))
		}
	}
	return scans
}

// formatError names the format that telephones take pictures in, by the brand in
// its first box (ISO/IEC 14496-12; 23008-12, Annex B).
func formatError(data []byte) error {
	brands := map[string]string{
		"heic": "HEIC", "heix": "HEIC", "hevc": "HEIC", "mif1": "HEIC", "msf1": "HEIC", "avif": "AVIF",
	}
	if len(data) >= 12 && isBoxes(data) {
		if name, ok := brands[string(data[8:12])]; ok {
			return fmt.Errorf("%w, not %s", ErrFormat, name)
		}
	}
	return ErrFormat
}

// grayscale returns the picture's brightness, with its transparent parts filled with
// the ground.
func grayscale(img image.Image, ground color.Color) *image.Gray {
	box := image.Rectangle{Max: img.Bounds().Size()}
	switch img := img.(type) {
	case *image.Gray:
		return &image.Gray{Pix: img.Pix[img.PixOffset(img.Rect.Min.X, img.Rect.Min.Y):], Stride: img.Stride, Rect: box}
	case *image.YCbCr: // its Y is the brightness (JFIF)
		return &image.Gray{Pix: img.Y[img.YOffset(img.Rect.Min.X, img.Rect.Min.Y):], Stride: img.YStride, Rect: box}
	}
	// image/draw is quick where it draws colours on colours: a few rows at a time are.
	const rows = 16
	gray := image.NewGray(box)
	part := image.NewRGBA(image.Rect(0, 0, box.Max.X, rows))
	for top := 0; top < box.Max.Y; top += rows {
		draw.Draw(part, part.Rect, image.NewUniform(ground), image.Point{}, draw.Src)
		draw.Draw(part, part.Rect, img, img.Bounds().Min.Add(image.Pt(0, top)), draw.Over)
		out := gray.Pix[top*gray.Stride : min(top+rows, box.Max.Y)*gray.Stride]
		for i := range out {
			c := part.Pix[4*i : 4*i+3 : 4*i+3]
			out[i] = uint8((19595*uint32(c[0]) + 38470*uint32(c[1]) + 7471*uint32(c[2]) + 1<<15) >> 16) // as color.GrayModel
		}
	}
	return gray
}
