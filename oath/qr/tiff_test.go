package qr

import (
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
		if got := tiffPages([]byte(tt.file)); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

func FuzzTIFFPages(f *testing.F) {
	f.Add([]byte("II*\x00\x08\x00\x00\x00\x01\x00............\x1a\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte("MM\x00*\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		pages := tiffPages(data)
		for _, page := range pages {
			turnTo(data, page)
			if got := tiffPages(data); len(got) == 0 || got[0] != page {
				t.Errorf("turned to %d, found %v", page, got)
			}
		}
		if len(pages) > maxTIFFPages {
			t.Errorf("%d pages", len(pages))
		}
	})
}
