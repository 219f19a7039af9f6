package paper

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/qr"
)

// frame is a picture of a QR code, as PNG or JPEG, of any size; or of nothing.
func frame(t *testing.T, text string, scale int, asPNG bool) []byte {
	t.Helper()
	var img image.Image = image.NewGray(image.Rect(0, 0, 100, 100))
	if text != "" {
		symbol, err := qr.Encode(text, qr.LevelM)
		if err != nil {
			t.Fatal(err)
		}
		img = symbol.Image(scale)
		if asPNG {
			var b bytes.Buffer
			if err := symbol.WritePNG(&b, scale); err != nil {
				t.Fatal(err)
			}
			return b.Bytes()
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// until returns what is missing until all texts were seen.
func until(want ...string) func(texts []string) []string {
	return func(texts []string) []string {
		return slices.DeleteFunc(slices.Clone(want), func(text string) bool { return slices.Contains(texts, text) })
	}
}

func TestStreamOfPictures(t *testing.T) {
	a, b, none := frame(t, "aaa", 4, true), frame(t, "bbb", 9, false), frame(t, "", 0, false)
	damaged := slices.Concat(b[:len(b)/2], b[len(b)-2:])
	_, damage := jpeg.Decode(bytes.NewReader(damaged))
	for _, test := range []struct {
		name    string
		stream  [][]byte
		missing func([]string) []string
		want    []string
		err     error
		said    string
	}{
		{"one picture", [][]byte{a}, nothingMissing, []string{"aaa"}, nil, ""},
		{"one picture with something missing", [][]byte{a}, until("aaa", "bbb"), []string{"aaa"}, nil, ""},
		{"one picture with rubbish behind it", [][]byte{a, []byte("rubbish")}, nothingMissing, []string{"aaa"}, nil, ""},
		{"the same again", [][]byte{none, a, a, a, b}, until("aaa", "bbb"), []string{"aaa", "bbb"}, nil,
			"standard input: 1 QR code so far. Missing: bbb.\nstandard input: 2 QR codes in 5 pictures.\n"},
		{"complete before the end", [][]byte{none, a, b, a}, until("aaa"), []string{"aaa"}, nil,
			"standard input: 1 QR code in 2 pictures; that is all, and what follows was not looked at.\n"},
		{"some are damaged", [][]byte{damaged, a, damaged}, until("aaa", "ccc"), []string{"aaa"}, nil,
			"standard input: 1 QR code so far. Missing: ccc.\nstandard input: 1 QR code in 3 pictures, 2 of them damaged.\n"},
		{"much is missing", [][]byte{none, a}, until("1", "2", "3", "4", "\x1b[2J"), []string{"aaa"}, nil,
			"standard input: 1 QR code so far. Missing: 1; 2; 3; 2 more.\nstandard input: 1 QR code in 2 pictures.\n"},
		{"all are damaged", [][]byte{damaged, damaged}, nothingMissing, nil, damage,
			"standard input: 0 QR codes in 2 pictures, 2 of them damaged.\n"},
		{"nothing on them", [][]byte{none, none}, nothingMissing, nil, qr.ErrNoQR, "standard input: 0 QR codes in 2 pictures.\n"},
		{"nothing on it", [][]byte{none}, nothingMissing, nil, qr.ErrNoQR, ""},
	} {
		var said strings.Builder
		c := &term.Console{In: bytes.NewReader(slices.Concat(test.stream...)), Err: &said}
		found, err := Texts(t.Context(), c, File("-"), test.missing)
		if !errors.Is(err, test.err) || !slices.Equal(found.Texts, test.want) || said.String() != test.said {
			t.Errorf("%s: %q, %v, %q; want %q, %v, %q", test.name, found.Texts, err, said.String(), test.want, test.err, test.said)
		}
	}
}

// A stream that goes on after all is there is not read on: a camera's has no end.
func TestStreamWithoutEnd(t *testing.T) {
	a := frame(t, "aaa", 5, false)
	read := 0
	endless := readerFunc(func(p []byte) (int, error) {
		if read > 1<<20 {
			return 0, errors.New("it was read on")
		}
		for i := range p {
			p[i] = a[(read+i)%len(a)]
		}
		read += len(p)
		return len(p), nil
	})
	c := &term.Console{In: endless, Err: io.Discard}
	found, err := Texts(t.Context(), c, File("-"), nothingMissing)
	if err != nil || !slices.Equal(found.Texts, []string{"aaa"}) {
		t.Errorf("%q, %v", found.Texts, err)
	}
	if limit := 3*len(a) + 1<<18; read > limit {
		t.Errorf("read %d bytes, where %d were enough", read, limit)
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// A sheet's stream says what is missing as it goes on.
func TestStreamOfSheet(t *testing.T) {
	other := frame(t, "https://example.com", 4, true)
	account := frame(t, testURI, 4, true)
	var said strings.Builder
	c := &term.Console{In: bytes.NewReader(slices.Concat(other, account, other, other)), Err: &said}
	var r sheet.Reader
	digests, failures, err := Read(t.Context(), c, Live{}.Sources("-"), &r)
	if err != nil || len(failures) > 0 || len(digests) > 0 {
		t.Fatalf("%q, %v, %v", digests, failures, err)
	}
	contents, err := r.Contents("")
	if err != nil || len(contents.Accounts) != 1 {
		t.Errorf("%d accounts, %v", len(contents.Accounts), err)
	}
	if !strings.HasSuffix(said.String(), "standard input: 1 QR code in 4 pictures.\n") ||
		!strings.Contains(said.String(), "Missing: the list of contents") {
		t.Errorf("said %q", said.String())
	}
	if note := strings.Join(contents.Notes, " "); !strings.Contains(note, "1 QR code is not of a recovery sheet") {
		t.Errorf("noted %q", note)
	}
}
