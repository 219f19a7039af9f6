package capture

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"slices"
)

// A Camera takes pictures, one after the other.
type Camera struct {
	Name          string // its device
	Width, Height int    // of its pictures, in pixels

	fourCC uint32
	next   func(ctx context.Context, use func(frame []byte)) error // the latest; its bytes are valid in use
	close  func()
}

// The pixel formats that are read (V4L2, "Image Formats"): nearly every camera has one.
const (
	yuyv = 'Y' | 'U'<<8 | 'Y'<<16 | 'V'<<24
	mjpg = 'M' | 'J'<<8 | 'P'<<16 | 'G'<<24
)

// maxCameraSide bounds a picture's width and height, in pixels.
const maxCameraSide = 8192

// Close releases the camera.
func (c *Camera) Close() { c.close() }

// Picture returns the camera's next picture. One that was damaged on its way is passed
// over, but not a hundred of them.
func (c *Camera) Picture(ctx context.Context) (picture image.Image, err error) {
	for range 100 {
		var damaged error
		if err := c.next(ctx, func(frame []byte) { picture, damaged = c.decode(frame) }); err != nil {
			return nil, err
		}
		if err = damaged; err == nil {
			return picture, nil
		}
	}
	return nil, fmt.Errorf("the camera's pictures are damaged: %w", err)
}

// decode makes a picture of a frame. It keeps nothing of it.
func (c *Camera) decode(frame []byte) (image.Image, error) {
	if c.fourCC == mjpg {
		config, err := jpeg.DecodeConfig(bytes.NewReader(frame))
		if err == nil && (config.Width > maxCameraSide || config.Height > maxCameraSide) {
			err = fmt.Errorf("%d by %d pixels", config.Width, config.Height)
		}
		if err != nil {
			return nil, err
		}
		return jpeg.Decode(bytes.NewReader(withHuffmanTables(frame)))
	}
	// Brightness is each second byte; rows may have more bytes than pixels need.
	stride := len(frame) / c.Height
	if stride < 2*c.Width {
		return nil, fmt.Errorf("%d bytes for %d by %d pixels", len(frame), c.Width, c.Height)
	}
	picture := image.NewGray(image.Rect(0, 0, c.Width, c.Height))
	for y := range c.Height {
		row := frame[y*stride:]
		for x := range c.Width {
			picture.Pix[y*picture.Stride+x] = row[2*x]
		}
	}
	return picture, nil
}

// withHuffmanTables adds the usual tables to a JPEG without any, as most cameras leave
// them out (ITU-T T.81, Annex K.3). They are those that image/jpeg writes.
func withHuffmanTables(frame []byte) []byte {
	marker := []byte{0xff, 0xc4} // DHT
	if bytes.Contains(frame, marker) {
		return frame
	}
	var other bytes.Buffer
	if err := jpeg.Encode(&other, image.NewRGBA(image.Rect(0, 0, 1, 1)), nil); err != nil {
		return frame
	}
	_, tables, _ := bytes.Cut(other.Bytes(), marker)
	tables = tables[:int(tables[0])<<8|int(tables[1])]
	return slices.Concat(frame[:2], marker, tables, frame[2:])
}
