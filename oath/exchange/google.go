package exchange

import (
	"encoding/binary"
	"io"
	"strings"

	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// Google Authenticator's export is a number of QR codes, each of them a URI with some
// ten accounts. As a text, it is a line for each.
var google = format{
	name: "Google Authenticator", word: "google",
	is: func(f *file) bool {
		for _, line := range linesOf(f.text) {
			if !strings.HasPrefix(strings.ToLower(line), "otpauth-migration:") {
				return false
			}
		}
		return strings.TrimSpace(f.text) != ""
	},
	read:  readURIs,
	write: writeGoogle,
}

func writeGoogle(entries []Entry, w *writing) ([]byte, error) {
	var id [4]byte
	if _, err := io.ReadFull(w.random, id[:]); err != nil {
		return nil, err
	}
	keys := make([]otpauth.Key, len(entries))
	for i, e := range entries {
		keys[i] = e.Key
	}
	uris, refused := otpauth.Batches(keys, int32(binary.BigEndian.Uint32(id[:])))
	for i, e := range entries {
		if err := refused[i]; err != nil {
			w.refused = append(w.refused, Refusal{e.Account.Label(), err})
		}
	}
	return []byte(strings.Join(append(uris, ""), "\n")), nil
}
