package vault

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// A record is the content of an account's file.
type record struct {
	key   otpauth.Key // with Touch, which has a line of its own
	extra string      // parameters of the URI that mean nothing here, each with its &
	lines string      // what else follows the first line, as it is
}

// touchLine follows the URI of an account that keys are to ask for a touch for, which
// a URI cannot say.
const touchLine = "touch: yes\n"

var (
	errNotURI    = errors.New("its first line is not an otpauth URI that can be used")
	errMisplaced = errors.New("it holds another account than its name says")
)

// parseRecord reads the URI on the first line. The error quotes nothing of it.
func parseRecord(content []byte) (record, error) {
	first, lines, _ := strings.Cut(string(content), "\n")
	key, err := otpauth.Parse(first)
	if errors.Is(err, otpauth.ErrNotURI) {
		return record{}, errNotURI
	}
	if err != nil {
		return record{}, fmt.Errorf("%w: %w", errNotURI, err)
	}
	r := record{key: key, extra: extraParameters(first)}
	for line := range strings.Lines(lines) {
		if strings.EqualFold(strings.Join(strings.Fields(line), " "), strings.TrimSpace(touchLine)) {
			r.key.Account.Touch = true
		} else {
			r.lines += line
		}
	}
	return r, nil
}

// extraParameters returns what the URI says beyond what an otpauth.Key holds, as
// in "&image=https%3A%2F%2F...".
func extraParameters(uri string) string {
	_, query, _ := strings.Cut(strings.TrimSpace(uri), "?")
	var b strings.Builder
	for field := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(field, "=")
		switch strings.ToLower(name) {
		case "", "secret", "issuer", "algorithm", "digits", "period", "counter", "encoder":
		default:
			b.WriteString("&" + field)
		}
	}
	return b.String()
}

// content is what a record is stored as. The error is oath.ErrInvalid for one whose secret
// was cleared.
func (r record) content() ([]byte, error) {
	uri, err := r.key.URI()
	touch := ""
	if r.key.Account.Touch {
		touch = touchLine
	}
	return []byte(uri + r.extra + "\n" + touch + r.lines), err
}

// newRecord returns the record of a new account, if its URI says the same.
func newRecord(a oath.Account, s oath.Secret) (record, error) {
	if err := a.Validate(); err != nil {
		return record{}, err
	}
	if err := nameable(a.ID()); err != nil {
		return record{}, err
	}
	if a.Type == oath.HOTP {
		a.Period = 0
	} else {
		a.Counter = 0
	}
	key := otpauth.Key{Account: a, Secret: s}
	uri, err := key.URI()
	if err != nil {
		return record{}, err
	}
	back, err := otpauth.Parse(uri)
	if err != nil {
		return record{}, err
	}
	back.Account.Touch = a.Touch // a URI does not say it
	if back.Account != a {
		return record{}, fmt.Errorf("%w: the name would be read back as %q", oath.ErrInvalid, back.Account.Label())
	}
	return record{key: key}, nil
}

// read decrypts an account's file. The error is oath.ErrLocked, fs.ErrNotExist
// or a *DamagedFile.
func (v *Vault) read(file string) (record, error) {
	plain, err := v.unseal(file)
	if err != nil {
		return record{}, err
	}
	defer clear(plain)
	return recordIn(file, plain)
}

// recordIn reads the content of an account's file. The error is a *DamagedFile.
func recordIn(file string, plain []byte) (record, error) {
	r, err := parseRecord(plain)
	if err == nil && !mayHold(file, r.key.Account) {
		err = fmt.Errorf("%w: %q", errMisplaced, r.key.Account.Label())
	}
	if err != nil {
		return record{}, &DamagedFile{file, err}
	}
	return r, nil
}

// sealRecord encrypts a record, which needs no unlock.
func (v *Vault) sealRecord(r record) ([]byte, error) {
	content, err := r.content()
	if err != nil {
		return nil, err
	}
	return v.seal(content)
}

// store encrypts a record, and writes it.
func (v *Vault) store(file string, r record) error {
	sealed, err := v.sealRecord(r)
	if err != nil {
		return err
	}
	return v.disk.write(file, sealed)
}

// storeNew stores an account that is not there yet.
func (v *Vault) storeNew(id oath.ID, r record) error {
	file, err := v.place(id)
	if err != nil {
		return err
	}
	return v.store(file, r)
}

// Why an age file does not open.
var (
	errNotAge     = errors.New("not an age file, or damaged")
	errForeign    = errors.New("encrypted to another key than the vault's")
	errUnreadable = errors.New("damaged: it was altered or cut short")
)

// unseal decrypts a file that should be encrypted to the vault's key. The error is
// oath.ErrLocked, fs.ErrNotExist or a *DamagedFile.
func (v *Vault) unseal(file string) ([]byte, error) {
	if v.identity == nil {
		return nil, oath.ErrLocked
	}
	if err := v.settled(file); err != nil {
		return nil, err
	}
	content, err := v.disk.read(file)
	if err != nil {
		return nil, err
	}
	return v.decrypt(file, content)
}

// decrypt is unseal for the content of a file.
func (v *Vault) decrypt(file string, content []byte) ([]byte, error) {
	plain, err := decrypt(content, v.identity)
	var noMatch *age.NoIdentityMatchError
	switch {
	case err == nil:
		return plain, nil
	case errors.As(err, &noMatch):
		err = errForeign
	case !errors.Is(err, errUnreadable):
		err = errNotAge
	}
	return nil, &DamagedFile{file, err}
}

// seal encrypts to the vault's recipients, and clears the content.
func (v *Vault) seal(content []byte) ([]byte, error) {
	defer clear(content)
	to, err := v.recipients()
	if err != nil {
		return nil, err
	}
	return encrypt(content, to...)
}

// recipients returns those that this machine trusts, which change has compared with those
// in the folder.
func (v *Vault) recipients() ([]age.Recipient, error) {
	to, err := age.ParseRecipients(strings.NewReader(v.trusted))
	if err != nil {
		return nil, &DamagedFile{recipientsFile, errNotRecipients}
	}
	return to, nil
}

// decrypt returns age's error for a header that does not open, and errUnreadable
// for what follows it. The file may be armored, as other programs write it.
func decrypt(content []byte, identities ...age.Identity) ([]byte, error) {
	content = bytes.TrimPrefix(content, []byte("\ufeff")) // as Windows' editors add
	var file io.Reader = bytes.NewReader(content)
	if bytes.HasPrefix(bytes.TrimSpace(content), []byte(armor.Header)) {
		file = armor.NewReader(file)
	}
	r, err := age.Decrypt(file, identities...)
	if err != nil {
		return nil, err
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		return nil, errUnreadable
	}
	return plain, nil
}

func encrypt(content []byte, to ...age.Recipient) ([]byte, error) {
	var b bytes.Buffer
	w, err := age.Encrypt(&b, to...)
	if err == nil {
		_, err = w.Write(content)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("encrypting: %w", err)
	}
	return b.Bytes(), nil
}
