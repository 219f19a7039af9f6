package exchange

import (
	"bytes"
)

// closedFiles are files that people take for exports, and that nothing here can read.
// They are known by how they begin; a '?' stands for any byte.
//
// OpenPGP's packets are those of RFC 9580, 4.2 and 5.1 to 5.3: a session key that is
// encrypted, of version 3 or 6 to a public key, of version 4 to 6 to a password.
var closedFiles = []struct {
	begin string
	*ClosedError
}{
	{"\x03\xd9\xa2\x9a\x65\xfb\x4b\xb5", &ClosedError{"KeePass 1", "open it with KeePassXC, and export it as CSV"}},
	{"SQLite format 3\x00", &ClosedError{"the app whose database it is", "let the app export its accounts"}},
	{"age-encryption.org/v1\n", &ClosedError{"age", "decrypt it first (age -d)"}},
	{"-----BEGIN AGE ENCRYPTED FILE-----", &ClosedError{"age", "decrypt it first (age -d)"}},
	{"-----BEGIN PGP MESSAGE-----", openPGP},
	{"\x84?\x03", openPGP}, {"\x85??\x03", openPGP}, {"\xc1?\x03", openPGP}, {"\xc1??\x03", openPGP}, {"\xc1?\x06", openPGP},
	{"\x8c?\x04", openPGP}, {"\xc3?\x04", openPGP}, {"\xc3?\x05", openPGP}, {"\xc3?\x06", openPGP},
}

var openPGP = &ClosedError{"an OpenPGP program", "decrypt it first (gpg -d), or export once more without encryption"}

// closedOf returns an error for a file that nothing here can read, or else nil.
func closedOf(data []byte) error {
	data = bytes.TrimLeft(data, " \t\r\n")
	for _, c := range closedFiles {
		if len(data) < len(c.begin) {
			continue
		}
		fits := true
		for i := range len(c.begin) {
			fits = fits && (c.begin[i] == '?' || c.begin[i] == data[i])
		}
		if fits {
			return c.ClosedError
		}
	}
	return nil
}
