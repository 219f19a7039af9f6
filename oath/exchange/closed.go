package exchange

import (
	"bytes"
	"encoding/binary"
)

// closedFiles are files that people take for exports, and that nothing here can read.
var closedFiles = []struct {
	is func(data []byte) bool
	*ClosedError
}{
	{begins("\x03\xd9\xa2\x9a\x65\xfb\x4b\xb5"), &ClosedError{"KeePass 1", "open it with KeePassXC, and export it as CSV"}},
	{begins("SQLite format 3\x00"), &ClosedError{"the app whose database it is", "let the app export its accounts"}},
	{begins("age-encryption.org/v1\n", "-----BEGIN AGE ENCRYPTED FILE-----"), &ClosedError{"age", "decrypt it first, with age --decrypt"}},
	{begins("-----BEGIN PGP MESSAGE-----"), openPGP},
	{beginsOpenPGP, openPGP},
}

// openPGP is how andOTP and Proton Pass may encrypt, and pass does always.
var openPGP = &ClosedError{"GnuPG", "decrypt it first, with gpg --decrypt, and take what that prints"}

// closedOf returns an error for a file that nothing here can read, or else nil.
func closedOf(data []byte) error {
	for _, c := range closedFiles {
		if c.is(data) {
			return c.ClosedError
		}
	}
	return nil
}

func begins(marks ...string) func(data []byte) bool {
	return func(data []byte) bool {
		data = bytes.TrimLeft(data, " \t\r\n")
		for _, mark := range marks {
			if bytes.HasPrefix(data, []byte(mark)) {
				return true
			}
		}
		return false
	}
}

// beginsOpenPGP reports whether packets follow each other as in an encrypted message: a
// session key for a public key (1) or a passphrase (3), of a known version, then more of
// them or what is sealed (9, 18, 20).
//
// RFC 9580, sections 4.2 and 10.3
func beginsOpenPGP(data []byte) bool {
	if len(data) < 4 {
		return false
	}
	tag, head, size := packetTag(data[0]), 2, int(data[1])
	switch isNew := data[0]&0x40 != 0; {
	case isNew && data[1] >= 192: // a length of two bytes, as below
		head, size = 3, (int(data[1])-192)<<8+int(data[2])+192
	case !isNew && data[0]&3 == 1:
		head, size = 3, int(binary.BigEndian.Uint16(data[1:]))
	}
	version, end := data[head], head+size
	isKey := tag == 1 && (version == 3 || version == 6) || tag == 3 && 4 <= version && version <= 6
	return isKey && end < len(data) && bytes.IndexByte([]byte{1, 3, 9, 18, 20}, packetTag(data[end])) >= 0
}

// packetTag returns what an OpenPGP packet holds, by its first byte, or 0 if it is none.
func packetTag(b byte) byte {
	switch b & 0xc0 {
	case 0xc0:
		return b & 0x3f
	case 0x80:
		return b >> 2 & 0xf
	}
	return 0
}
