//go:build unix && !darwin

package capture

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"io"
	"math/bits"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
	"golang.org/x/image/bmp"
)

// An x11 is a connection to an X server, which ends with a context.
type x11 struct {
	*xgb.Conn
	ctx    context.Context
	screen *xproto.ScreenInfo
	setup  *xproto.SetupInfo
}

func connectX11(ctx context.Context) (*x11, error) {
	xgb.Logger.SetOutput(io.Discard)
	conn, err := xgb.NewConn()
	if err != nil {
		return nil, fmt.Errorf("connecting to the X server: %w", err)
	}
	context.AfterFunc(ctx, conn.Close)
	setup := xproto.Setup(conn)
	return &x11{conn, ctx, setup.DefaultScreen(conn), setup}, nil
}

// failed returns why the server did not answer.
func (x *x11) failed(err error) error {
	if x.ctx.Err() != nil {
		return context.Cause(x.ctx)
	}
	return fmt.Errorf("asking the X server: %w", err)
}

// await passes over events until one fits.
func (x *x11) await(fits func(xgb.Event) bool) error {
	for {
		event, err := x.WaitForEvent()
		switch {
		case err != nil:
			return x.failed(err)
		case event == nil:
			return x.failed(io.ErrUnexpectedEOF)
		case fits(event):
			return nil
		}
	}
}

// atoms returns the server's numbers for names.
func (x *x11) atoms(names ...string) ([]xproto.Atom, error) {
	atoms := make([]xproto.Atom, len(names))
	for i, name := range names {
		reply, err := xproto.InternAtom(x.Conn, false, uint16(len(name)), name).Reply()
		if err != nil {
			return nil, x.failed(err)
		}
		atoms[i] = reply.Atom
	}
	return atoms, nil
}

// newWindow makes a window that is never shown, and receives changes to its properties.
func (x *x11) newWindow() (xproto.Window, error) {
	window, err := xproto.NewWindowId(x.Conn)
	if err == nil {
		err = xproto.CreateWindowChecked(x.Conn, 0, window, x.screen.Root, 0, 0, 1, 1, 0,
			xproto.WindowClassInputOnly, 0, xproto.CwEventMask, []uint32{xproto.EventMaskPropertyChange}).Check()
	}
	if err != nil {
		return 0, fmt.Errorf("making a window: %w", x.failed(err))
	}
	return window, nil
}

// x11Screen takes a picture of the root window, which shows all others.
func x11Screen(ctx context.Context) ([]byte, error) {
	x, err := connectX11(ctx)
	if err != nil {
		return nil, err
	}
	defer x.Close()
	root := xproto.Drawable(x.screen.Root)
	size, err := xproto.GetGeometry(x.Conn, root).Reply()
	if err != nil {
		return nil, x.failed(err)
	}
	shades, err := x.shades(size.Depth)
	if err != nil {
		return nil, err
	}
	width, height := int(size.Width), int(size.Height)
	if width*height > MaxSize {
		return nil, ErrTooLarge
	}
	picture := image.NewGray(image.Rect(0, 0, width, height))
	const strip = 64 // rows, of 16 MB at most
	for y := 0; y < height; y += strip {
		rows := min(strip, height-y)
		part, err := xproto.GetImage(x.Conn, xproto.ImageFormatZPixmap, root, 0, int16(y), size.Width, uint16(rows), 1<<32-1).Reply()
		if err != nil {
			return nil, x.failed(err)
		}
		stride := shades.stride(width)
		if len(part.Data) < rows*stride {
			return nil, fmt.Errorf("%w: %d bytes instead of %d", ErrScreen, len(part.Data), rows*stride)
		}
		for row := range rows {
			shades.row(picture.Pix[(y+row)*picture.Stride:][:width], part.Data[row*stride:])
		}
	}
	var file bytes.Buffer
	err = bmp.Encode(&file, picture)
	return file.Bytes(), err
}

// shades makes shades of grey of pixels (X Window System Protocol, "Connection Setup").
type shades struct {
	bytes, pad       int // of a pixel; rows are a multiple of pad bytes long
	order            binary.ByteOrder
	red, green, blue uint32 // masks
}

