package exchange

import (
	"archive/zip"
	"bytes"
	"errors"
	"strings"
	"testing"
)

// zipOf makes an archive of names and texts.
func zipOf(namesAndTexts ...string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(namesAndTexts); i += 2 {
		w, err := z.Create(namesAndTexts[i])
		if err == nil {
			_, err = w.Write([]byte(namesAndTexts[i+1]))
		}
		if err != nil {
			panic(err)
		}
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func TestZip(t *testing.T) {
	encrypted := zipOf("raivo-otp-export.json", "{}")
	for header, flags := range map[string]int{"PK\x03\x04": 6, "PK\x01\x02": 8} { // local and central
		encrypted[bytes.Index(encrypted, []byte(header))+flags] |= 1
	}
	bomb := zipOf("export.data", strings.Repeat(" ", maxUnpacked+1))
	if len(bomb) > maxUnpacked/500 {
		t.Errorf("the bomb has %d bytes", len(bomb))
	}
	nested := zipOf("data.json", string(zipOf("data.json", bitwardenItems())))
	for _, tt := range []struct {
		name string
		data []byte
		want error
	}{
		{"a bomb", bomb, ErrDamaged},
		{"a bomb with a false size", bytes.ReplaceAll(bomb, []byte{1, 0, 0, 8}, []byte{1, 0, 0, 0}), ErrDamaged},
		{"an archive in an archive", nested, ErrUnknown},
		{"two files with accounts", zipOf("data.json", "{}", "export.data", "{}"), ErrDamaged},
		{"another archive", zipOf("word/document.xml", "<x/>"), ErrUnknown},
		{"no archive", []byte(zipMagic + "..."), ErrDamaged},
	} {
		if _, err := Read(tt.data, nil); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	for _, closed := range [][]byte{encrypted, zipOf("Proton Pass/data.pgp", "-----BEGIN PGP MESSAGE-----\n\nwx4=")} {
		if _, err := Read(closed, nil); !errors.As(err, new(*ClosedError)) {
			t.Errorf("%.40q: %v", closed, err)
		}
	}
}
