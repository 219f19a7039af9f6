package capture

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"slices"
	"testing"
)

// yuyvOf makes a frame of a picture, with some bytes more in each row.
func yuyvOf(img image.Image, padding int) (frame []byte) {
	size := img.Bounds().Size()
	for y := range size.Y {
		for x := range size.X {
			frame = append(frame, color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y, 128)
		}
		frame = append(frame, make([]byte, padding)...)
	}
	return frame
}

func TestCameraDecodes(t *testing.T) {
	img := testPicture(64)
	for _, padding := range []int{0, 32} {
		c := &Camera{Width: 64, Height: 64, fourCC: yuyv}
		got, err := c.decode(yuyvOf(img, padding))
		if err != nil || got.Bounds() != img.Bounds() {
			t.Fatalf("YUYV: %v", err)
		}
		for y := range 64 {
			for x := range 64 {
				if want := color.GrayModel.Convert(img.At(x, y)); got.At(x, y) != want {
					t.Fatalf("YUYV, padding %d: pixel %d, %d is %v, want %v", padding, x, y, got.At(x, y), want)
				}
			}
		}
	}
	// As most cameras give it: without the tables.
	whole := encoded(t, 64, false)
	bare := whole
	for {
		i := bytes.Index(bare, []byte{0xff, 0xc4})
		if i < 0 {
			break
		}
		bare = slices.Concat(bare[:i], bare[i+2+int(bare[i+2])<<8+int(bare[i+3]):])
	}
	want, err := jpeg.Decode(bytes.NewReader(whole))
	if err != nil || len(bare) == len(whole) {
		t.Fatal(err)
	}
	c := &Camera{Width: 64, Height: 64, fourCC: mjpg}
	for _, frame := range [][]byte{whole, bare} {
		got, err := c.decode(frame)
		if err != nil || !bytes.Equal(got.(*image.YCbCr).Y, want.(*image.YCbCr).Y) {
			t.Errorf("MJPEG of %d bytes: %v", len(frame), err)
		}
	}
}

// Damaged pictures are passed over, but not for ever.
func TestCameraPassesOverDamage(t *testing.T) {
	whole := encoded(t, 16, false)
	huge := slices.Clone(whole)
	i := bytes.Index(huge, []byte{0xff, 0xc0}) // SOF0: length, precision, height, width
	copy(huge[i+5:], "\xff\xff\xff\xff")
	frames := [][]byte{nil, whole[:20], huge, []byte("no picture"), whole}
	n := 0
	c := &Camera{fourCC: mjpg, next: func(_ context.Context, use func([]byte)) error {
		use(frames[min(n, len(frames)-1)])
		n++
		return nil
	}}
	if picture, err := c.Picture(t.Context()); err != nil || picture.Bounds().Dx() != 16 || n != len(frames) {
		t.Errorf("after %d frames: %v", n, err)
	}
	n, frames = 0, frames[:2]
	if _, err := c.Picture(t.Context()); err == nil || n != 100 {
		t.Errorf("after %d damaged frames: %v", n, err)
	}
	short := &Camera{Width: 64, Height: 64, fourCC: yuyv}
	if _, err := short.decode(make([]byte, 64*64*2-1)); err == nil {
		t.Error("a frame of YUYV that is too short was taken")
	}
	gone := errors.New("unplugged")
	c.next = func(context.Context, func([]byte)) error { return gone }
	if _, err := c.Picture(t.Context()); !errors.Is(err, gone) {
		t.Errorf("unplugged: %v", err)
	}
}
