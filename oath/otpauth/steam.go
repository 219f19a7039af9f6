package otpauth

import (
	"fmt"
	"strings"

	"github.com/tokenctl/tokenctl/oath"
)

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

// settleSteam gives a Steam account the issuer and the digits that mark it.
// Besides what the text said outright, an issuer named Steam with codes of five
// characters tells it.
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
