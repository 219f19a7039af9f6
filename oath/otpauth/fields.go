package otpauth

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/tokenctl/tokenctl/oath"
)

// Fields are what a URI or another app's file says of an account: texts, in whatever
// spelling. One that is empty stands for what is usual.
type Fields struct {
	Type      string // "totp", which is usual, "hotp", or "steam"
	Issuer    string
	Name      string // of the account, or issuer:name
	Secret    string // base32, as oath.ParseSecret reads it
	Bytes     []byte // of the secret, instead of Secret
	Algorithm string // "SHA1", which is usual, "sha-256", "HmacSHA512"
	Digits    string // decimal, as are the others; 6 is usual
	Period    string // seconds; 30 is usual
	Counter   string // of HOTP; 0 is usual
}

var (
	errMOTP  = fmt.Errorf("%w: Mobile-OTP (motp) is a scheme of its own, not HOTP or TOTP", oath.ErrInvalid)
	errYAOTP = fmt.Errorf("%w: Yandex's codes (yaotp) are a scheme of their own, not HOTP or TOTP", oath.ErrInvalid)
	errMD5   = fmt.Errorf("%w: the algorithm is MD5, which neither RFC 4226 nor RFC 6238 allows; SHA1, SHA256 and SHA512 are", oath.ErrInvalid)

	errNoSecret  = fmt.Errorf("%w: the secret is empty", oath.ErrInvalid)
	errType      = fmt.Errorf("%w: the type must be totp or hotp", oath.ErrInvalid)
	errAlgorithm = fmt.Errorf("%w: the algorithm must be one of SHA1, SHA256, SHA512", oath.ErrInvalid)
)

// Key returns the account, which is valid and has no default left open, and its secret.
// Its warnings say how contradictions were understood. The error wraps oath.ErrInvalid;
// it is a *NameError if nothing but the name is wrong.
func (f Fields) Key() (Key, error) {
	return f.key(splitName(strings.TrimSpace(f.Name), strings.TrimSpace(f.Issuer)))
}

// key is Key for a label that was taken apart.
func (f Fields) key(l label) (k Key, err error) {
	steam := false
	switch strings.ToLower(f.Type) {
	case "", "totp":
		k.Account.Type = oath.TOTP
	case "steam":
		k.Account.Type, steam = oath.TOTP, true
	case "hotp":
		k.Account.Type = oath.HOTP
	case "yaotp", "yandex":
		return Key{}, errYAOTP
	case "motp":
		return Key{}, errMOTP
	default:
		return Key{}, errType
	}
	if k.Account.Type == oath.TOTP {
		k.Account.Period, err = number("the period", f.Period, oath.DefaultPeriod)
	} else if f.Counter == "" {
		k.warn("The account has no counter; its codes begin with that of counter 0.")
	} else if k.Account.Counter, err = strconv.ParseUint(f.Counter, 10, 64); err != nil {
		err = fmt.Errorf("%w: the counter is not a whole number from 0 to 2^64-1", oath.ErrInvalid)
	}
	if err != nil {
		return Key{}, err
	}
	if k.Account.Algorithm, err = parseAlgorithm(f.Algorithm); err != nil {
		return Key{}, err
	}
	if k.Account.Digits, err = number("the number of digits", f.Digits, 0); err != nil {
		return Key{}, err
	}
	if f.Bytes != nil {
		k.Secret, err = oath.NewSecret(f.Bytes)
	} else {
		k.Secret, err = oath.ParseSecret(f.Secret)
	}
	if err != nil {
		return Key{}, err
	}
	k.setName(l, strings.TrimSpace(f.Issuer))
	return k.finish(steam, f.Digits != "")
}

// number reads a whole number, or returns the usual one for none.
func number(what, text string, usual int) (int, error) {
	if text == "" {
		return usual, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("%w: %s is not a whole number", oath.ErrInvalid, what)
	}
	return n, nil
}

