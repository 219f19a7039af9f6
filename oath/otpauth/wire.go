package otpauth

import (
	"encoding/binary"
	"fmt"
)

// A wireType tells how a protobuf field is encoded; those that are numbers of
// fixed size do not occur in what is read here, and are passed over.
//
// https://protobuf.dev/programming-guides/encoding/
type wireType byte

const (
	wireVarint  wireType = 0
	wireFixed64 wireType = 1
	wireBytes   wireType = 2
	wireFixed32 wireType = 5
)

// A fieldKey is what tells a field of a protobuf message from others. As readers
// of protobuf must, a known number of an unknown type is passed over.
type fieldKey struct {
	number uint64
	wire   wireType
}

// A field is one field of a protobuf message: its number value, or its bytes,
// which are part of the message.
type field struct {
	fieldKey
	value uint64
	bytes []byte
}

// readFields takes a protobuf message apart. The error tells the offset at which
// it is malformed.
func readFields(message []byte) ([]field, error) {
	var fields []field
	for rest := message; len(rest) > 0; {
		f, size := readField(rest)
		if size == 0 {
			return nil, fmt.Errorf("the data is malformed or cut short at byte %d", len(message)-len(rest))
		}
		fields = append(fields, f)
		rest = rest[size:]
	}
	return fields, nil
}

// readField reads the first field, and how many bytes it takes; 0 if it is
// malformed.
func readField(b []byte) (f field, size int) {
	tag, n := binary.Uvarint(b)
	if n <= 0 {
		return field{}, 0
	}
	f.number, f.wire = tag>>3, wireType(tag&7)
	switch f.wire {
	case wireVarint:
		value, m := binary.Uvarint(b[n:])
		if m <= 0 {
			return field{}, 0
		}
		f.value, size = value, n+m
	case wireBytes:
		length, m := binary.Uvarint(b[n:])
		if m <= 0 || length > uint64(len(b)-n-m) {
			return field{}, 0
		}
		size = n + m + int(length)
		f.bytes = b[n+m : size]
	case wireFixed64:
		size = n + 8
	case wireFixed32:
		size = n + 4
	}
	if size > len(b) {
		return field{}, 0
	}
	return f, size
}
