package sheet

import (
	"encoding/base64"
	"fmt"
	"github.com/tokenctl/tokenctl/backup/sheet/line"
)

const partName = "part"

// How a sheet is sealed.
const (
	byPassphrase = "passphrase"
	byShares     = "shares"
)

// A partRecord is a piece of an age file (age-encryption.org/v1):
//
//	tokenctl:part?sheet=7&id=KQ3ZT7AB&seal=passphrase&part=03/12&data=...
//
// The data are base64; since each piece but the last has a multiple of three bytes,
// the data of all, one after the other, are the base64 of the whole file, as in
// age's armor.
type partRecord struct {
	stamp
	seal     string
	part, of int
	data     string // bytes
}

// partSize is how many bytes a part holds: twelve lines of letters.
const partSize = 150

func (p partRecord) text() string {
	f := p.stamp.fields()
	f.add("seal", p.seal)
	f.add("part", ratio(p.part, p.of))
	f.add("data", base64.StdEncoding.EncodeToString([]byte(p.data)))
	return f.text(partName)
}

// partRecords cuts an age file into parts.
func partRecords(s stamp, seal string, file []byte) (parts []partRecord) {
	pieces := line.CutEvery(string(file), partSize)
	for i, piece := range pieces {
		parts = append(parts, partRecord{s, seal, i + 1, len(pieces), piece})
	}
	return parts
}

func parsePart(s stamp, f fields) (any, error) {
	p := partRecord{stamp: s}
	var err error
	if p.seal, err = parseSeal(f); err != nil {
		return nil, err
	}
	if p.part, p.of, err = f.ratio("part"); err != nil {
		return nil, err
	}
	p.data, err = parseData(f, "data")
	return p, err
}

func parseSeal(f fields) (string, error) {
	switch seal := f.get("seal"); seal {
	case byPassphrase, byShares:
		return seal, nil
	default:
		return "", fmt.Errorf("%w: it is sealed by %.20q", ErrNewer, seal)
	}
}

// parseData returns the bytes of a field in base64.
func parseData(f fields, name string) (string, error) {
	data, err := base64.StdEncoding.Strict().DecodeString(f.get(name))
	if err != nil || len(data) == 0 {
		return "", fmt.Errorf("%w: %q is not base64", ErrDamaged, name)
	}
	return string(data), nil
}
