package exchange

import (
	"strings"

	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// An entry of pass or gopass, decrypted, has the password on its first line, which is
// left alone. pass-otp takes the line that is a URI; gopass also a secret or URI by the
// name of otpauth, totp or hotp, where the URI may be without its scheme.
//
// https://github.com/tadfisher/pass-otp and docs/commands/otp.md of
// https://github.com/gopasspw/gopass
var pass = format{
	name: "pass and gopass",
	is: func(f *file) bool {
		for line := range strings.SplitSeq(f.text, "\n") {
			if _, text := passOTP(line); text != "" {
				return true
			}
		}
		return false
	},
	read: func(r *reader) error {
		var kinds, texts, notes []string
		title, user, isPassword := "", "", true
		for line := range strings.SplitSeq(r.text, "\n") {
			if line = strings.TrimSpace(line); line == "" || line == "---" { // which begins YAML
				continue
			}
			kind, text := passOTP(line)
			switch {
			case text != "":
				kinds, texts = append(kinds, kind), append(texts, text)
			case !isPassword:
				notes = append(notes, line)
				key, value, _ := strings.Cut(line, ":")
				switch key, value = strings.ToLower(strings.TrimSpace(key)), strings.TrimSpace(value); key {
				case "url", "title":
					title = value
				case "user", "username", "login":
					user = value
				}
			}
			isPassword = false
		}
		note := strings.Join(notes, "\n")
		for i, text := range texts {
			if otpauth.IsURI(text) {
				r.addText(title, user, text, note)
				continue
			}
			f := otpauth.Fields{Type: kinds[i], Issuer: title, Name: user, Secret: text}
			r.addNameless("pass", f, Entry{Notes: note})
		}
		return nil
	},
}

// passOTP returns what a line has of a one-time password: a URI, or a type and a secret.
func passOTP(line string) (kind, text string) {
	line = strings.TrimSpace(line)
	key, value, _ := strings.Cut(line, ":")
	value = strings.Trim(strings.TrimSpace(value), `"'`)
	switch key = strings.ToLower(key); key {
	case "otpauth", "totp", "hotp":
		if strings.HasPrefix(value, "//") {
			return "", "otpauth:" + value
		}
		return strings.Replace(key, "otpauth", "totp", 1), value
	}
	if otpauth.IsURI(line) {
		return "", line
	}
	return "", ""
}
