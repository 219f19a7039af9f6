package otpauth

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// IsURI reports whether a text is the URI of an account or of an export, be it one that
// can be read or not.
func IsURI(text string) bool {
	scheme, rest, found := strings.Cut(trimText(text), ":")
	switch strings.ToLower(scheme) {
	case "otpauth", "apple-otpauth", migrationScheme:
		return found
	case "steam", "motp": // which are names of services, too: Steam:alice
		return strings.HasPrefix(rest, "//")
	}
	return false
}

// ErrSecretInName says that what should be a name is a URI, or has a secret in it. It
// does not quote it.
var ErrSecretInName = errors.New("the name holds a secret")

// CheckName returns ErrSecretInName for what should be a name and is a URI, or has a
// secret in it, as when the wrong thing was pasted. A name is shown, and becomes the name
// of a file.
func CheckName(name string) error {
	name = strings.ToLower(unescape(name))
	if IsURI(name) || strings.Contains(name, "secret=") || strings.Contains(name, "otpauth:") {
		return ErrSecretInName
	}
	return nil
}

// An AppError says that a text is for one app alone. It wraps ErrNotURI.
type AppError struct {
	App     string // the app
	Instead string // what to do for a code that any authenticator takes
}

func (e *AppError) Error() string {
	return fmt.Sprintf("the code is for %s alone; %s", e.App, e.Instead)
}

func (e *AppError) Unwrap() error { return ErrNotURI }

// apps are known by how their codes begin. As others met them:
// github.com/andOTP/andOTP/issues/374 and
// github.com/Authenticator-Extension/Authenticator/issues/1472 (Microsoft),
// github.com/beemdevelopment/Aegis/issues/887 (Okta) and 117 (Duo).
var apps = []struct{ prefix, app, instead string }{
	{"oktaverify:", "Okta Verify", okta},
	{"phonefactor:", microsoft, another},
	{"microsoft-authenticator:", microsoft, another},
	{"https://login.microsoftonline.com/authenticatorapp/", microsoft, another},
	{"duo://", duo, duoInstead},
	{"https://s.team/", "the Steam app", "it signs in where that app is. Steam shows no code that other authenticators take"},
	{"com.rsa.securid", "RSA SecurID", "its codes are neither HOTP nor TOTP"},
	{"fido:/", "a passkey", "it signs in with one. Choose an authenticator app there, if that is offered"},
}

const (
	okta       = "choose Google Authenticator there, if that is offered: tokenctl takes its code"
	microsoft  = "Microsoft Authenticator"
	another    = "choose another authenticator app there, if that is offered"
	duo        = "Duo Mobile"
	duoInstead = "choose another method there, such as a security key"
)

// appOf returns an *AppError for a text that is for one app alone, or nil.
func appOf(text string) error {
	lower := strings.ToLower(trimText(text))
	for _, a := range apps {
		if strings.HasPrefix(lower, a.prefix) {
			return &AppError{a.app, a.instead}
		}
	}
	// Duo's is an address, or a code and, behind a dash, the server's name in base64.
	host := lower
	if _, encoded, found := strings.Cut(trimText(text), "-"); found {
		if decoded, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(encoded, "=")); err == nil {
			host = "https://" + string(decoded) + "/"
		}
	}
	host, isWeb := strings.CutPrefix(host, "https://")
	host, _, _ = strings.Cut(host, "/")
	if isWeb && strings.HasSuffix(host, ".duosecurity.com") {
		return &AppError{duo, duoInstead}
	}
	return nil
}
