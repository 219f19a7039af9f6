package otpauth

import (
	"bytes"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// FuzzEachField compares what is read of a message with what protobuf's own package reads.
func FuzzEachField(f *testing.F) {
	f.Add([]byte{0x0a, 2, 'a', 'b', 0x10, 0x96, 0x01})
	f.Add([]byte{0x0d, 1, 2, 3, 4, 0x11, 1, 2, 3, 4, 5, 6, 7, 8})
	f.Add([]byte{0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02})
	f.Add([]byte{0x13, 0x08, 1, 0x14}) // a group
	f.Add([]byte{0x00})
	f.Fuzz(func(t *testing.T, message []byte) {
		var got []field
		err := eachField(message, func(f field) { got = append(got, f) })
		for rest := message; len(rest) > 0; {
			number, kind, n := protowire.ConsumeTag(rest)
			if n < 0 || kind == protowire.StartGroupType || kind == protowire.EndGroupType {
				if err == nil || len(got) > 0 {
					t.Fatalf("%x: malformed, or a group, at %x: %v and %d fields more", message, rest, err, len(got))
				}
				return
			}
			size := protowire.ConsumeFieldValue(number, kind, rest[n:])
			if size < 0 {
				if err == nil || len(got) > 0 {
					t.Fatalf("%x: cut short at %x: %v and %d fields more", message, rest, err, len(got))
				}
				return
			}
			if len(got) == 0 {
				t.Fatalf("%x: nothing is read of %x: %v", message, rest, err)
			}
			f := got[0]
			if f.number != uint64(number) || f.kind != uint64(kind) {
				t.Fatalf("%x: field %v, want %d of type %d", message, f.fieldKey, number, kind)
			}
			switch kind {
			case protowire.VarintType:
				if value, _ := protowire.ConsumeVarint(rest[n:]); f.value != value {
					t.Fatalf("%x: %d, want %d", message, f.value, value)
				}
			case protowire.BytesType:
				if value, _ := protowire.ConsumeBytes(rest[n:]); !bytes.Equal(f.bytes, value) {
					t.Fatalf("%x: %x, want %x", message, f.bytes, value)
				}
			}
			got, rest = got[1:], rest[n+size:]
		}
		if err != nil || len(got) > 0 {
			t.Fatalf("%x: %v and %d fields more", message, err, len(got))
		}
	})
}
