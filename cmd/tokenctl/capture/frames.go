package capture

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
)

var (
	pngBegin  = []byte("\x89PNG\r\n\x1a\n") // PNG, "PNG signature"
	jpegBegin = []byte{0xff, 0xd8, 0xff}    // ITU-T T.81, B.1.1.3: SOI, and the next marker
)

// IsStream reports whether what begins like this may have more pictures behind the first:
// PNG or JPEG, alone or in multipart/x-mixed-replace, as cameras in a network serve it.
func IsStream(begin []byte) bool {
	return bytes.HasPrefix(begin, pngBegin) || bytes.HasPrefix(begin, jpegBegin) ||
		bytes.HasPrefix(begin, []byte("--")) && bytes.Contains(bytes.ToLower(begin), []byte("\ncontent-type: image/"))
}

// Frames hands over the pictures of a stream one after the other, each the bytes of a PNG
// or a JPEG, until take returns false or the stream ends. What is between them is passed
// over. A picture is not looked at beyond where it ends: one that is cut short is handed
// over as it is. It returns ErrTooLarge for more than MaxSize bytes of one, or between
// two, and the reader's error.
func Frames(r io.Reader, take func(frame []byte) bool) error {
	s := stream{in: bufio.NewReaderSize(r, 1<<16)}
	for {
		s.frame = nil
		err := s.next()
		if errors.Is(err, ErrTooLarge) {
			return err
		}
		if len(s.frame) > 0 && !take(s.frame) {
			return nil
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// A stream collects the frame that it is at.
type stream struct {
	in    *bufio.Reader
	frame []byte
}

// next collects the next picture. It gives up what is none for too long.
func (s *stream) next() error {
	for range MaxSize {
		begin, err := s.in.Peek(len(pngBegin))
		switch {
		case bytes.HasPrefix(begin, pngBegin):
			return s.png()
		case bytes.HasPrefix(begin, jpegBegin):
			return s.jpeg()
		case len(begin) == 0:
			return err
		}
		s.in.Discard(1)
	}
	return ErrTooLarge
}

// take collects n bytes.
func (s *stream) take(n int) ([]byte, error) {
	if n > MaxSize-len(s.frame) {
		return nil, ErrTooLarge
	}
	at := len(s.frame)
	for n > 0 { // it grows by what is there, not by what a length claims
		part, err := s.in.Peek(min(n, s.in.Size()))
		s.frame = append(s.frame, part...)
		s.in.Discard(len(part))
		if n -= len(part); n > 0 && err != nil {
			return nil, err
		}
	}
	return s.frame[at:], nil
}

// png collects chunks up to IEND (PNG, "Chunk layout").
func (s *stream) png() error {
	if _, err := s.take(len(pngBegin)); err != nil {
		return err
	}
	for {
		head, err := s.take(8)
		if err != nil {
			return err
		}
		length, name := binary.BigEndian.Uint32(head), string(head[4:])
		for _, c := range name {
			if c|0x20 < 'a' || c|0x20 > 'z' { // not a chunk: the picture is cut short here
				return nil
			}
		}
		if length > MaxSize {
			return nil
		}
		if _, err := s.take(int(length) + 4); err != nil || name == "IEND" {
			return err
		}
	}
}

// jpeg collects segments up to EOI (ITU-T T.81, B.1.1). Where another picture begins, this
// one is cut short.
func (s *stream) jpeg() error {
	const soi, eoi, first, last = 0xd8, 0xd9, 0xd0, 0xd7 // first and last of RST
	if _, err := s.take(2); err != nil {
		return err
	}
	for {
		marker, err := s.in.Peek(2)
		switch {
		case err != nil:
			s.take(len(marker))
		case marker[0] != 0xff: // of a scan
			there, _ := s.in.Peek(s.in.Buffered())
			before, _, _ := bytes.Cut(there, jpegBegin[:1])
			_, err = s.take(len(before))
		case marker[1] == 0xff, marker[1] == 0, marker[1] >= first && marker[1] <= last: // fill, or of a scan
			_, err = s.take(1)
		case marker[1] == soi:
			return nil
		case marker[1] == eoi:
			_, err := s.take(2)
			return err
		default:
			var head []byte
			if head, err = s.in.Peek(4); err != nil {
				s.take(len(head))
				break
			}
			_, err = s.take(2 + max(2, int(binary.BigEndian.Uint16(head[2:]))))
		}
		if err != nil {
			return err
		}
	}
}
