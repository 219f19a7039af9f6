package exchange

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// Proton Authenticator's export is a JSON object with a URI for each entry: in the clear,
// or sealed with AES-256-GCM under a key that Argon2id makes of the password.
//
// https://github.com/protonpass/proton-pass-common, proton-authenticator/src/entry:
// exporter.rs and password_exporter.rs
var proton = format{
	name: "Proton Authenticator",
	is: func(f *file) bool {
		return f.has("version", "entries") || f.has("version", "salt", "content")
	},
	read: readProton,
}

const (
	protonVersion = 1
	protonContext = "proton.authenticator.export.v1" // the additional data of the seal
	protonNonce   = 12                               // bytes
)

type protonEntry struct {
	Content struct {
		URI  string `json:"uri"`
		Type string `json:"entry_type"` // Totp or Steam
		Name string `json:"name"`       // not in the oldest
	} `json:"content"`
	Note string `json:"note"`
}

type protonFile struct {
	Version int               `json:"version"`
	Entries []json.RawMessage `json:"entries"`
	Salt    string            `json:"salt"`
	Content string            `json:"content"`
}

func readProton(r *reader) error {
	var f protonFile
	if err := decode([]byte(r.text), &f); err != nil {
		return err
	}
	if f.Version == protonVersion && f.Content != "" {
		content, err := r.openProton(f)
		if err != nil {
			return err
		}
		if err := decodeOpened(content, &f); err != nil {
			return err
		}
	}
	if f.Version != protonVersion {
		return fmt.Errorf("%w: it is of version %d, not %d", ErrDamaged, f.Version, protonVersion)
	}
	decodeEach(r, f.Entries, func(e protonEntry) {
		secret, isSteam := strings.CutPrefix(e.Content.URI, "steam://")
		if !isSteam {
			r.addText("", e.Content.Name, e.Content.URI, e.Note)
			return
		}
		fields := otpauth.Fields{Type: "steam", Issuer: oath.SteamIssuer, Name: e.Content.Name, Secret: secret}
		if key, err := base64.StdEncoding.DecodeString(secret); err == nil && strings.ToUpper(secret) != secret {
			fields.Bytes = key // as Steam itself writes it; base32 has capitals only
		}
		r.add(fields, e.Note)
	})
	return nil
}

// openProton returns the export that is sealed in f.
func (r *reader) openProton(f protonFile) (content []byte, err error) {
	salt, err := unbase64(f.Salt)
	if err != nil {
		return nil, err
	}
	sealed, err := unbase64(f.Content)
	if err != nil {
		return nil, err
	}
	if len(sealed) < protonNonce+tagSize {
		return nil, fmt.Errorf("%w: what is encrypted has %d bytes", ErrDamaged, len(sealed))
	}
	err = r.unlock(func(password []byte) error {
		key, err := r.argon2Key(password, salt, 2, 19<<10, 1)
		if err != nil {
			return err
		}
		if content, err = openGCM(key, sealed[:protonNonce], sealed[protonNonce:], []byte(protonContext)); errors.Is(err, errSealed) {
			return errEither
		}
		return err
	})
	return content, err
}
