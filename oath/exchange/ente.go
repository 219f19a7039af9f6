package exchange

import (
	"crypto/subtle"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"strings"

	"golang.org/x/crypto/chacha20"
	//lint:ignore SA1019 libsodium's secretstream is made of it, and of no AEAD of the library
	"golang.org/x/crypto/poly1305"

	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// Ente Auth's export is a list of URIs, with what the app keeps beside an account in a
// parameter of its own. It may be encrypted, with libsodium's secretstream under a key
// that Argon2id makes of the password.
//
// https://github.com/ente-io/ente, mobile/apps/auth/lib: models/export/ente.dart,
// models/code_display.dart, ui/settings/data/export_widget.dart
var ente = format{
	name: "Ente Auth",
	is: func(f *file) bool {
		return f.has("kdfParams", "encryptedData", "encryptionNonce") ||
			otpauth.IsURI(f.text) && strings.Contains(f.text, "codeDisplay=")
	},
	read: readEnte,
}

type enteFile struct {
	Version   int `json:"version"`
	KDFParams struct {
		Memory uint64 `json:"memLimit"` // bytes
		Passes uint32 `json:"opsLimit"`
		Salt   string `json:"salt"`
	} `json:"kdfParams"`
	Data   string `json:"encryptedData"`
	Header string `json:"encryptionNonce"` // of the secretstream
}

const enteVersion = 1

func readEnte(r *reader) error {
	text := r.text
	if r.object != nil {
		var f enteFile
		if err := decode([]byte(r.text), &f); err != nil {
			return err
		}
		if f.Version != enteVersion {
			return fmt.Errorf("%w: it is of version %d, not %d", ErrDamaged, f.Version, enteVersion)
		}
		content, err := r.openEnte(f)
		if err != nil {
			return err
		}
		text = string(content)
	}
	if r.object == nil && !strings.HasSuffix(text, "\n") {
		r.Warnings = append(r.Warnings, "The list does not end with the end of a line, as the app writes it: the last account may be incomplete.")
	}
	trashed := 0
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		display := enteDisplayOf(line)
		if display.Trashed {
			trashed++
			continue
		}
		r.addText("", "", line, display.Note)
	}
	if trashed > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("Left out are the accounts in the app's trash: %d.", trashed))
	}
	return nil
}

// An enteDisplay is what the app keeps beside an account.
type enteDisplay struct {
	Note    string `json:"note"`
	Trashed bool   `json:"trashed"`
}

// enteDisplayOf returns what a URI has beside the account. The app writes every comma as
// %2C once more, when it exports. What is malformed counts as nothing, as there.
func enteDisplayOf(uri string) (d enteDisplay) {
	_, query, _ := strings.Cut(uri, "?")
	for field := range strings.SplitSeq(query, "&") {
		value, found := strings.CutPrefix(field, "codeDisplay=")
		if !found {
			continue
		}
		if value, err := url.QueryUnescape(value); err == nil && json.Unmarshal([]byte(strings.ReplaceAll(value, "%2C", ",")), &d) != nil {
			return enteDisplay{}
		}
	}
	return d
}

// openEnte returns the list of an encrypted export.
func (r *reader) openEnte(f enteFile) (content []byte, err error) {
	var salt, sealed, header []byte
	for _, part := range []struct {
		text string
		into *[]byte
	}{{f.KDFParams.Salt, &salt}, {f.Data, &sealed}, {f.Header, &header}} {
		if *part.into, err = unbase64(part.text); err != nil {
			return nil, err
		}
	}
	if f.KDFParams.Memory>>10 > math.MaxUint32 {
		return nil, ErrTooCostly
	}
	err = r.unlock(func(password []byte) error {
		key, err := r.argon2Key(password, salt, f.KDFParams.Passes, uint32(f.KDFParams.Memory>>10), 1)
		if err != nil {
			return err
		}
		if content, err = openSecretStream(key, header, sealed); errors.Is(err, errSealed) {
			return errEither
		}
		return err
	})
	return content, err
}

// openSecretStream opens a stream of a single chunk. It holds a tag and the text, both
// encrypted by ChaCha20 of RFC 8439, and a Poly1305 of them. Unlike in the AEAD of that
// RFC, the tag has a block of its own, and the padding of the text is as long as what
// is over of it, by a slip of the first version.
//
// https://doc.libsodium.org/secret-key_cryptography/secretstream, and
// crypto_secretstream_xchacha20poly1305_pull in its source
func openSecretStream(key, header, sealed []byte) ([]byte, error) {
	if len(header) != 24 || len(sealed) < 1+poly1305.TagSize {
		return nil, fmt.Errorf("%w: what is encrypted is too short, or its nonce", ErrDamaged)
	}
	subkey, err := chacha20.HChaCha20(key, header[:16])
	if err != nil {
		return nil, err
	}
	nonce := append([]byte{1, 0, 0, 0}, header[16:]...) // the number of the chunk, from 1
	stream, err := chacha20.NewUnauthenticatedCipher(subkey, nonce)
	if err != nil {
		return nil, err
	}
	var macKey [32]byte
	stream.XORKeyStream(macKey[:], macKey[:])
	stream.SetCounter(1)
	block := make([]byte, 64) // of the tag, which is one byte, and encrypted as such
	stream.XORKeyStream(block, block)
	block[0] = sealed[0]

	text, mac := sealed[1:len(sealed)-poly1305.TagSize], sealed[len(sealed)-poly1305.TagSize:]
	sum := poly1305.New(&macKey)
	sum.Write(block)
	sum.Write(text)
	sum.Write(make([]byte, len(text)%16))
	sum.Write(binary.LittleEndian.AppendUint64(make([]byte, 8), uint64(len(block)+len(text))))
	if subtle.ConstantTimeCompare(sum.Sum(nil), mac) != 1 {
		return nil, errSealed
	}
	plain := make([]byte, len(text))
	stream.XORKeyStream(plain, text)
	return plain, nil
}
