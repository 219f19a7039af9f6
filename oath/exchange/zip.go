package exchange

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"path"
)

// Some programs export an archive (PKWARE's APPNOTE.TXT, 6.3): 1Password's 1pux,
// Proton Pass's, Bitwarden's with attachments. The accounts are in one file of it,
// which is read as if it had been given alone.
var archived = map[string]bool{
	"export.data":            true, // 1Password
	"Proton Pass/data.json":  true,
	"data.json":              true, // Bitwarden
	"raivo-otp-export.json":  true,
	"Proton Pass/data.pgp":   true, // which is closed, and known as such
	"Proton Pass/export.pgp": true,
}

// maxUnpacked is far beyond any such file: some 100,000 logins with long notes.
const maxUnpacked = 128 << 20 // bytes

const zipMagic = "PK\x03\x04"

// unzip returns the file of an archive that holds the accounts, or nil if there is none.
func unzip(data []byte) ([]byte, error) {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("%w: the archive is malformed or cut short", ErrDamaged)
	}
	var found *zip.File
	for _, f := range archive.File {
		switch {
		case !archived[f.Name]:
		case found != nil:
			return nil, fmt.Errorf("%w: the archive has two files with accounts", ErrDamaged)
		default:
			found = f
		}
	}
	if found == nil {
		return nil, nil
	}
	if found.Flags&1 != 0 {
		return nil, &ClosedError{App: "a program that opens encrypted archives, such as 7-Zip,", Instead: "unpack it, and read the file " + path.Base(found.Name) + " in it"}
	}
	packed, err := found.Open()
	if err != nil {
		return nil, fmt.Errorf("%w: the archive is packed in an unknown way", ErrDamaged)
	}
	defer packed.Close()
	unpacked, err := io.ReadAll(io.LimitReader(packed, maxUnpacked+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: the archive does not unpack", ErrDamaged)
	case len(unpacked) > maxUnpacked:
		return nil, fmt.Errorf("%w: it unpacks to more than %d MiB", ErrDamaged, maxUnpacked>>20)
	}
	return unpacked, nil
}
