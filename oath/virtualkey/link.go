package virtualkey

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
)

// Control bytes of vpcd: frames of one byte. Only the request for the ATR is
// answered. Source: virtualsmartcard/src/vpcd/vpcd.h of
// https://github.com/frankmorgner/vsmartcard.
const (
	linkPowerOff = 0x00
	linkPowerOn  = 0x01
	linkReset    = 0x02
	linkATR      = 0x04
)

// Connect plugs the key into the vpcd slot at a TCP address, host and port, and
// serves it until the context ends. Its errors are those of [net.Dialer] and [Key.Serve].
func (k *Key) Connect(ctx context.Context, address string, plugged func()) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("connecting to the reader: %w", err)
	}
	return k.Serve(ctx, conn, plugged)
}

// Serve answers the vpcd reader at the other end of conn. It calls plugged, if
// that is not nil, once the reader has found the key. It returns nil when the
// context ends, which pulls the key out; [io.EOF] when the reader hangs up; and
// [ErrPulled] when [Key.Pull], another port or a fault pulled the key out. It
// closes conn.
func (k *Key) Serve(ctx context.Context, conn net.Conn, plugged func()) error {
	conn = hasten(conn)
	inside, pull := k.plugIn()
	defer pull()
	port, unplug := context.WithCancelCause(ctx)
	defer unplug(nil)
	defer context.AfterFunc(inside, func() { unplug(ErrPulled) })()

	frames := make(chan []byte)
	done := make(chan struct{})
	go func() {
		defer close(done)
		unplug(readFrames(port, conn, frames))
	}()
	err := k.serve(port, conn, frames, plugged)
	unplug(err)
	conn.Close()
	<-done
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// serve answers frames until the port's context ends.
func (k *Key) serve(port context.Context, conn net.Conn, frames <-chan []byte, plugged func()) error {
	for {
		select {
		case <-port.Done():
			return context.Cause(port)
		case frame := <-frames:
			if plugged != nil {
				plugged()
				plugged = nil
			}
			if err := k.answer(port, conn, frame); err != nil {
				return err
			}
		}
	}
}

// answer executes one frame from the reader.
func (k *Key) answer(ctx context.Context, w io.Writer, frame []byte) error {
	if len(frame) != 1 {
		reply, err := k.TransmitContext(ctx, frame)
		if err != nil {
			return err
		}
		return writeFrame(w, reply)
	}
	switch frame[0] {
	case linkPowerOff, linkPowerOn, linkReset:
		k.Reset()
	case linkATR:
		return writeFrame(w, k.ATR())
	}
	return nil
}

// readFrames reads ahead of the answers, so that a reader which hangs up is
// noticed while the key waits for a touch.
func readFrames(ctx context.Context, conn net.Conn, frames chan<- []byte) error {
	for {
		frame, err := readFrame(conn)
		if err != nil {
			return err
		}
		select {
		case frames <- frame:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// readFrame reads a frame: its length, two bytes big-endian, and its bytes. The
// end of the stream is io.EOF, also in the middle of a frame.
func readFrame(r io.Reader) ([]byte, error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, linkError(err)
	}
	frame := make([]byte, binary.BigEndian.Uint16(head[:]))
	if _, err := io.ReadFull(r, frame); err != nil {
		return nil, linkError(err)
	}
	return frame, nil
}

func linkError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the reader hung up: %w", io.EOF)
	}
	return fmt.Errorf("reading from the reader: %w", err)
}

func writeFrame(w io.Writer, b []byte) error {
	if len(b) > math.MaxUint16 {
		return fmt.Errorf("a response of %d bytes does not fit a frame", len(b))
	}
	frame := binary.BigEndian.AppendUint16(make([]byte, 0, 2+len(b)), uint16(len(b)))
	if _, err := w.Write(append(frame, b...)); err != nil {
		return fmt.Errorf("writing to the reader: %w", err)
	}
	return nil
}
