package sheet

import (
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"filippo.io/age"
	curve "github.com/cloudflare/circl/group"
	"github.com/cloudflare/circl/secretsharing"

	"github.com/tokenctl/tokenctl/backup/sheet/line"
	"github.com/tokenctl/tokenctl/oath"
)

// open adds what was sealed on a sheet. The error joins what went wrong.
func (r *readResult) open(p *sheetParts, passphrase string) error {
	if p.sealed.of == 0 && len(p.shares) == 0 {
		return nil
	}
	c := p.combine()
	var err error
	for _, form := range oath.PasswordForms(passphrase) {
		var identity age.Identity
		if identity, err = p.identity(c, form); err == nil {
			err = r.unseal(p, identity)
		}
		if !errors.Is(err, ErrWrongPassphrase) {
			break
		}
	}
	if err != nil {
		err = fmt.Errorf("sheet %d: %w", p.sheet, err)
	}
	if len(c.bad) > 0 {
		slices.Sort(c.bad)
		err = errors.Join(err, &ShareError{p.sheet, slices.Compact(c.bad)})
	}
	return err
}

// identity returns what opens a sheet whose parts are all there.
func (p *sheetParts) identity(c combination, passphrase string) (age.Identity, error) {
	switch {
	case !p.sealed.complete() || p.seal == byShares && (c.more > 0 || c.need == 0):
		return nil, ErrIncomplete
	case p.seal == byShares:
		// The shares are of different numbers, none of them 0: circl panics otherwise.
		secret, err := secretsharing.Recover(uint(c.need-1), c.good)
		if err != nil {
			return nil, fmt.Errorf("putting the shares together: %w", err)
		}
		return identityOf(secret, p.id)
	case passphrase == "":
		return nil, ErrNeedsPassphrase
	}
	identity, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, fmt.Errorf("opening it: %w", err)
	}
	identity.SetMaxWorkFactor(MaxWorkFactor)
	return identity, nil
}

