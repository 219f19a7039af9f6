package paper

import (
	"bytes"
	"context"
	"errors"
	"image"
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

func nothingMissing([]string) []string { return nil }

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
		found, err := Texts(context.Background(), c, File("-"), nothingMissing)
		if err != nil || !slices.Equal(found.Texts, []string{testURI}) {
			t.Errorf("%s: %q, %v", name, found.Texts, err)
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
		"picture alone": {string(encode(func(w io.Writer) error { return png.Encode(w, image.NewGray(image.Rect(0, 0, 9, 9))) })), qr.ErrNoQR},
	} {
		c := &term.Console{In: bytes.NewReader([]byte(test.file)), Err: io.Discard}
		if found, err := Texts(context.Background(), c, File("-"), nothingMissing); !errors.Is(err, test.want) {
			t.Errorf("%s: %q, %v, want %v", name, found.Texts, err, test.want)
		}
	}
}
