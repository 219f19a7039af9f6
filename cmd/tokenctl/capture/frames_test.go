package capture

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"slices"
	"testing"
	"testing/iotest"
)

// testPicture is a picture of a size, with something in it.
func testPicture(side int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			img.Set(x, y, color.RGBA{byte(x * 7), byte(y * 13), byte(x * y), 255})
		}
	}
	return img
}

func encoded(tb testing.TB, side int, asPNG bool) []byte {
	var b bytes.Buffer
	encode := func() error { return jpeg.Encode(&b, testPicture(side), nil) }
	if asPNG {
		encode = func() error { return png.Encode(&b, testPicture(side)) }
	}
	if err := encode(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func framesOf(r io.Reader) (frames [][]byte, err error) {
	err = Frames(r, func(frame []byte) bool {
		frames = append(frames, frame)
		return true
	})
	return frames, err
}

func TestFrames(t *testing.T) {
	a, b, c := encoded(t, 40, true), encoded(t, 300, false), encoded(t, 8, false)
	thumbnail := slices.Concat(b[:2], []byte{0xff, 0xe1, byte((len(c) + 2) >> 8), byte(len(c) + 2)}, c, b[2:])
	part := func(kind string, body []byte) []byte {
		return fmt.Appendf(nil, "--frame\r\nContent-Type: image/%s\r\nContent-Length: %d\r\n\r\n%s\r\n", kind, len(body), body)
	}
	badChunk := slices.Clone(a)
	copy(badChunk[8:], "\xff\xff\xff\xff")
	for _, test := range []struct {
		name   string
		stream []byte
		want   [][]byte
	}{
		{"nothing", nil, nil},
		{"one", a, [][]byte{a}},
		{"several, of several sizes and formats", slices.Concat(a, b, c, a), [][]byte{a, b, c, a}},
		{"multipart", slices.Concat(part("jpeg", b), part("png", a), []byte("--frame--\r\n")), [][]byte{b, a}},
		{"a picture in a picture", slices.Concat(thumbnail, c), [][]byte{thumbnail, c}},
		{"something between them", slices.Concat(c, []byte("\x89PNG\xff\xd8\x00"), a, []byte{0xff, 0xd8}), [][]byte{c, a}},
		{"the last one is cut short", slices.Concat(c, b[:len(b)/2]), [][]byte{c, b[:len(b)/2]}},
		{"a JPEG is cut short", slices.Concat(b[:len(b)-1000], c), [][]byte{b[:len(b)-1000], c}},
		{"a PNG's chunk has no end", slices.Concat(badChunk, c), [][]byte{badChunk[:16], c}},
		{"fill bytes before a marker", slices.Concat(c[:len(c)-2], []byte{0xff, 0xff}, c[len(c)-2:]), [][]byte{slices.Concat(c[:len(c)-2], []byte{0xff, 0xff}, c[len(c)-2:])}},
	} {
		for _, r := range []io.Reader{bytes.NewReader(test.stream), iotest.OneByteReader(bytes.NewReader(test.stream))} {
			got, err := framesOf(r)
			if err != nil || !slices.EqualFunc(got, test.want, bytes.Equal) {
				t.Errorf("%s: %d frames, %v, want %d", test.name, len(got), err, len(test.want))
			}
		}
	}
}

// What a stream claims is not believed: no more memory is taken than has come.
func TestFramesAreBounded(t *testing.T) {
	endless := func(begin string, rest byte) io.Reader {
		return io.MultiReader(bytes.NewReader([]byte(begin)), repeated(rest))
	}
	for name, r := range map[string]io.Reader{
		"PNG":  endless(string(pngBegin)+"\x04\x00\x00\x00IDAT", 0),
		"JPEG": endless("\xff\xd8\xff\xda\x00\x02", 7),
		"none": repeated(7),
	} {
		if frames, err := framesOf(r); len(frames) > 0 || !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %d frames, %v", name, len(frames), err)
		}
	}
	failure := errors.New("the cable is out")
	if _, err := framesOf(io.MultiReader(bytes.NewReader(encoded(t, 9, true)), iotest.ErrReader(failure))); !errors.Is(err, failure) {
		t.Errorf("a reader that fails: %v", err)
	}
	taken := 0
	err := Frames(bytes.NewReader(bytes.Repeat(encoded(t, 9, true), 5)), func([]byte) bool { taken++; return taken < 2 })
	if err != nil || taken != 2 {
		t.Errorf("took %d frames, %v, where 2 were wanted", taken, err)
	}
}

// repeated is a byte, for ever.
type repeated byte

func (b repeated) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(b)
	}
	return len(p), nil
}

func TestIsStream(t *testing.T) {
	for begin, want := range map[string]bool{
		"":                                  false,
		"otpauth://totp/x":                  false,
		"%PDF-1.4":                          false,
		"--type":                            false,
		"--x\r\nContent-Type: text/plain":   false,
		"--x\r\nContent-type: image/jpeg\r": true,
		"\x89PNG\r\n\x1a\n":                 true,
		"\xff\xd8\xff\xe0":                  true,
		"\xff\xd8":                          false,
	} {
		if got := IsStream([]byte(begin)); got != want {
			t.Errorf("%q: %v", begin, got)
		}
	}
}

// Whatever comes, the frames are parts of it, in order, and begin as pictures do.
func FuzzFrames(f *testing.F) {
	a, b := encoded(f, 9, true), encoded(f, 9, false)
	f.Add(slices.Concat(a, b))
	f.Add(slices.Concat(b[:len(b)/2], a, []byte("--x\r\n"), b))
	f.Add([]byte("\xff\xd8\xff\xff\xff\xe0\x00\x00\xff\xd8\xff"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		frames, err := framesOf(bytes.NewReader(stream))
		if err != nil {
			t.Fatal(err)
		}
		rest := stream
		for _, frame := range frames {
			i := bytes.Index(rest, frame)
			if i < 0 || !bytes.HasPrefix(frame, pngBegin) && !bytes.HasPrefix(frame, jpegBegin[:2]) {
				t.Fatalf("%q is not of the stream", frame)
			}
			rest = rest[i+len(frame):]
		}
	})
}
