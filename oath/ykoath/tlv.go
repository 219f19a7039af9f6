package ykoath

import "fmt"

// Tags, from YKOATH.
const (
	tagName          = 0x71 // in SELECT's answer: the salt
	tagNameList      = 0x72
	tagKey           = 0x73
	tagChallenge     = 0x74
	tagResponse      = 0x75
	tagTruncated     = 0x76
	tagHOTP          = 0x77
	tagProperty      = 0x78
	tagVersion       = 0x79
	tagInitialFactor = 0x7a
	tagAlgorithm     = 0x7b
	tagTouch         = 0x7c
)

// A field is a value with its tag.
type field struct {
	tag   byte
	value []byte
}

// parseFields reads a sequence of TLVs with one-byte tags, and lengths in one
// byte or in the 81 and 82 forms of ISO 7816-4. The values share data's memory.
func parseFields(data []byte) ([]field, error) {
	var fields []field
	for offset := 0; offset < len(data); {
		header, length, err := parseLength(data, offset)
		if err != nil {
			return nil, err
		}
		start := offset + header
		if length > len(data)-start {
			return nil, fmt.Errorf("%w: at offset %d, tag %02X claims %d bytes, and %d follow",
				ErrMalformed, offset, data[offset], length, len(data)-start)
		}
		fields = append(fields, field{data[offset], data[start : start+length]})
		offset = start + length
	}
	return fields, nil
}

// parseLength reads the length of the TLV at the offset, and returns how many
// bytes tag and length take.
func parseLength(data []byte, offset int) (header, length int, err error) {
	rest := data[offset:]
	switch {
	case len(rest) >= 2 && rest[1] < 0x80:
		return 2, int(rest[1]), nil
	case len(rest) >= 3 && rest[1] == 0x81:
		return 3, int(rest[2]), nil
	case len(rest) >= 4 && rest[1] == 0x82:
		return 4, int(rest[2])<<8 | int(rest[3]), nil
	}
	return 0, 0, fmt.Errorf("%w: at offset %d, a tag without a proper length", ErrMalformed, offset)
}

// appendField appends a TLV of at most 255 bytes.
func appendField(dst []byte, tag byte, value ...byte) []byte {
	dst = append(dst, tag)
	if len(value) >= 0x80 {
		dst = append(dst, 0x81)
	}
	dst = append(dst, byte(len(value)))
	return append(dst, value...)
}

// find returns the value of the first field with that tag.
func find(fields []field, tag byte) (value []byte, found bool) {
	for _, f := range fields {
		if f.tag == tag {
			return f.value, true
		}
	}
	return nil, false
}
