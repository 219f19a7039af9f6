package exchange

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/crypto/scrypt"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// Aegis's vault is JSON: a header, and the accounts, in the clear or encrypted with
// AES-256-GCM. The header has a slot for each way to the key of the file; that of a
// password wraps it with a key that scrypt makes of the password.
//
// https://github.com/beemdevelopment/Aegis/blob/master/docs/vault.md
var aegis = format{
	name: "Aegis", word: "aegis",
	is:    func(f *file) bool { return f.has("version", "header", "db") },
	read:  readAegis,
	write: writeAegis,
	seals: true,
}

type aegisFile struct {
	Version int `json:"version"`
	Header  struct {
		Slots  []aegisSlot  `json:"slots"`
		Params *aegisParams `json:"params"`
	} `json:"header"`
	DB json.RawMessage `json:"db"`
}

// An aegisSlot is a way to the key; that of a password has type 1.
type aegisSlot struct {
	Type     int         `json:"type"`
	UUID     string      `json:"uuid"`
	Key      hexBytes    `json:"key"`
	Params   aegisParams `json:"key_params"`
	N        int         `json:"n"`
	R        int         `json:"r"`
	P        int         `json:"p"`
	Salt     hexBytes    `json:"salt"`
	Repaired bool        `json:"repaired"`
	IsBackup bool        `json:"is_backup"`
}

const aegisPassword = 1

// aegisParams go with what AES-GCM sealed.
type aegisParams struct {
	Nonce hexBytes `json:"nonce"`
	Tag   hexBytes `json:"tag"`
}

type aegisDB struct {
	Version int               `json:"version"`
	Entries []json.RawMessage `json:"entries"`
}

type aegisEntry struct {
	Type   string `json:"type"`
	UUID   string `json:"uuid"`
	Name   string `json:"name"`
	Issuer string `json:"issuer"`
	Note   string `json:"note"`
	Info   struct {
		Secret  string `json:"secret"`
		Algo    string `json:"algo"`
		Digits  number `json:"digits"`
		Period  number `json:"period,omitempty"`
		Counter number `json:"counter,omitempty"`
	} `json:"info"`
}

// The newest versions of the file, and of the list of accounts in it.
const aegisVersion, aegisDBVersion = 1, 3

func readAegis(r *reader) error {
	var f aegisFile
	if err := decode([]byte(r.text), &f); err != nil {
		return err
	}
	if f.Version != aegisVersion {
		return fmt.Errorf("%w: it is of version %d, not %d", ErrDamaged, f.Version, aegisVersion)
	}
	content := []byte(f.DB)
	if f.Header.Params != nil {
		var err error
		if content, err = r.openAegis(f); err != nil {
			return err
		}
	}
	var db aegisDB
	if err := decodeOpened(content, &db); err != nil {
		return err
	}
	if db.Version > aegisDBVersion {
		r.warnNewer(db.Version)
	}
	decodeEach(r, db.Entries, func(e aegisEntry) {
		r.add(otpauth.Fields{
			Type: e.Type, Issuer: e.Issuer, Name: e.Name, Secret: e.Info.Secret, Algorithm: e.Info.Algo,
			Digits: string(e.Info.Digits), Period: string(e.Info.Period), Counter: string(e.Info.Counter),
		}, e.Note)
	})
	return nil
}

// maxAegisSlots is far more than the app makes: one for a password, one for fingerprints,
// and one for backups. Each slot of a password costs a key derivation to try.
const maxAegisSlots = 32

