package otpauth

import (
	"strconv"
	"strings"

	"github.com/tokenctl/tokenctl/oath"
)

// URI writes the key as an otpauth URI, secret included, with every default
// spelled out. Parse reads it back as the same key, without warnings, if the
// account is valid and neither its issuer nor its name begins or ends with white
// space. Touch is not part of the format. The error wraps oath.ErrInvalid: there is no
// secret.
//
// A Steam account gets the type of Aegis and Ente Auth, otpauth://steam, and the
// encoder=steam of KeePassXC, which looks at no type. Other authenticators refuse
// it; as otpauth://totp they would take it, and show codes that do not work
// (github.com/beemdevelopment/Aegis/issues/343).
func (k Key) URI() (string, error) {
	if k.Secret.IsZero() {
		return "", errNoSecret
	}
	a := k.Account.WithDefaults()
	kind := a.Type.String()
	if a.IsSteam() {
		kind = "steam"
	}
	var b strings.Builder
	b.WriteString("otpauth://" + kind + "/" + escapedLabel(a))
	b.WriteString("?secret=" + k.Secret.Base32())
	if a.Issuer != "" {
		b.WriteString("&issuer=" + escape(a.Issuer))
	}
	b.WriteString("&algorithm=" + a.Algorithm.String())
	b.WriteString("&digits=" + strconv.Itoa(a.Digits))
	if a.Type == oath.HOTP {
		b.WriteString("&counter=" + strconv.FormatUint(a.Counter, 10))
		return b.String(), nil
	}
	b.WriteString("&period=" + strconv.Itoa(a.Period))
	if a.IsSteam() {
		b.WriteString("&encoder=steam")
	}
	return b.String(), nil
}

// escapedLabel writes issuer:name with no other literal colon, and so that a
// colon in a name without issuer is not taken for the end of one.
func escapedLabel(a oath.Account) string {
	if a.Issuer == "" && !strings.Contains(a.Name, ":") {
		return escape(a.Name)
	}
	return escape(a.Issuer) + ":" + escape(a.Name)
}

// escape writes everything as %XX but RFC 3986's unreserved characters and '@',
// which a path and a query may hold and which names are full of. A space is %20:
// in a label, '+' means itself.
func escape(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~@", c) >= 0:
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}