// unseal adds the records of a sealed text. Those that do not read do not keep it
// from adding the others.
func (r *readResult) unseal(p *sheetParts, identity age.Identity) error {
	var file strings.Builder
	for _, part := range p.sealed.ordered() {
		file.WriteString(part.data)
	}
	plain, err := age.Decrypt(strings.NewReader(file.String()), identity)
	if errors.Is(err, age.ErrIncorrectIdentity) {
		if p.seal == byShares {
			return fmt.Errorf("%w: the shares do not open it, so one of them is wrong", ErrDamaged)
		}
		return ErrWrongPassphrase
	}
	var text []byte
	if err == nil {
		text, err = io.ReadAll(plain)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	var wrong []error
	for one := range strings.Lines(string(text)) {
		if one = strings.TrimSpace(one); one == "" || strings.HasPrefix(one, "#") {
			continue
		}
		s, records, err := parseRecords(one)
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		for _, one := range records {
			one.addTo(r, s)
		}
	}
	return errors.Join(wrong...)
}

// A combination is what the shares of a split sheet amount to.
type combination struct {
	good []secretsharing.Share
	of   []int // the numbers of the good ones
	bad  []int // and of those that are not of this sheet, or were altered
	need int   // how many open it
	more int   // how many are missing

	proved bool // by the whole commitment, not by its digest alone
}

// combine sorts the shares into those that belong together and those that do not:
// by Feldman's commitment if it was read, else by its digest alone. The commitment
// is the one that most shares name.
func (p *sheetParts) combine() (c combination) {
	named := make(map[string]int)
	name := ""
	for _, s := range p.shares {
		named[s.commitment]++
	}
	for _, s := range p.shares {
		if named[s.commitment] > named[name] {
			name = s.commitment
		}
	}
	commitment := p.commitment(name)
	taken := make(map[int]bool)
	for _, s := range p.shares {
		share := secretsharing.Share{ID: curve.Ristretto255.NewScalar().SetUint64(uint64(s.share)), Value: curve.Ristretto255.NewScalar()}
		ok := share.Value.UnmarshalBinary([]byte(s.value)) == nil
		if commitment != nil {
			ok = ok && secretsharing.Verify(uint(len(commitment)-1), share, commitment)
		}
		if !ok || s.commitment != name {
			c.bad = append(c.bad, s.share)
			continue
		}
		c.need = s.need
		if !taken[s.share] {
			taken[s.share] = true
			c.good, c.of = append(c.good, share), append(c.of, s.share)
		}
	}
	if commitment != nil {
		c.need = len(commitment)
	}
	c.more = max(c.need-len(c.good), 0)
	c.proved = commitment != nil
	return c
}

// whole returns the shares that agree with the commitment, if all parts were read, which
// are on every copy: so these copies are good, whatever became of the others.
func (p *sheetParts) whole() []int {
	c := p.combine()
	if !c.proved || !p.sealed.complete() {
		return nil
	}
	slices.Sort(c.of)
	return c.of
}

// commitment returns the one of that digest, nil if it was not read completely.
func (p *sheetParts) commitment(name string) (elements secretsharing.SecretCommitment) {
	pieces := p.commitments[name]
	if pieces == nil || !pieces.complete() {
		return nil
	}
	var all string
	for _, r := range pieces.ordered() {
		all += r.data
	}
	n := len(all) / scalarSize
	if digest(all, commitmentDigest) != name || len(all)%scalarSize != 0 || n < 2 || n > MaxShares {
		return nil
	}
	for _, text := range line.CutEvery(all, scalarSize) {
		e := curve.Ristretto255.NewElement()
		if e.UnmarshalBinary([]byte(text)) != nil {
			return nil
		}
		elements = append(elements, e)
	}
	return elements
}

// keyDomain keeps this use of a hash apart from all others.
const keyDomain = "tokenctl split sheet"

// identityOf derives the age identity that opens a split sheet: HKDF-SHA256 (RFC
// 5869) of the secret's 32 bytes, with the sheet's ID as salt and keyDomain as
// info, are its X25519 key.
func identityOf(secret curve.Scalar, id string) (*age.X25519Identity, error) {
	input, err := secret.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("deriving the key of the split sheet: %w", err)
	}
	key, err := hkdf.Key(sha256.New, input, []byte(id), keyDomain, 32)
	if err != nil {
		return nil, fmt.Errorf("deriving the key of the split sheet: %w", err)
	}
	identity, err := age.ParseX25519Identity(encodeIdentity(key))
	if err != nil {
		return nil, fmt.Errorf("the key of the split sheet is not one of age's") // age's own error quotes it
	}
	return identity, nil
}

// encodeIdentity writes the 32 bytes of an X25519 key as age does: in Bech32 (BIP
// 173) with the prefix age-secret-key-, in capitals (age-encryption.org/v1, "The
// X25519 recipient type").
func encodeIdentity(key []byte) string {
	const alphabet = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"
	hrp := strings.ToLower(strings.TrimSuffix(identityPrefix, "1"))
	var values []byte // five bits each, the last filled with zeros
	accumulated, bits := 0, 0
	for _, b := range key {
		accumulated, bits = accumulated<<8|int(b), bits+8
		for ; bits >= 5; bits -= 5 {
			values = append(values, byte(accumulated>>(bits-5)&31))
		}
	}
	if bits > 0 {
		values = append(values, byte(accumulated<<(5-bits)&31))
	}
	// BIP 173, "Checksum".
	var expanded []byte
	for i := range len(hrp) {
		expanded = append(expanded, hrp[i]>>5)
	}
	expanded = append(expanded, 0)
	for i := range len(hrp) {
		expanded = append(expanded, hrp[i]&31)
	}
	state := uint32(1)
	for _, v := range slices.Concat(expanded, values, make([]byte, 6)) {
		top := state >> 25
		state = state&0x1ffffff<<5 ^ uint32(v)
		for i, g := range [5]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			if top>>i&1 == 1 {
				state ^= g
			}
		}
	}
	state ^= 1
	for i := range 6 {
		values = append(values, byte(state>>(5*(5-i))&31))
	}
	text := []byte(identityPrefix)
	for _, v := range values {
		text = append(text, alphabet[v])
	}
	return string(text)
}
