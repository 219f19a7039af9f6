package otpauth

import (
	"errors"
	"strings"
	"testing"
)

func TestIsURI(t *testing.T) {
	for text, want := range map[string]bool{
		"otpauth://totp/x": true, " OTPAUTH:totp": true, "\ufeffotpauth-migration://offline?data=": true, "steam://AAAA": true,
		"Steam:alice": false, "Duo:alice": false, "otpauth": false, "https://example.com": false, "": false,
	} {
		if got := IsURI(text); got != want {
			t.Errorf("IsURI(%q) = %t", text, got)
		}
	}
}

// What was pasted instead of a name is found out.
func TestCheckName(t *testing.T) {
	for name, want := range map[string]bool{
		"otpauth://totp/x?Secret=AAAA": true, "x?secret=AAAA&issuer=y": true, "x%3Fsecret%3DAAAA": true, "steam://AAAA": true,
		"my otpauth://totp/x": true,
		"Steam:alice":         false, "Secret Service:alice": false, "100%:secret": false, "": false,
	} {
		if got := CheckName(name) != nil; got != want {
			t.Errorf("CheckName(%q): %t", name, got)
		}
	}
}

// Codes for one app alone are named as such, and names that look a little like them are not.
func TestAppError(t *testing.T) {
	for text, app := range map[string]string{
		"oktaverify://alice@example.com/?t=abc&f=def&s=https%3A%2F%2Fexample.okta.com": "Okta Verify",
		"phonefactor://activate_account?code=123456789&url=https%3a%2f%2fexample.com":  "Microsoft Authenticator",
		"https://login.microsoftonline.com/authenticatorApp/activateAccount?code=x":    "Microsoft Authenticator",
		"https://m-0a1b2c3d.duosecurity.com/activate/AAAABBBBCCCCDDDDEEEE":             "Duo Mobile",
		"duo://AAAABBBBCCCCDDDDEEEE-YXBpLTBhMWIyYzNkLmR1b3NlY3VyaXR5LmNvbQ":            "Duo Mobile",
		"AAAABBBBCCCCDDDDEEEE-YXBpLTBhMWIyYzNkLmR1b3NlY3VyaXR5LmNvbQ==":                "Duo Mobile",
		"https://s.team/q/1/1234567890123456789":                                       "Steam",
		"FIDO:/0123456789":                                                             "passkey",
		"https://example.com/?from=duosecurity.com":                                    "",
		"alice-bob": "",
	} {
		_, err := Parse(text)
		var e *AppError
		if errors.As(err, &e) != (app != "") || !errors.Is(err, ErrNotURI) || e != nil && !strings.Contains(e.App, app) {
			t.Errorf("%s: %v, want %q", text, err, app)
		}
	}
}