// shades returns how to read pixels of the root window.
func (x *x11) shades(depth byte) (s shades, err error) {
	s.order = binary.LittleEndian
	if x.setup.ImageByteOrder == xproto.ImageOrderMSBFirst {
		s.order = binary.BigEndian
	}
	for _, f := range x.setup.PixmapFormats {
		if f.Depth == depth {
			s.bytes, s.pad = int(f.BitsPerPixel)/8, max(1, int(f.ScanlinePad)/8)
		}
	}
	for _, d := range x.screen.AllowedDepths {
		for _, v := range d.Visuals {
			if v.VisualId == x.screen.RootVisual {
				s.red, s.green, s.blue = v.RedMask, v.GreenMask, v.BlueMask
			}
		}
	}
	if s.bytes != 2 && s.bytes != 4 || s.red == 0 || s.green == 0 || s.blue == 0 {
		return s, fmt.Errorf("%w: its colours have %d bits, without masks", ErrScreen, depth)
	}
	return s, nil
}

func (s shades) stride(width int) int { return (width*s.bytes + s.pad - 1) / s.pad * s.pad }

// row reads a row of pixels.
func (s shades) row(into, pixels []byte) {
	channel := func(pixel, mask uint32) uint32 {
		shift := bits.TrailingZeros32(mask)
		return uint32(uint64(pixel&mask>>shift) * 255 / uint64(mask>>shift))
	}
	for i := range into {
		var p uint32
		if at := pixels[i*s.bytes:]; s.bytes == 2 {
			p = uint32(s.order.Uint16(at))
		} else {
			p = s.order.Uint32(at)
		}
		// The weights of ITU-R BT.601, as image/color has them.
		into[i] = byte((299*channel(p, s.red) + 587*channel(p, s.green) + 114*channel(p, s.blue)) / 1000)
	}
}

// x11Clipboard asks the clipboard's owner for one format after the other (ICCCM, "Use of
// Selection Atoms").
func x11Clipboard(ctx context.Context) ([]byte, error) {
	x, err := connectX11(ctx)
	if err != nil {
		return nil, err
	}
	defer x.Close()
	window, err := x.newWindow()
	if err != nil {
		return nil, err
	}
	for _, format := range formats {
		data, err := x.convert(window, format)
		if err != nil || len(data) > 0 {
			return data, err
		}
	}
	return nil, ErrEmpty
}

// convert returns the clipboard in a format, or nothing if its owner does not have it.
func (x *x11) convert(window xproto.Window, format string) ([]byte, error) {
	atoms, err := x.atoms("CLIPBOARD", "TOKENCTL", "INCR", format)
	if err != nil {
		return nil, err
	}
	clipboard, property, inParts, target := atoms[0], atoms[1], atoms[2], atoms[3]
	xproto.ConvertSelection(x.Conn, window, clipboard, target, property, xproto.TimeCurrentTime)

	there := false
	err = x.await(func(event xgb.Event) bool { // from its owner, or, if there is none, the server
		answer, ok := event.(xproto.SelectionNotifyEvent)
		there = ok && answer.Property == property
		return ok && answer.Selection == clipboard && answer.Target == target
	})
	if err != nil || !there {
		return nil, err
	}
	data, kind, err := x.property(window, property)
	if err != nil || kind != inParts {
		return data, err
	}
	// The parts come one by one, each when the one before was deleted; an empty one is the
	// end (ICCCM, "INCR Properties").
	for data = nil; ; {
		err := x.await(func(event xgb.Event) bool {
			news, ok := event.(xproto.PropertyNotifyEvent)
			return ok && news.Atom == property && news.State == xproto.PropertyNewValue
		})
		if err != nil {
			return nil, err
		}
		part, _, err := x.property(window, property)
		switch {
		case err != nil:
			return nil, err
		case len(part) == 0:
			return data, nil
		case len(data)+len(part) > MaxSize:
			return nil, ErrTooLarge
		}
		data = append(data, part...)
	}
}

// property takes a property from a window.
func (x *x11) property(window xproto.Window, name xproto.Atom) (value []byte, kind xproto.Atom, err error) {
	reply, err := xproto.GetProperty(x.Conn, true, window, name, xproto.GetPropertyTypeAny, 0, MaxSize/4).Reply()
	switch {
	case err != nil:
		return nil, 0, x.failed(err)
	case reply.BytesAfter > 0:
		return nil, 0, ErrTooLarge
	}
	return reply.Value, reply.Type, nil
}
