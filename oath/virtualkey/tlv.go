package virtualkey

// appendTLV appends a data object with the shortest form of its length.
func appendTLV(b []byte, tag byte, value ...byte) []byte {
	b = append(b, tag)
	switch n := len(value); {
	case n < 0x80:
		b = append(b, byte(n))
	case n <= 0xFF:
		b = append(b, 0x81, byte(n))
	default:
		b = append(b, 0x82, byte(n>>8), byte(n))
	}
	return append(b, value...)
}

// objects is a sequence of data objects with one-byte tags, read from the front.
type objects []byte

// peek returns the tag of the next object, or zero at the end.
func (o objects) peek() byte {
	if len(o) == 0 {
		return 0
	}
	return o[0]
}

// take removes the next object, which must have the given tag, and returns its
// value. Lengths are one byte, or two or three that begin with 81 or 82.
func (o *objects) take(tag byte) ([]byte, bool) {
	b := *o
	if len(b) < 2 || b[0] != tag {
		return nil, false
	}
	n, b := int(b[1]), b[2:]
	if n >= 0x80 {
		size := n - 0x80
		if size < 1 || size > 2 || len(b) < size {
			return nil, false
		}
		n = 0
		for _, c := range b[:size] {
			n = n<<8 | int(c)
		}
		b = b[size:]
	}
	if len(b) < n {
		return nil, false
	}
	*o = b[n:]
	return b[:n], true
}

// byte removes one byte.
func (o *objects) byte() (byte, bool) {
	b := *o
	if len(b) == 0 {
		return 0, false
	}
	*o = b[1:]
	return b[0], true
}
