package paper

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/qr"
)

const testURI = "otpauth://totp/Example:alice@example.com?secret=JBSWY3DPEHPK3PXP&issuer=Example"

func testPicture(tb testing.TB) image.Image {
	symbol, err := qr.Encode(testURI, qr.LevelM)
	if err != nil {
		tb.Fatal(err)
	}
	return symbol.Image(4)
}

// Whatever restore reads, enroll does, and the other way round.
func TestEveryFormatIsRead(t *testing.T) {
	picture := testPicture(t)
	encode := func(encode func(io.Writer) error) []byte {
		var b bytes.Buffer
		if err := encode(&b); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	files := map[string][]byte{
		"png":  encode(func(w io.Writer) error { return png.Encode(w, picture) }),
		"jpeg": encode(func(w io.Writer) error { return jpeg.Encode(w, picture, nil) }),
		"gif":  encode(func(w io.Writer) error { return gif.Encode(w, picture, nil) }),
		"bmp":  encode(func(w io.Writer) error { return bmp.Encode(w, picture) }),
		"tiff": encode(func(w io.Writer) error { return tiff.Encode(w, picture, nil) }),
		"text": []byte("\ufeff" + testURI + "\r\n"),

		"TIFF with JPEG":             tiffOf(t, picture, 0),
		"TIFF with JPEG and tables":  tiffOf(t, picture, tiffTables),
		"TIFF with gray and alpha":   tiffOf(t, picture, tiffExtra),
		"TIFF with alpha, predicted": tiffOf(t, picture, tiffPredictor),
	}
	for _, name := range []string{"lossy.webp", "lossless.webp"} {
		file, err := os.ReadFile(filepath.Join("../../../oath/qr/testdata/webp", name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = file
	}
	for name, file := range files {
		c := &term.Console{In: bytes.NewReader(file), Err: io.Discard}
		_, _, texts, err := Texts(context.Background(), c, "-")
		if err != nil || !slices.Equal(texts, []string{testURI}) {
			t.Errorf("%s: %q, %v", name, texts, err)
		}
	}
	for name, test := range map[string]struct {
		file string
		want error
	}{
		"nothing":       {" \n", errEmpty},
		"rubbish":       {"\x00\xff\n\x00", errNoScan},
		"SVG":           {`<?xml version="1.0"?><!-- x --><svg xmlns="http://www.w3.org/2000/svg">`, errSVG},
		"HEIC":          {"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", qr.ErrFormat},
		"half a TIFF":   {string(files["TIFF with JPEG"][:200]), io.ErrUnexpectedEOF},
		"picture alone": {string(encode(func(w io.Writer) error { return png.Encode(w, image.NewGray(image.Rect(0, 0, 9, 9))) })), qr.ErrNoQR},
		"odd TIFF":      {string(bytes.Replace(files["TIFF with JPEG"], []byte{3, 1, 3, 0, 1, 0, 0, 0, 7}, []byte{3, 1, 3, 0, 1, 0, 0, 0, 99}, 1)), errTIFF},
	} {
		c := &term.Console{In: bytes.NewReader([]byte(test.file)), Err: io.Discard}
		if _, _, texts, err := Texts(context.Background(), c, "-"); !errors.Is(err, test.want) {
			t.Errorf("%s: %q, %v, want %v", name, texts, err, test.want)
		}
	}
}

// tiffOf writes a picture as a TIFF in two strips: with JPEG, the quantization tables
// of which stand elsewhere for tiffTables; or, for tiffExtra and tiffPredictor, as black
// with alpha, which are where the picture is dark.
func tiffOf(tb testing.TB, picture image.Image, how int) []byte {
	tb.Helper()
	size := picture.Bounds().Size()
	rows := size.Y/16/2*16 + 16
	file := []byte("II*\x00\x00\x00\x00\x00")
	var offsets, counts, tables []byte
	for y := 0; y < size.Y; y += rows {
		strip := image.NewGray(image.Rect(0, 0, size.X, min(rows, size.Y-y)))
		draw.Draw(strip, strip.Rect, picture, image.Pt(0, y), draw.Src)
		var b bytes.Buffer
		switch how {
		case 0, tiffTables:
			if err := jpeg.Encode(&b, strip, nil); err != nil {
				tb.Fatal(err)
			}
		default:
			w := zlib.NewWriter(&b)
			for y := range strip.Rect.Dy() {
				before := byte(0)
				for x := range size.X {
					alpha := 0xff - strip.At(x, y).(color.Gray).Y
					value := alpha
					if how == tiffPredictor {
						value -= before
					}
					before = alpha
					w.Write([]byte{0, value})
				}
			}
			w.Close()
		}
		packed := b.Bytes()
		if how == tiffTables { // DQT comes first
			end := 4 + int(packed[4])<<8 + int(packed[5])
			tables = append(bytes.Clone(packed[:end]), 0xff, 0xd9)
			packed = append([]byte{0xff, 0xd8}, packed[end:]...)
		}
		offsets = binary.LittleEndian.AppendUint32(offsets, uint32(len(file)))
		counts = binary.LittleEndian.AppendUint32(counts, uint32(len(packed)))
		file = append(file, packed...)
	}
	var entries []byte
	entry := func(tag, kind, count int, value []byte) {
		entries = binary.LittleEndian.AppendUint16(entries, uint16(tag))
		entries = binary.LittleEndian.AppendUint16(entries, uint16(kind))
		entries = binary.LittleEndian.AppendUint32(entries, uint32(count))
		if len(value) > 4 {
			value, file = binary.LittleEndian.AppendUint32(nil, uint32(len(file))), append(file, value...)
		}
		entries = append(entries, append(value, 0, 0, 0, 0)[:4]...)
	}
	short := func(tag, value int) { entry(tag, 3, 1, binary.LittleEndian.AppendUint16(nil, uint16(value))) }
	short(tiffWidth, size.X)
	short(tiffHeight, size.Y)
	packed := how != 0 && how != tiffTables
	if packed {
		entry(tiffBits, 3, 2, []byte{8, 0, 8, 0})
		short(tiffCompression, 8)
	} else {
		short(tiffBits, 8)
		short(tiffCompression, 7)
	}
	short(tiffPhotometric, 1)
	entry(tiffOffsets, 4, len(offsets)/4, offsets)
	if packed {
		short(tiffSamples, 2)
	}
	short(tiffRows, rows)
	entry(tiffCounts, 4, len(counts)/4, counts)
	if how == tiffPredictor {
		short(tiffPredictor, 2)
	}
	if packed {
		short(tiffExtra, 2)
	}
	if how == tiffTables {
		entry(tiffTables, 7, len(tables), tables)
	}
	binary.LittleEndian.PutUint32(file[4:], uint32(len(file)))
	file = binary.LittleEndian.AppendUint16(file, uint16(len(entries)/12))
	return append(append(file, entries...), 0, 0, 0, 0)
}

// No TIFF makes the reader panic.
func FuzzTIFF(f *testing.F) {
	for _, how := range []int{0, tiffTables, tiffPredictor} {
		f.Add(tiffOf(f, testPicture(f), how))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) < 8 || len(data) > 1<<14 {
			t.Skip()
		}
		tiff := newTIFF(data)
		at := tiff.order.Uint32(data[4:])
		fields, _, _ := tiff.fields(at)
		for _, field := range []uint16{tiffWidth, tiffHeight, tiffTileWidth, tiffTileHeight} {
			if values := fields[field]; len(values) > 0 && values[0] > 1000 { // which only takes time
				t.Skip()
			}
		}
		tiff.page(at)
	})
}