// openAegis returns the accounts of an encrypted file.
func (r *reader) openAegis(f aegisFile) (content []byte, err error) {
	var encoded string
	if err := decode(f.DB, &encoded); err != nil {
		return nil, err
	}
	sealed, err := unbase64(encoded)
	if err != nil {
		return nil, err
	}
	if len(f.Header.Slots) > maxAegisSlots {
		return nil, ErrTooCostly
	}
	var key []byte
	err = r.unlock(func(password []byte) error {
		found := false
		for _, slot := range f.Header.Slots {
			if slot.Type != aegisPassword {
				continue
			}
			found = true
			wrapping, err := r.scryptKey(password, slot.Salt, slot.N, slot.R, slot.P, 32)
			if err != nil {
				return err
			}
			key, err = openGCM(wrapping, slot.Params.Nonce, append(slot.Key, slot.Params.Tag...), nil)
			if err == nil || !errors.Is(err, errSealed) {
				return err
			}
		}
		if !found {
			return &ClosedError{App: "Aegis", Instead: "it has no password: export it once more, and set one"}
		}
		return oath.ErrWrongPassword
	})
	if err != nil {
		return nil, err
	}
	content, err = openGCM(key, f.Header.Params.Nonce, append(sealed, f.Header.Params.Tag...), nil)
	if errors.Is(err, errSealed) {
		return nil, fmt.Errorf("%w: the password is right, but %w", ErrDamaged, err)
	}
	return content, err
}

// writeAegis writes accounts as Aegis does, encrypted if there is a password.
func writeAegis(entries []Entry, w *writing) ([]byte, error) {
	db := struct {
		Version int          `json:"version"`
		Entries []aegisEntry `json:"entries"`
	}{aegisDBVersion, []aegisEntry{}}
	for _, e := range entries {
		a := e.Account.WithDefaults()
		uuid, err := w.uuid()
		if err != nil {
			return nil, err
		}
		x := aegisEntry{Type: a.Type.String(), UUID: uuid, Name: a.Name, Issuer: a.Issuer, Note: e.Notes}
		x.Info.Secret, x.Info.Algo, x.Info.Digits = e.Secret.Base32(), a.Algorithm.String(), number(strconv.Itoa(a.Digits))
		switch {
		case a.Type == oath.HOTP:
			x.Info.Counter = number(strconv.FormatUint(a.Counter, 10))
		case a.IsSteam():
			x.Type = "steam"
			fallthrough
		default:
			x.Info.Period = number(strconv.Itoa(a.Period))
		}
		db.Entries = append(db.Entries, x)
	}
	content, err := json.Marshal(db)
	if err != nil {
		return nil, err
	}
	f := aegisFile{Version: aegisVersion, DB: content}
	if w.password != "" {
		if err := f.seal(content, w); err != nil {
			return nil, err
		}
	}
	return json.MarshalIndent(f, "", "    ")
}

// seal puts the accounts into the file encrypted, with the costs that Aegis has.
func (f *aegisFile) seal(content []byte, w *writing) error {
	slot := aegisSlot{Type: aegisPassword, N: 1 << 15, R: 8, P: 1, Repaired: true}
	drawn := make([]byte, 32+32+12+12)
	if _, err := io.ReadFull(w.random, drawn); err != nil {
		return err
	}
	key, salt, keyNonce, nonce := drawn[:32], drawn[32:64], drawn[64:76], drawn[76:]
	slot.Salt = salt
	wrapping, err := scrypt.Key([]byte(w.password), salt, slot.N, slot.R, slot.P, 32)
	if err != nil {
		return err
	}
	if slot.UUID, err = w.uuid(); err != nil {
		return err
	}
	if slot.Key, slot.Params, err = sealAegis(wrapping, keyNonce, key); err != nil {
		return err
	}
	sealed, params, err := sealAegis(key, nonce, content)
	if err != nil {
		return err
	}
	f.Header.Slots, f.Header.Params = []aegisSlot{slot}, &params
	f.DB, err = json.Marshal(base64.StdEncoding.EncodeToString(sealed))
	return err
}

func sealAegis(key, nonce, plain []byte) (sealed []byte, p aegisParams, err error) {
	gcm, err := newGCM(key, len(nonce))
	if err != nil {
		return nil, aegisParams{}, err
	}
	sealed = gcm.Seal(nil, nonce, plain, nil)
	end := len(sealed) - gcm.Overhead()
	return sealed[:end], aegisParams{Nonce: nonce, Tag: sealed[end:]}, nil
}

// uuid draws a UUID of version 4 (RFC 9562).
func (w *writing) uuid() (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(w.random, b[:]); err != nil {
		return "", err
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return strings.ToLower(fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])), nil
}
