package oath

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/binary"
	"hash"
	"math"
)

// A Response is what a token computes of an account's secret and a challenge that replaces
// the time step: the whole HMAC, or what the token shows of it.
type Response struct {
	HMAC   []byte // of the challenge, 8 bytes big-endian; nil where the token truncates it
	Value  uint32 // where HMAC is nil: truncated (RFC 4226, section 5.3), and reduced to Digits or not
	Digits int    // of the account's codes, as the token has them
}

// Respond returns the whole response to a challenge. The error wraps ErrInvalid if the
// secret is zero.
func (a Account) Respond(s Secret, challenge uint64) (Response, error) {
	if err := s.check(); err != nil {
		return Response{}, err
	}
	hashes := map[Algorithm]func() hash.Hash{SHA256: sha256.New, SHA512: sha512.New}
	sum := hashes[a.Algorithm]
	if sum == nil {
		sum = sha1.New
	}
	mac := hmac.New(sum, s.Bytes())
	mac.Write(binary.BigEndian.AppendUint64(nil, challenge))
	return Response{HMAC: mac.Sum(nil), Digits: a.Digits}, nil
}

// Equal reports whether two responses to one challenge are the same, as far as both show
// it, in a time that does not depend on where they differ. The chance is that of another
// secret to give the same response: 0, for want of a smaller number, if both are whole.
func (r Response) Equal(other Response) (same bool, chance float64) {
	if r.HMAC != nil && other.HMAC != nil {
		return subtle.ConstantTimeCompare(r.HMAC, other.HMAC) == 1, 0
	}
	digits := math.MaxInt
	values := [2]uint32{r.Value, other.Value}
	for i, one := range []Response{r, other} {
		if one.HMAC == nil {
			digits = min(digits, one.Digits)
			continue
		}
		value, ok := Truncate(one.HMAC)
		if !ok {
			return false, 0
		}
		values[i] = value
	}
	if digits < 1 {
		return false, 0
	}
	digits = min(digits, maxTruncatedDigits)
	modulus := uint32(math.Pow10(digits))
	for i, v := range values {
		values[i] = v & math.MaxInt32 % modulus
	}
	return subtle.ConstantTimeEq(int32(values[0]), int32(values[1])) == 1, math.Pow10(-digits)
}

// maxTruncatedDigits are the digits that a 31-bit number has in full.
const maxTruncatedDigits = 9
