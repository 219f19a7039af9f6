package qr

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"io"
	"slices"
	"testing"
)

func TestTIFFPages(t *testing.T) {
	tests := map[string]struct {
		file string
		want []uint32
	}{
		"not a TIFF":      {"\x89PNG\r\n\x1a\n", nil},
		"short":           {"II*\x00\x08\x00", nil},
		"no page":         {"II*\x00\x00\x00\x00\x00", nil},
		"a page":          {"II*\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00", []uint32{8}},
		"big endian":      {"MM\x00*\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00", []uint32{8}},
		"with an entry":   {"II*\x00\x08\x00\x00\x00\x01\x00............\x1a\x00\x00\x00\x00\x00\x00\x00\x00\x00", []uint32{8, 26}},
		"cut off":         {"II*\x00\x08\x00\x00\x00\x01\x00....", []uint32{8}},
		"beyond the end":  {"II*\x00\x08\x00\x00\x00\x00\x00\xff\xff\xff\xff", []uint32{8}},
		"in a loop":       {"II*\x00\x08\x00\x00\x00\x00\x00\x08\x00\x00\x00", []uint32{8}},
		"into the header": {"II*\x00\x08\x00\x00\x00\x00\x00\x04\x00\x00\x00", []uint32{8, 4}},
	}
	for name, tt := range tests {
		if got := newTIFF([]byte(tt.file)).pages(); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

func FuzzTIFFPages(f *testing.F) {
	f.Add([]byte("II*\x00\x08\x00\x00\x00\x01\x00............\x1a\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte("MM\x00*\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file := newTIFF(data)
		pages := file.pages()
		for _, page := range pages {
			file.turnTo(page)
			if got := file.pages(); len(got) == 0 || got[0] != page {
				t.Errorf("turned to %d, found %v", page, got)
			}
		}
		if len(pages) > maxTIFFPages {
			t.Errorf("%d pages", len(pages))
		}
	})
}

// What golang.org/x/image/tiff does not read.
func TestUnusualTIFF(t *testing.T) {
	for name, how := range map[string]int{
		"with JPEG": 0, "with JPEG and tables": tiffTables, "with gray and alpha": tiffExtra, "with alpha, predicted": tiffPredictor,
	} {
		texts, err := Read(bytes.NewReader(tiffOf(t, how)))
		if err != nil || !slices.Equal(texts, []string{testURI(0)}) {
			t.Errorf("%s: %q, %v", name, texts, err)
		}
	}
	file := tiffOf(t, 0)
	for name, test := range map[string]struct {
		file []byte
		want error
	}{
		"half of it":        {file[:200], io.ErrUnexpectedEOF},
		"other compression": {bytes.Replace(file, []byte{3, 1, 3, 0, 1, 0, 0, 0, 7}, []byte{3, 1, 3, 0, 1, 0, 0, 0, 99}, 1), ErrTIFF},
	} {
		if texts, err := Read(bytes.NewReader(test.file)); !errors.Is(err, test.want) {
			t.Errorf("%s: %q, %v, want %v", name, texts, err, test.want)
		}
	}
}

// tiffOf returns a QR code as a TIFF in two strips: with JPEG, whose quantization tables
// are elsewhere for tiffTables; or, for tiffExtra and tiffPredictor, as black
// with alpha, which are where the picture is dark.
func tiffOf(tb testing.TB, how int) []byte {
	tb.Helper()
	symbol, err := Encode(testURI(0), LevelM)
	if err != nil {
		tb.Fatal(err)
	}
	picture := symbol.Image(4)
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
		f.Add(tiffOf(f, how))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) < 8 || len(data) > 1<<14 {
			t.Skip()
		}
		tiff := newTIFF(data)
		if tiff.order == nil {
			t.Skip()
		}
		at := tiff.order.Uint32(data[4:])
		fields, _ := tiff.fields(at)
		for _, field := range []uint16{tiffWidth, tiffHeight, tiffTileWidth, tiffTileHeight} {
			if values := fields[field]; len(values) > 0 && values[0] > 1000 { // which only takes time
				t.Skip()
			}
		}
		tiff.page(at)
	})
}
