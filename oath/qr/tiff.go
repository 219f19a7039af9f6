package qr

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"io"
	"slices"

	"golang.org/x/image/tiff"
	"golang.org/x/image/tiff/lzw"
)

// ErrTIFF says that there are TIFFs of this kind, and that they are not read.
var ErrTIFF = errors.New("this kind of TIFF is not read")

// maxTIFFPages is how many pages of a TIFF are read: more than a scanner's feeder
// takes.
const maxTIFFPages = 100

// A tiffFile is a TIFF (TIFF 6.0, section 2).
//
// Of these, golang.org/x/image/tiff reads those that compress with JPEG as little as
// those that have transparency beside gray: they are unpacked here.
type tiffFile struct {
	data  []byte
	order binary.ByteOrder
}

// newTIFF returns a TIFF, or one without an order of bytes if the file is none.
func newTIFF(data []byte) tiffFile {
	if len(data) >= 8 {
		switch string(data[:4]) {
		case "II*\x00":
			return tiffFile{data, binary.LittleEndian}
		case "MM\x00*":
			return tiffFile{data, binary.BigEndian}
		}
	}
	return tiffFile{}
}

// pages returns where the pages are: none if it is another file. The header points to the
// first image file directory, and each of these, behind its entries of 12 bytes, to the
// next.
func (t tiffFile) pages() (pages []uint32) {
	if t.order == nil {
		return nil
	}
	at := t.order.Uint32(t.data[4:])
	for at != 0 && !slices.Contains(pages, at) && len(pages) < maxTIFFPages {
		if int64(at)+2 > int64(len(t.data)) {
			return pages
		}
		pages = append(pages, at)
		next := int64(at) + 2 + 12*int64(t.order.Uint16(t.data[at:]))
		if next+4 > int64(len(t.data)) {
			return pages
		}
		at = t.order.Uint32(t.data[next:])
	}
	return pages
}

// turnTo makes a page the first, which is the one that is decoded.
func (t tiffFile) turnTo(page uint32) { t.order.PutUint32(t.data[4:], page) }

// decode returns the picture of a page.
func (t tiffFile) decode(page uint32) (image.Image, error) {
	t.turnTo(page)
	img, err := decodePicture(t.data)
	if errors.As(err, new(tiff.UnsupportedError)) || errors.As(err, new(tiff.FormatError)) {
		if img, err = t.page(page); err != nil {
			err = fmt.Errorf("%w: %w", ErrTIFF, err)
		}
	}
	return img, err
}

// The fields of a page that matter here (TIFF 6.0, part 1, and its Technical Note 2 for
// the tables of JPEG).
const (
	tiffWidth, tiffHeight, tiffBits            = 256, 257, 258
	tiffCompression, tiffPhotometric           = 259, 262
	tiffOffsets, tiffSamples, tiffRows         = 273, 277, 278
	tiffCounts, tiffPlanar, tiffPredictor      = 279, 284, 317
	tiffTileWidth, tiffTileHeight              = 322, 323
	tiffTileOffsets, tiffTileCounts, tiffExtra = 324, 325, 338
	tiffTables                                 = 347
)

// fields reads a page's directory, entries of 12 bytes.
func (t tiffFile) fields(at uint32) (fields map[uint16][]uint32, err error) {
	cut := errors.New("it is cut short, or damaged")
	const most = 1 << 16 // values of a field: strips, or bytes of JPEG's tables
	if int64(at)+2 > int64(len(t.data)) {
		return nil, cut
	}
	entries := t.data[at+2:]
	n := 12 * int(t.order.Uint16(t.data[at:]))
	if len(entries) < n+4 || n > 12*most/100 {
		return nil, cut
	}
	fields = make(map[uint16][]uint32)
	for e := range slices.Chunk(entries[:n], 12) {
		size, known := map[uint16]int64{1: 1, 3: 2, 4: 4, 7: 1}[t.order.Uint16(e[2:])]
		if !known {
			continue
		}
		count, values := int64(t.order.Uint32(e[4:])), e[8:]
		if count*size > 4 {
			start := int64(t.order.Uint32(values))
			if count > most || start+count*size > int64(len(t.data)) {
				return nil, cut
			}
			values = t.data[start:]
		}
		list := make([]uint32, count)
		for i := range list {
			switch v := values[int64(i)*size:]; size {
			case 1:
				list[i] = uint32(v[0])
			case 2:
				list[i] = uint32(t.order.Uint16(v))
			default:
				list[i] = t.order.Uint32(v)
			}
		}
		fields[t.order.Uint16(e)] = list
	}
	return fields, nil
}

