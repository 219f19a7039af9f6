package otpauth

import (
	"encoding/binary"
	"fmt"
	"math"
)

// The encodings of a field's value, which stand beside its number (Protocol Buffers,
// "Encoding"). Groups, 3 and 4, are of a time before the app's.
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)

// A fieldKey identifies a field of a protobuf message. As readers of protobuf must,
// a known number of an unknown type is passed over.
type fieldKey struct {
	number uint64
	kind   uint64
}

// A field is one field of a protobuf message: its number value, or its bytes,
// which are part of the message.
type field struct {
	fieldKey
	value uint64
	bytes []byte
}

// eachField takes a protobuf message apart. The error has the offset at which it is
// malformed.
func eachField(message []byte, take func(field)) error {
	for rest := message; len(rest) > 0; {
		malformed := fmt.Errorf("the data is malformed or cut short at byte %d", len(message)-len(rest))
		key, n := binary.Uvarint(rest)
		f := field{fieldKey: fieldKey{key >> 3, key & 7}}
		if n <= 0 || f.number < 1 || f.number > math.MaxInt32 {
			return malformed
		}
		rest = rest[n:]
		var size uint64
		switch f.kind {
		case wireVarint, wireBytes:
			if f.value, n = binary.Uvarint(rest); n <= 0 {
				return malformed
			}
			rest = rest[n:]
			if f.kind == wireBytes {
				size = f.value
			}
		case wireFixed64:
			size = 8
		case wireFixed32:
			size = 4
		default:
			return malformed
		}
		if size > uint64(len(rest)) {
			return malformed
		}
		f.bytes, rest = rest[:size:size], rest[size:]
		take(f)
	}
	return nil
}

func appendNumber(b []byte, number, value uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(b, number<<3|wireVarint), value)
}

func appendBytes(b []byte, number uint64, value []byte) []byte {
	b = binary.AppendUvarint(b, number<<3|wireBytes)
	return append(binary.AppendUvarint(b, uint64(len(value))), value...)
}
