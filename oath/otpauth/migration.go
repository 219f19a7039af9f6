package otpauth

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/tokenctl/tokenctl/oath"
)

const migrationScheme = "otpauth-migration"

// A Batch is what one QR code of Google Authenticator's export holds: some ten
// accounts. A longer list goes through several codes, which share an ID.
type Batch struct {
	Keys  []Key
	ID    int32 // drawn at random
	Index int   // from 0
	Size  int   // how many codes there are, 1 or more
}

// maxBatchSize is far beyond what anybody scans, and keeps a forged number from
// filling the memory with the parts that are missing.
const maxBatchSize = 1000

// ParseBatch reads an otpauth-migration URI. With an error that wraps
// oath.ErrInvalid for some of the accounts, it returns the others nonetheless.
// If the text is of another kind, it returns ErrNotURI.
//
// There is no specification; the message is that of the app, with its fields
// named by those who took it apart first (github.com/dim13/otpauth).
func ParseBatch(text string) (Batch, error) {
	if !isMigration(text) {
		return Batch{}, ErrNotURI
	}
	payload, err := migrationPayload(text)
	if err != nil {
		return Batch{}, fmt.Errorf("%w: reading Google Authenticator's export: %w", oath.ErrInvalid, err)
	}
	return parsePayload(payload)
}

func isMigration(text string) bool {
	scheme, _, _ := strings.Cut(trimText(text), ":")
	return strings.EqualFold(scheme, migrationScheme)
}

// migrationPayload decodes the parameter "data". Some writers leave the '+' of
// base64 unescaped, some use the alphabet for URLs, some leave the padding out.
func migrationPayload(uri string) ([]byte, error) {
	_, query, _ := strings.Cut(trimText(uri), "?")
	for parameter := range strings.SplitSeq(query, "&") {
		data, found := strings.CutPrefix(parameter, "data=")
		if !found {
			continue
		}
		data = strings.NewReplacer(" ", "+", "-", "+", "_", "/").Replace(unescape(data))
		payload, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(data, "="))
		if err != nil {
			return nil, errors.New("the data is not base64; is it cut short?")
		}
		return payload, nil
	}
	return nil, errors.New("it has no data")
}

// parsePayload reads the outer message. Its version, field 2, is not looked at:
// what later ones added is passed over.
func parsePayload(payload []byte) (Batch, error) {
	fields, err := readFields(payload)
	if err != nil {
		return Batch{}, fmt.Errorf("%w: reading Google Authenticator's export: %w", oath.ErrInvalid, err)
	}
	batch := Batch{Size: 1}
	var refused []error
	count := 0
	for _, f := range fields {
		switch f.fieldKey {
		case fieldKey{1, wireBytes}:
			count++
			k, err := parseEntry(f.bytes)
			if err != nil {
				refused = append(refused, fmt.Errorf("account %d of the export: %w", count, err))
				continue
			}
			batch.Keys = append(batch.Keys, k)
		case fieldKey{3, wireVarint}:
			batch.Size = max(1, int(int32(f.value)))
		case fieldKey{4, wireVarint}:
			batch.Index = int(int32(f.value))
		case fieldKey{5, wireVarint}:
			batch.ID = int32(f.value)
		}
	}
	if batch.Size > maxBatchSize || batch.Index < 0 || batch.Index >= batch.Size {
		return Batch{}, fmt.Errorf("%w: Google Authenticator's export says to be part %d of %d", oath.ErrInvalid, batch.Index+1, batch.Size)
	}
	return batch, errors.Join(refused...)
}

// parseEntry reads one account. Periods are not part of the message; the app
// knows 30 seconds only.
func parseEntry(message []byte) (Key, error) {
	fields, err := readFields(message)
	if err != nil {
		return Key{}, fmt.Errorf("%w: %w", oath.ErrInvalid, err)
	}
	var e entry
	for _, f := range fields {
		switch f.fieldKey {
		case fieldKey{1, wireBytes}:
			e.secret = f.bytes
		case fieldKey{2, wireBytes}:
			e.name = strings.TrimSpace(string(f.bytes))
		case fieldKey{3, wireBytes}:
			e.issuer = strings.TrimSpace(string(f.bytes))
		case fieldKey{4, wireVarint}:
			e.algorithm = f.value
		case fieldKey{5, wireVarint}:
			e.digits = f.value
		case fieldKey{6, wireVarint}:
			e.kind = f.value
		case fieldKey{7, wireVarint}:
			e.counter = int64(f.value)
		}
	}
	return e.key()
}

// An entry is an account as the message has it. A number that is left out is 0,
// and 0 is "unspecified", which the app writes for what is usual.
type entry struct {
	secret                  []byte
	name, issuer            string
	algorithm, digits, kind uint64
	counter                 int64
}

func (e entry) key() (Key, error) {
	a, err := e.movingFactor()
	if err != nil {
		return Key{}, err
	}
	if a.Algorithm, err = e.hash(); err != nil {
		return Key{}, err
	}
	if a.Digits, err = e.length(); err != nil {
		return Key{}, err
	}
	secret, err := oath.NewSecret(e.secret)
	if err != nil {
		return Key{}, err
	}
	k := Key{Account: a, Secret: secret}
	k.setName(splitName(e.name, e.issuer), e.issuer)
	return k.finish(false, false)
}

func (e entry) movingFactor() (oath.Account, error) {
	switch e.kind {
	case 1:
		if e.counter < 0 {
			return oath.Account{}, fmt.Errorf("%w: the counter is negative", oath.ErrInvalid)
		}
		return oath.Account{Type: oath.HOTP, Counter: uint64(e.counter)}, nil
	case 0, 2:
		return oath.Account{Type: oath.TOTP, Period: oath.DefaultPeriod}, nil
	}
	return oath.Account{}, fmt.Errorf("%w: the type is neither totp nor hotp", oath.ErrInvalid)
}

func (e entry) hash() (oath.Algorithm, error) {
	switch e.algorithm {
	case 0, 1:
		return oath.SHA1, nil
	case 2:
		return oath.SHA256, nil
	case 3:
		return oath.SHA512, nil
	case 4:
		return 0, errMD5
	}
	return 0, errAlgorithm
}

func (e entry) length() (int, error) {
	switch e.digits {
	case 0, 1:
		return 6, nil
	case 2:
		return 8, nil
	}
	return 0, fmt.Errorf("%w: the number of digits is neither 6 nor 8", oath.ErrInvalid)
}
