package sheet

import (
	"fmt"
	"strings"

	"filippo.io/age"

	"github.com/tokenctl/tokenctl/backup/sheet/line"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// What stands on a sheet for a machine to read are records. In the clear, each is
// the text of a QR code, and can be typed in from lines; sealed, each is a line of
// the text that is sealed.
type (
	// An accountRecord is an otpauth URI as any authenticator takes it, with
	// nothing of ours in it.
	accountRecord struct{ otpauth.Key }

	// A keyRecord is the vault's key, AGE-SECRET-KEY-1...
	keyRecord string
)

// A stamp tells which sheet a record is of.
type stamp struct {
	sheet int
	id    string // of the printing
}

func (s stamp) fields() (f fields) {
	f.number("sheet", s.sheet)
	f.add("id", s.id)
	return f
}

func parseStamp(f fields) (s stamp, err error) {
	if s.sheet, err = f.whole("sheet", 1, 0); err != nil {
		return stamp{}, err
	}
	if s.sheet > maxSheet {
		return stamp{}, fmt.Errorf("%w: nobody has printed %d sheets", ErrDamaged, s.sheet)
	}
	if s.id = f.get("id"); !isID(s.id) {
		return stamp{}, fmt.Errorf("%w: \"id\" is not %d base32 letters", ErrDamaged, idLength)
	}
	return s, nil
}

// maxSheet is the highest number of a sheet that is read. It leaves numbers for
// those that follow, whatever a false one says.
const maxSheet = maxCount / 10

// maxRecord is the longest record, in bytes: a thousand backup codes, which are not
// cut into pieces in what was sealed. A QR code holds 7089 characters at most (ISO
// 18004, "Symbol versions and sizes").
const maxRecord = 1 << 17

// parseRecord reads any record. What is none, is ErrForeign.
func parseRecord(text string) (any, error) {
	switch {
	case hasPrefixFold(text, "otpauth://"), hasPrefixFold(text, "steam://"):
		k, err := otpauth.Parse(text)
		return accountRecord{k}, err
	case hasPrefixFold(text, line.IdentityPrefix):
		return parseKey(text)
	case strings.HasPrefix(text, scheme):
		return parseOwn(text)
	}
	return nil, ErrForeign
}

func hasPrefixFold(text, prefix string) bool {
	return len(text) >= len(prefix) && strings.EqualFold(text[:len(prefix)], prefix)
}

func parseKey(text string) (keyRecord, error) {
	text = strings.ToUpper(text)
	if _, err := age.ParseX25519Identity(text); err != nil {
		return "", fmt.Errorf("%w: the vault's key does not read", ErrDamaged) // age's own error quotes the key
	}
	return keyRecord(text), nil
}

// parseOwn reads a record that is ours alone.
func parseOwn(text string) (any, error) {
	name, f, err := parseFields(text)
	if err != nil {
		return nil, err
	}
	parse, ok := ownRecords[name]
	if !ok {
		return nil, fmt.Errorf("%w: it has a record %.20q", ErrNewer, name)
	}
	s, err := parseStamp(f)
	if err != nil {
		return nil, err
	}
	return parse(s, f)
}

// ownRecords reads each of our records, once its stamp is read.
var ownRecords = map[string]func(stamp, fields) (any, error){
	contentsName:   parseContents,
	codesName:      parseCodes,
	partName:       parsePart,
	shareName:      parseShare,
	commitmentName: parseCommitment,
}

// maxSymbol is how long the texts of our own QR codes are at most, in bytes:
// version 15 at level Q holds 292 of them.
const maxSymbol = 292
