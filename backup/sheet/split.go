package sheet

import (
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"io"

	"filippo.io/age"
	curve "github.com/cloudflare/circl/group"
	"github.com/cloudflare/circl/secretsharing"
	"github.com/tokenctl/tokenctl/backup/sheet/layout"
)

// MaxShares is how many sheets one can be split into.
const MaxShares = 16

// Split returns n documents, any k of which open the sheet, and fewer of which tell
// nothing of it: 2 <= k <= n <= MaxShares. It returns ErrInvalid, or an error of
// reading random.
//
// The secret that is shared comes out of random, the other coefficients of Shamir's
// polynomial out of the system's randomness: circl takes them from there for
// ristretto255, whatever it is given.
func (s Sheet) Split(k, n int, random io.Reader) ([]layout.Document, error) {
	s, err := s.checked()
	if err != nil {
		return nil, err
	}
	if k < 2 || k > n || n > MaxShares {
		return nil, fmt.Errorf("%w: it cannot be split into %d of which any %d open it, but into 2 to %d", ErrInvalid, n, k, MaxShares)
	}
	secret, err := drawScalar(random)
	if err != nil {
		return nil, err
	}
	identity, err := identityOf(secret, s.ID)
	if err != nil {
		return nil, err
	}
	file, err := seal(s.sealedText(), identity.Recipient())
	if err != nil {
		return nil, err
	}
	shared, err := s.share(secret, k, n, random)
	if err != nil {
		return nil, err
	}
	parts := partRecords(s.stamp(), byShares, file)
	documents := make([]layout.Document, n)
	for i := range documents {
		documents[i] = s.copyOf(shared, i, parts)
	}
	return documents, nil
}

// A sharing is what the copies of a split sheet differ in, and what they have in
// common to tell true shares by.
type sharing struct {
	shares     []shareRecord
	commitment []commitmentRecord
}

func (s Sheet) share(secret curve.Scalar, k, n int, random io.Reader) (sharing, error) {
	sharing := sharing{}
	polynomial := secretsharing.New(random, uint(k-1), secret)
	var commitment []byte
	for _, element := range polynomial.CommitSecret() {
		b, err := element.MarshalBinary()
		if err != nil {
			return sharing, fmt.Errorf("splitting the sheet: %w", err)
		}
		commitment = append(commitment, b...)
	}
	sharing.commitment = commitmentRecords(s.stamp(), commitment)
	for i, share := range polynomial.Share(uint(n)) {
		value, err := share.Value.MarshalBinary()
		if err != nil {
			return sharing, fmt.Errorf("splitting the sheet: %w", err)
		}
		name := sharing.commitment[0].commitment
		sharing.shares = append(sharing.shares, shareRecord{s.stamp(), i + 1, n, k, name, string(value)})
	}
	return sharing, nil
}

// drawScalar returns a random scalar of ristretto255.
func drawScalar(random io.Reader) (curve.Scalar, error) {
	seed := make([]byte, 64)
	if _, err := io.ReadFull(random, seed); err != nil {
		return nil, fmt.Errorf("drawing the key of the split sheet: %w", err)
	}
	return curve.Ristretto255.HashToScalar(seed, []byte(keyDomain)), nil
}

// keyDomain parts this use of a hash from all others.
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
	identity, err := age.ParseX25519Identity(EncodeIdentity(key))
	if err != nil {
		return nil, fmt.Errorf("the key of the split sheet is not one of age's") // age's own error quotes it
	}
	return identity, nil
}
