package otpauth

import (
	"encoding/base64"
	"encoding/binary"
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
// filling the memory with the numbers of missing parts.
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
	var a oath.Account
	switch {
	case e.kind > 2:
		return Key{}, fmt.Errorf("%w: the type is neither totp nor hotp", oath.ErrInvalid)
	case e.kind != 1:
		a.Type, a.Period = oath.TOTP, oath.DefaultPeriod
	case e.counter < 0:
		return Key{}, fmt.Errorf("%w: the counter is negative", oath.ErrInvalid)
	default:
		a.Type, a.Counter = oath.HOTP, uint64(e.counter)
	}
	switch e.algorithm {
	case 0, 1:
		a.Algorithm = oath.SHA1
	case 2:
		a.Algorithm = oath.SHA256
	case 3:
		a.Algorithm = oath.SHA512
	case 4:
		return Key{}, errMD5
	default:
		return Key{}, errAlgorithm
	}
	switch e.digits {
	case 0, 1:
		a.Digits = 6
	case 2:
		a.Digits = 8
	default:
		return Key{}, fmt.Errorf("%w: the number of digits is neither 6 nor 8", oath.ErrInvalid)
	}
	secret, err := oath.NewSecret(e.secret)
	if err != nil {
		return Key{}, err
	}
	k := Key{Account: a, Secret: secret}
	k.setName(splitName(e.name, e.issuer), e.issuer)
	return k.finish(false, false)
}

// A wireType is how a protobuf field is encoded. Numbers of fixed size do not occur
// in what is read here, and are passed over.
//
// https://protobuf.dev/programming-guides/encoding/
type wireType byte

const (
	wireVarint  wireType = 0
	wireFixed64 wireType = 1
	wireBytes   wireType = 2
	wireFixed32 wireType = 5
)

// A fieldKey identifies a field of a protobuf message. As readers of protobuf must,
// a known number of an unknown type is passed over.
type fieldKey struct {
	number uint64
	wire   wireType
}

// A field is one field of a protobuf message: its number value, or its bytes,
// which are part of the message.
type field struct {
	fieldKey
	value uint64
	bytes []byte
}

// readFields takes a protobuf message apart. The error has the offset at which
// it is malformed.
func readFields(message []byte) ([]field, error) {
	var fields []field
	for rest := message; len(rest) > 0; {
		f, size := readField(rest)
		if size == 0 {
			return nil, fmt.Errorf("the data is malformed or cut short at byte %d", len(message)-len(rest))
		}
		fields = append(fields, f)
		rest = rest[size:]
	}
	return fields, nil
}

// readField reads the first field, and how many bytes it takes; 0 if it is
// malformed.
func readField(b []byte) (f field, size int) {
	tag, n := binary.Uvarint(b)
	if n <= 0 {
		return field{}, 0
	}
	f.number, f.wire = tag>>3, wireType(tag&7)
	switch f.wire {
	case wireVarint:
		value, m := binary.Uvarint(b[n:])
		if m <= 0 {
			return field{}, 0
		}
		f.value, size = value, n+m
	case wireBytes:
		length, m := binary.Uvarint(b[n:])
		if m <= 0 || length > uint64(len(b)-n-m) {
			return field{}, 0
		}
		size = n + m + int(length)
		f.bytes = b[n+m : size]
	case wireFixed64:
		size = n + 8
	case wireFixed32:
		size = n + 4
	}
	if size > len(b) {
		return field{}, 0
	}
	return f, size
}
