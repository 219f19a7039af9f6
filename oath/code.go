package oath

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

// A Code is a one-time password and the time in which the service takes it.
type Code struct {
	Value string // digits, or Steam's letters

	// From is when the code begins to be valid, Until when it has expired.
	// Both are zero for HOTP, whose codes know no time.
	From, Until time.Time
}

// IsZero reports whether there is no code.
func (c Code) IsZero() bool { return c.Value == "" }

// IsExpired reports whether the code was valid, and is not any more.
func (c Code) IsExpired(now time.Time) bool { return !c.Until.IsZero() && !c.Until.After(now) }

// Remaining returns how long the code stays valid after now, and 0 once it has
// expired or if it does not expire.
func (c Code) Remaining(now time.Time) time.Duration {
	if c.Until.IsZero() {
		return 0
	}
	return max(0, c.Until.Sub(now))
}

// Compute returns the account's code: for TOTP and Steam at the given time, for
// HOTP at a.Counter. The error wraps ErrInvalid if the account is not valid, or the
// secret is zero.
func Compute(a Account, s Secret, at time.Time) (Code, error) {
	if err := cmp.Or(a.Validate(), s.check()); err != nil {
		return Code{}, err
	}
	factor := a.Counter
	if a.Type == TOTP {
		factor = a.TimeStep(at)
	}
	value, err := hotp.GenerateCodeCustom(s.Base32(), factor, hotp.ValidateOpts{
		Digits:    otp.Digits(a.Digits),
		Algorithm: pquernaAlgorithm(a.Algorithm),
		Encoder:   pquernaEncoder(a),
	})
	if err != nil {
		return Code{}, fmt.Errorf("computing the code of %q: %w", a.Label(), err)
	}
	return a.NewCode(value, at), nil
}

// TimeStep returns the moving factor of a TOTP account: whole periods since the
// Unix epoch (RFC 6238, section 4.2). Times before the epoch count as the epoch.
func (a Account) TimeStep(at time.Time) uint64 {
	period := int64(a.Period)
	if period <= 0 {
		period = DefaultPeriod
	}
	return uint64(max(0, at.Unix()) / period)
}

// NewCode returns a value that a token computed at the given time, as a code
// with the time in which it is valid.
func (a Account) NewCode(value string, at time.Time) Code {
	if a.Type == HOTP {
		return Code{Value: value}
	}
	period := int64(a.Period)
	if period <= 0 {
		period = DefaultPeriod
	}
	from := int64(a.TimeStep(at)) * period
	return Code{Value: value, From: time.Unix(from, 0), Until: time.Unix(from+period, 0)}
}

// Truncate takes the 31-bit number out of an HMAC (RFC 4226, section 5.3). It
// reports false if the HMAC is too short to hold one.
func Truncate(hmac []byte) (value uint32, ok bool) {
	if len(hmac) < 20 {
		return 0, false
	}
	offset := int(hmac[len(hmac)-1] & 0x0f)
	return binary.BigEndian.Uint32(hmac[offset:]) & math.MaxInt32, true
}

// FormatCode writes a truncated HMAC as the account's code: reduced to its
// digits, or spelled in Steam's alphabet. The top bit of value is ignored.
func (a Account) FormatCode(value uint32) string {
	value &= math.MaxInt32
	if a.IsSteam() {
		return steamCode(value)
	}
	digits := a.Digits
	if digits <= 0 {
		digits = DefaultDigits
	}
	if digits < 10 { // which is what a 31-bit number has at most
		value %= uint32(math.Pow10(digits))
	}
	return fmt.Sprintf("%0*d", digits, value)
}

// steamAlphabet leaves out the letters and digits that are mistaken for others.
const steamAlphabet = "23456789BCDFGHJKMNPQRTVWXY"

func steamCode(value uint32) string {
	code := make([]byte, SteamDigits)
	for i := range code {
		code[i] = steamAlphabet[value%uint32(len(steamAlphabet))]
		value /= uint32(len(steamAlphabet))
	}
	return string(code)
}

func pquernaAlgorithm(a Algorithm) otp.Algorithm {
	switch a {
	case SHA256:
		return otp.AlgorithmSHA256
	case SHA512:
		return otp.AlgorithmSHA512
	}
	return otp.AlgorithmSHA1
}

func pquernaEncoder(a Account) otp.Encoder {
	if a.IsSteam() {
		return otp.EncoderSteam
	}
	return otp.EncoderDefault
}
