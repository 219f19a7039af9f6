package otpauth

import (
	"fmt"
	"strings"

	"github.com/tokenctl/tokenctl/oath"
)

var (
	errMOTP  = fmt.Errorf("%w: Mobile-OTP (motp) is a scheme of its own, not HOTP or TOTP", oath.ErrInvalid)
	errYAOTP = fmt.Errorf("%w: Yandex's codes (yaotp) are a scheme of their own, not HOTP or TOTP", oath.ErrInvalid)
	errMD5   = fmt.Errorf("%w: the algorithm is MD5, which neither RFC 4226 nor RFC 6238 allows; SHA1, SHA256 and SHA512 are", oath.ErrInvalid)

	errAlgorithm = fmt.Errorf("%w: the algorithm is none of SHA1, SHA256, SHA512", oath.ErrInvalid)
)

// parseKeyURI reads TYPE/LABEL?PARAMETERS.
//
// There are no fragments in otpauth URIs: a '#' belongs to the name it stands in.
func parseKeyURI(rest string) (Key, error) {
	path, query, _ := strings.Cut(rest, "?")
	kind, label, _ := strings.Cut(path, "/")
	params, err := parseParameters(query)
	if err != nil {
		return Key{}, err
	}
	account, err := parseMovingFactor(strings.ToLower(kind), params)
	if err != nil {
		return Key{}, err
	}
	if account.Algorithm, err = parseAlgorithm(params["algorithm"]); err != nil {
		return Key{}, err
	}
	if account.Digits, err = params.number("digits", 0); err != nil {
		return Key{}, err
	}
	if !params.has("secret") {
		return Key{}, fmt.Errorf("%w: the URI has no secret", oath.ErrInvalid)
	}
	secret, err := oath.ParseSecret(params["secret"])
	if err != nil {
		return Key{}, err
	}
	k := Key{Account: account, Secret: secret}
	if account.Type == oath.HOTP && !params.has("counter") {
		k.warn("The URI has no counter; its codes begin with that of counter 0.")
	}
	k.setName(splitLabel(label, params["issuer"]), params["issuer"])
	steam := strings.EqualFold(kind, "steam") || strings.EqualFold(params["encoder"], "steam")
	return k.finish(steam, params.has("digits"))
}

// parseMovingFactor reads the type, and the counter or the period with it.
func parseMovingFactor(kind string, params parameters) (a oath.Account, err error) {
	switch kind {
	case "totp", "steam":
		a.Type = oath.TOTP
		a.Period, err = params.number("period", oath.DefaultPeriod)
	case "hotp":
		a.Type = oath.HOTP
		a.Counter, err = params.counter()
	case "yaotp":
		err = errYAOTP
	case "motp":
		err = errMOTP
	default:
		err = fmt.Errorf("%w: the type after otpauth:// is neither totp nor hotp", oath.ErrInvalid)
	}
	return a, err
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

// parseSteamURI reads the secret of steam://SECRET, the spelling of Bitwarden and
// Proton Pass. It names no account.
func parseSteamURI(rest string) (Key, error) {
	secret, err := oath.ParseSecret(strings.TrimSuffix(unescape(rest), "/"))
	if err != nil {
		return Key{}, err
	}
	k := Key{
		Account: oath.Account{Type: oath.TOTP}.WithDefaults(),
		Secret:  secret,
	}
	k.setName(label{}, oath.SteamIssuer)
	return k.finish(true, false)
}

// finish settles what the parts of a text mean together, and checks the whole.
// With digitsGiven the text gave the length of a code, and 0 is not the default.
func (k Key) finish(steam, digitsGiven bool) (Key, error) {
	if err := k.settleSteam(steam, digitsGiven); err != nil {
		return Key{}, err
	}
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
func (k *Key) settleSteam(steam, digitsGiven bool) error {
	a := &k.Account
	if a.Type == oath.HOTP {
		if steam {
			return fmt.Errorf("%w: a Steam account goes by the time (totp), not by a counter (hotp)", oath.ErrInvalid)
		}
		return nil
	}
	if digitsGiven && !steam && a.Issuer == oath.SteamIssuer && a.Digits != oath.SteamDigits {
		k.warn("The URI asks for codes of %d digits, but Steam's have %d characters.", a.Digits, oath.SteamDigits)
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
	return nil
}
