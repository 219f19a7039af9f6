package otpauth

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/tokenctl/tokenctl/oath"
)

const migrationScheme = "otpauth-migration"

// A part is what one QR code of Google Authenticator's export holds: some ten
// accounts. A longer list goes through several codes, which share an ID.
type part struct {
	keys  []Key
	id    int32 // drawn at random
	index int   // from 0
	size  int   // how many codes there are, 1 or more
}

// maxParts is far beyond what anybody scans, and keeps a forged number from
// filling the memory with the numbers of missing parts.
const maxParts = 1000

// parsePart reads an otpauth-migration URI. With an error that wraps
// oath.ErrInvalid for some of the accounts, it returns the others nonetheless.
// If the text is of another kind, it returns ErrNotURI.
//
// There is no specification; the message is that of the app, with its fields
// named by those who took it apart first (github.com/dim13/otpauth).
func parsePart(text string) (part, error) {
	if !isMigration(text) {
		return part{}, ErrNotURI
	}
	payload, err := migrationPayload(text)
	if err != nil {
		return part{}, fmt.Errorf("%w: reading Google Authenticator's export: %w", oath.ErrInvalid, err)
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
func parsePayload(payload []byte) (part, error) {
	b := part{size: 1}
	var refused []error
	count := 0
	err := eachField(payload, func(f field) {
		switch f.fieldKey {
		case fieldKey{1, wireBytes}:
			count++
			k, err := parseEntry(f.bytes)
			if err != nil {
				refused = append(refused, fmt.Errorf("account %d of the export: %w", count, err))
				return
			}
			b.keys = append(b.keys, k)
		case fieldKey{3, wireVarint}:
			b.size = max(1, int(int32(f.value)))
		case fieldKey{4, wireVarint}:
			b.index = int(int32(f.value))
		case fieldKey{5, wireVarint}:
			b.id = int32(f.value)
		}
	})
	if err != nil {
		return part{}, fmt.Errorf("%w: reading Google Authenticator's export: %w", oath.ErrInvalid, err)
	}
	if b.size > maxParts || b.index < 0 || b.index >= b.size {
		return part{}, fmt.Errorf("%w: Google Authenticator's export says to be part %d of %d", oath.ErrInvalid, b.index+1, b.size)
	}
	return b, errors.Join(refused...)
}

// The numbers that the message has for what an otpauth URI spells. 0 is "unspecified",
// which the app writes for what is usual.
var (
	migrationTypes      = []string{"", "hotp", "totp"}
	migrationAlgorithms = []string{"", "SHA1", "SHA256", "SHA512", "MD5"}
	migrationDigits     = []string{"", "6", "8"}
)

// parseEntry reads one account. Periods are not part of the message; the app
// knows 30 seconds only.
func parseEntry(message []byte) (Key, error) {
	f := Fields{Bytes: []byte{}}
	var kind, algorithm, digits uint64
	var counter int64
	err := eachField(message, func(x field) {
		switch x.fieldKey {
		case fieldKey{1, wireBytes}:
			f.Bytes = x.bytes
		case fieldKey{2, wireBytes}:
			f.Name = string(x.bytes)
		case fieldKey{3, wireBytes}:
			f.Issuer = string(x.bytes)
		case fieldKey{4, wireVarint}:
			algorithm = x.value
		case fieldKey{5, wireVarint}:
			digits = x.value
		case fieldKey{6, wireVarint}:
			kind = x.value
		case fieldKey{7, wireVarint}:
			counter = int64(x.value)
		}
	})
	switch {
	case err != nil:
		return Key{}, fmt.Errorf("%w: %w", oath.ErrInvalid, err)
	case kind >= uint64(len(migrationTypes)):
		return Key{}, errType
	case algorithm >= uint64(len(migrationAlgorithms)):
		return Key{}, errAlgorithm
	case digits >= uint64(len(migrationDigits)):
		return Key{}, fmt.Errorf("%w: the number of digits must be 6 or 8", oath.ErrInvalid)
	}
	f.Type, f.Algorithm, f.Digits = migrationTypes[kind], migrationAlgorithms[algorithm], migrationDigits[digits]
	f.Counter = strconv.FormatInt(counter, 10)
	return f.Key()
}

// partSize is how many accounts one code of the export holds when tokenctl writes it:
// as many as the app puts there.
const partSize = 10

// Batches writes accounts as Google Authenticator's export: otpauth-migration URIs, each
// for one QR code, of ten accounts at most. They share the ID, by which the app knows
// them as parts of one list.
//
// The message has no room for a period other than 30 seconds, for codes of 7 digits, and
// for Steam's. Such an account is left out, as one without a secret is, with an error in refused, by its place among
// the keys.
func Batches(keys []Key, id int32) (uris []string, refused map[int]error) {
	var entries [][]byte
	refused = make(map[int]error)
	for i, k := range keys {
		entry, err := appendEntry(k)
		if err != nil {
			refused[i] = err
			continue
		}
		entries = append(entries, entry)
	}
	chunks := slices.Collect(slices.Chunk(entries, partSize))
	for index, chunk := range chunks {
		var b []byte
		for _, entry := range chunk {
			b = appendBytes(b, 1, entry)
		}
		b = appendNumber(b, 2, 1) // the version
		b = appendNumber(b, 3, uint64(len(chunks)))
		b = appendNumber(b, 4, uint64(index))
		b = appendNumber(b, 5, uint64(id))
		data := base64.StdEncoding.EncodeToString(b)
		uris = append(uris, migrationScheme+"://offline?data="+url.QueryEscape(data))
	}
	return uris, refused
}

func appendEntry(k Key) ([]byte, error) {
	a := k.Account.WithDefaults()
	digits := slices.Index(migrationDigits, strconv.Itoa(a.Digits))
	switch {
	case k.Secret.IsZero():
		return nil, errNoSecret
	case a.IsSteam():
		return nil, errors.New("such an export has no Steam accounts")
	case digits < 0:
		return nil, errors.New("such an export has codes of 6 and 8 digits only")
	case a.Type == oath.TOTP && a.Period != oath.DefaultPeriod:
		return nil, errors.New("such an export has no period but 30 seconds")
	}
	b := appendBytes(nil, 1, k.Secret.Bytes())
	b = appendBytes(b, 2, []byte(a.Name))
	b = appendBytes(b, 3, []byte(a.Issuer))
	b = appendNumber(b, 4, uint64(slices.Index(migrationAlgorithms, a.Algorithm.String())))
	b = appendNumber(b, 5, uint64(digits))
	b = appendNumber(b, 6, uint64(slices.Index(migrationTypes, a.Type.String())))
	if a.Type == oath.HOTP {
		b = appendNumber(b, 7, a.Counter)
	}
	return b, nil
}
