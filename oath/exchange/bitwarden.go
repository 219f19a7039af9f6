package exchange

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/tokenctl/tokenctl/oath"
)

// Bitwarden's export is JSON: items, whose logins may have a one-time password. So is
// that of its Authenticator. Under a password of its own, the whole is a text in the
// form of Bitwarden's encrypted strings.
//
// https://bitwarden.com/help/encrypted-export/ and libs/importer of
// github.com/bitwarden/clients.
var bitwarden = format{
	name: "Bitwarden",
	is: func(f *file) bool {
		return f.has("encrypted", "items") || f.has("encrypted", "data") || f.has("encrypted", "encKeyValidation_DO_NOT_EDIT")
	},
	read: readBitwarden,
}

type bitwardenFile struct {
	Encrypted         bool              `json:"encrypted"`
	PasswordProtected bool              `json:"passwordProtected"`
	Salt              string            `json:"salt"`
	KDF               int               `json:"kdfType"`
	Iterations        uint32            `json:"kdfIterations"`
	Memory            uint32            `json:"kdfMemory"` // MiB
	Parallelism       uint8             `json:"kdfParallelism"`
	Validation        string            `json:"encKeyValidation_DO_NOT_EDIT"`
	Data              string            `json:"data"`
	Items             []json.RawMessage `json:"items"`
}

type bitwardenItem struct {
	Name     string `json:"name"`
	Notes    string `json:"notes"`
	Deleted  string `json:"deletedDate"`
	Archived string `json:"archivedDate"`
	Login    struct {
		Username string `json:"username"`
		TOTP     string `json:"totp"`
	} `json:"login"`
}

// The functions that make a key of a password.
const bitwardenPBKDF2, bitwardenArgon2 = 0, 1

func readBitwarden(r *reader) error {
	var f bitwardenFile
	if err := decode([]byte(r.text), &f); err != nil {
		return err
	}
	switch {
	case f.Encrypted && !f.PasswordProtected:
		return &ClosedError{App: "the Bitwarden account that it was made from", Instead: "export once more, as .json, or as .json (Encrypted) with the export type \"Password protected\""}
	case f.Encrypted:
		content, err := r.openBitwarden(f)
		if err != nil {
			return err
		}
		f.Items = nil
		if err := decodeOpened(content, &f); err != nil {
			return err
		}
	}
	deleted, archived := 0, 0
	decodeEach(r, f.Items, func(item bitwardenItem) {
		switch {
		case strings.TrimSpace(item.Login.TOTP) == "":
			return
		case item.Deleted != "":
			deleted++
			return
		case item.Archived != "":
			archived++
		}
		r.addText(item.Name, item.Login.Username, item.Login.TOTP, item.Notes)
	})
	r.warnDeleted(deleted)
	r.warnArchived(archived)
	return nil
}

// openBitwarden returns what a password protects. The file has a text of no meaning, by
// which a wrong password is known.
func (r *reader) openBitwarden(f bitwardenFile) (content []byte, err error) {
	err = r.unlock(func(password []byte) error {
		var key []byte
		var err error
		switch f.KDF {
		case bitwardenPBKDF2:
			key, err = r.pbkdf2Key(sha256.New, password, []byte(f.Salt), int(f.Iterations), 32)
		case bitwardenArgon2:
			if f.Memory > maxMemory>>20 {
				return ErrTooCostly
			}
			salt := sha256.Sum256([]byte(f.Salt))
			key, err = r.argon2Key(password, salt[:], f.Iterations, f.Memory<<10, f.Parallelism)
		default:
			return fmt.Errorf("%w: key derivation of an unknown kind, %d", ErrDamaged, f.KDF)
		}
		if err != nil {
			return err
		}
		if _, err := openBitwardenText(key, f.Validation); errors.Is(err, errSealed) {
			return oath.ErrWrongPassword
		} else if err != nil {
			return err
		}
		if content, err = openBitwardenText(key, f.Data); errors.Is(err, errSealed) {
			return fmt.Errorf("%w: the password is right, but %w", ErrDamaged, err)
		}
		return err
	})
	return content, err
}

// openBitwardenText decrypts TYPE.IV|TEXT|MAC of type 2: AES-256-CBC, then HMAC-SHA-256
// over the first two.
func openBitwardenText(key []byte, text string) ([]byte, error) {
	text, isKnown := strings.CutPrefix(text, "2.")
	parts := strings.Split(text, "|")
	if !isKnown || len(parts) != 3 {
		return nil, fmt.Errorf("%w: a text is encrypted in an unknown way", ErrDamaged)
	}
	var raw [3][]byte
	for i, part := range parts {
		var err error
		if raw[i], err = unbase64(part); err != nil {
			return nil, err
		}
	}
	var keys [2][]byte
	for i, purpose := range []string{"enc", "mac"} {
		var err error
		if keys[i], err = hkdf.Expand(sha256.New, key, purpose, 32); err != nil {
			return nil, err
		}
	}
	mac := hmac.New(sha256.New, keys[1])
	mac.Write(raw[0])
	mac.Write(raw[1])
	if !hmac.Equal(mac.Sum(nil), raw[2]) {
		return nil, errSealed
	}
	return openCBC(keys[0], raw[0], raw[1])
}