// parseAlgorithm reads the names that services give to the three hashes, as in
// "SHA1", "sha-256", "HmacSHA512" and "Algorithm.sha1".
func parseAlgorithm(text string) (oath.Algorithm, error) {
	name := strings.ToUpper(text)
	name = strings.TrimPrefix(name, "ALGORITHM.")
	name = strings.NewReplacer("-", "", "_", "", " ", "").Replace(name)
	switch strings.TrimPrefix(name, "HMAC") {
	case "", "SHA1", "SHA":
		return oath.SHA1, nil
	case "SHA256":
		return oath.SHA256, nil
	case "SHA512":
		return oath.SHA512, nil
	case "MD5":
		return 0, errMD5
	}
	return 0, errAlgorithm
}

// setName settles the issuer and the name: the issuer parameter is believed before the
// label's, and an account without a name is called by its issuer. What is not UTF-8 is
// read as Latin-1, as old software writes it.
func (k *Key) setName(l label, issuer string) {
	isUTF8 := utf8.ValidString(l.issuer) && utf8.ValidString(l.name) && utf8.ValidString(issuer)
	l, issuer = label{toUTF8(l.issuer), toUTF8(l.name)}, toUTF8(issuer)
	a := &k.Account
	a.Issuer, a.Name = issuer, l.name
	if a.Issuer == "" {
		a.Issuer = l.issuer
	}
	if !isUTF8 {
		k.warn("The name is not UTF-8, and was read as Latin-1: %q.", a.Label())
	}
	if a.Name == "" && a.Issuer != "" {
		a.Name = a.Issuer
		k.warn("The account has no name; it is called %q, like its issuer.", a.Name)
	}
	if l.issuer != "" && !sameIssuer(l.issuer, a.Issuer) {
		k.warn("There are two issuers: %q, which was taken, and %q before the account's name.", a.Issuer, l.issuer)
	}
}

// toUTF8 returns a text as it is, or read as Windows-1252: Latin-1, with letters where
// that has control characters, and without the white space that then shows at its ends.
func toUTF8(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	decoded, _ := charmap.Windows1252.NewDecoder().String(text) // which knows every byte
	return strings.TrimSpace(decoded)
}

// finish settles what the parts of a text mean together, and checks the whole.
// With digitsGiven the text gave the length of a code, and 0 is not the default.
func (k Key) finish(steam, digitsGiven bool) (Key, error) {
	k.settleSteam(steam, digitsGiven)
	if k.Account.Digits == 0 && !digitsGiven {
		k.Account.Digits = oath.DefaultDigits
	}
	err := k.Account.Validate()
	if err == nil {
		return k, nil
	}
	named := k.Account
	if named.Name = "name"; !named.IsSteam() {
		named.Issuer = ""
	}
	if other := named.Validate(); other != nil {
		return Key{}, other
	}
	return Key{}, &NameError{Key: k, Err: err}
}

func (k *Key) warn(format string, args ...any) {
	k.Warnings = append(k.Warnings, fmt.Sprintf(format, args...))
}

// settleSteam gives a Steam account the issuer and the digits that mark it.
// Besides what the text said outright, an issuer named Steam with codes of five
// characters is one.
func (k *Key) settleSteam(steam, digitsGiven bool) {
	a := &k.Account
	if a.Type == oath.HOTP {
		return
	}
	if digitsGiven && !steam && a.Issuer == oath.SteamIssuer && a.Digits != oath.SteamDigits {
		k.warn("The account has codes of %d digits, but Steam's have %d characters.", a.Digits, oath.SteamDigits)
	}
	if strings.EqualFold(a.Issuer, oath.SteamIssuer) && a.Digits == oath.SteamDigits {
		steam = true
	}
	if steam && a.Issuer != "" && !strings.EqualFold(a.Issuer, oath.SteamIssuer) {
		k.warn("The issuer is %q, but the codes are Steam's; the issuer becomes %q.", a.Issuer, oath.SteamIssuer)
	}
	if steam {
		a.Issuer = oath.SteamIssuer
	}
	if a.IsSteam() {
		a.Digits = oath.SteamDigits
	}
}