// page reads a page whose samples have 8 bits each and lie together pixel by pixel, in
// strips or in tiles.
func (t tiffFile) page(at uint32) (img image.Image, err error) {
	fields, err := t.fields(at)
	if err != nil {
		return nil, err
	}
	first := func(field uint16, usual int) int {
		if values := fields[field]; len(values) > 0 {
			return int(values[0])
		}
		return usual
	}
	width, height, samples := first(tiffWidth, 0), first(tiffHeight, 0), first(tiffSamples, 1)
	part := image.Pt(width, min(first(tiffRows, height), height))
	offsets, counts := fields[tiffOffsets], fields[tiffCounts]
	if fields[tiffTileOffsets] != nil {
		part = image.Pt(first(tiffTileWidth, 0), first(tiffTileHeight, 0))
		offsets, counts = fields[tiffTileOffsets], fields[tiffTileCounts]
	}
	switch {
	case min(width, height, part.X, part.Y) < 1 || max(width, height, part.X, part.Y) > maxSide || width*height > maxPixels || part.X*part.Y > maxPixels:
		return nil, fmt.Errorf("it has %d by %d pixels", width, height)
	case int64((width+part.X-1)/part.X*part.X)*int64((height+part.Y-1)/part.Y*part.Y) > 2*maxPixels:
		return nil, fmt.Errorf("its parts have %d by %d pixels, and it %d by %d", part.X, part.Y, width, height)
	case first(tiffBits, 1) != 8 || samples < 1 || samples > 4:
		return nil, fmt.Errorf("it has %d samples a pixel, of %d bits", samples, first(tiffBits, 1))
	case first(tiffPlanar, 1) != 1 && samples > 1:
		return nil, errors.New("its colours lie apart from each other")
	case len(offsets) != len(counts):
		return nil, errors.New("it is damaged")
	}
	var tables []byte
	for _, b := range fields[tiffTables] {
		tables = append(tables, byte(b))
	}
	whole := image.NewNRGBA(image.Rect(0, 0, width, height))
	corner := image.Point{}
	for i, offset := range offsets {
		if corner.Y >= height {
			break
		}
		if int64(offset)+int64(counts[i]) > int64(len(t.data)) {
			return nil, errors.New("it is cut short")
		}
		packed := t.data[offset:][:counts[i]]
		var img image.Image
		if compression := first(tiffCompression, 1); compression == 7 {
			img, err = decodeJPEG(packed, tables)
		} else {
			img, err = tiffPart{
				size: part, samples: samples, predicted: first(tiffPredictor, 1) == 2,
				inverted: first(tiffPhotometric, 1) == 0, alpha: first(tiffExtra, 0) != 0 && samples%2 == 0,
			}.decode(compression, packed)
		}
		if err == nil && !img.Bounds().Size().In(image.Rectangle{Max: part.Add(image.Pt(1, 1))}) {
			err = fmt.Errorf("a part of it has %d by %d pixels, and should have %d by %d", img.Bounds().Dx(), img.Bounds().Dy(), part.X, part.Y)
		}
		if err != nil {
			return nil, err
		}
		draw.Draw(whole, image.Rectangle{corner, corner.Add(part)}, img, image.Point{}, draw.Src)
		if corner.X += part.X; corner.X >= width {
			corner = image.Pt(0, corner.Y+part.Y)
		}
	}
	return whole, nil
}

// decodeJPEG reads a part that is JPEG, whose tables may stand elsewhere.
func decodeJPEG(packed, tables []byte) (image.Image, error) {
	if len(tables) > 4 && len(packed) > 2 { // each between a mark of its begin and its end
		packed = append(bytes.Clone(tables[:len(tables)-2]), packed[2:]...)
	}
	return decodePicture(packed)
}

// A tiffPart is a strip or a tile, with what its bytes are.
type tiffPart struct {
	size      image.Point
	samples   int  // a pixel: gray, or red, green and blue; and then alpha, or something else
	predicted bool // each stands for the difference from the one before
	inverted  bool // 0 is white
	alpha     bool // the last one is
}

func (p tiffPart) decode(compression int, packed []byte) (img image.Image, err error) {
	r := io.Reader(bytes.NewReader(packed))
	switch compression {
	case 1:
	case 5:
		r = lzw.NewReader(r, lzw.MSB, 8)
	case 8, 32946:
		if r, err = zlib.NewReader(r); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("compression %d", compression)
	}
	row := make([]byte, p.size.X*p.samples)
	whole := image.NewNRGBA(image.Rectangle{Max: p.size})
	for y := range p.size.Y {
		if _, err := io.ReadFull(r, row); err != nil {
			if y > 0 { // the last strip is shorter
				break
			}
			return nil, err
		}
		if p.predicted {
			for i := p.samples; i < len(row); i++ {
				row[i] += row[i-p.samples]
			}
		}
		for x := range p.size.X {
			whole.SetNRGBA(x, y, p.pixel(row[x*p.samples:][:p.samples]))
		}
	}
	return whole, nil
}

func (p tiffPart) pixel(s []byte) color.NRGBA {
	c := color.NRGBA{s[0], s[0], s[0], 0xff}
	if p.samples > 2 {
		c.G, c.B = s[1], s[2]
	} else if p.inverted {
		c.R, c.G, c.B = ^s[0], ^s[0], ^s[0]
	}
	if p.alpha {
		c.A = s[p.samples-1]
	}
	return c
}
