package exchange

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// Google Authenticator's PAM module keeps one account in ~/.google_authenticator: the
// secret in base32, options behind `" `, and scratch codes, each of which works once.
// The program google-authenticator, which makes the file, prints the secret, the codes
// and, unless it draws a QR code, an address whose part chl is the account's URI.
//
// https://github.com/google/google-authenticator-libpam, FILEFORMAT, and
// src/google-authenticator.c
var googlePAM = format{
	name: "google-authenticator", word: "google-authenticator",
	is: func(f *file) bool {
		if _, printed := googlePrinted(f.text); printed {
			return true
		}
		return strings.Contains(f.text, "\n"+googleOption+"TOTP_AUTH") || strings.Contains(f.text, "\n"+googleOption+"HOTP_COUNTER")
	},
	read:  readGooglePAM,
	write: writeGooglePAM,
}

const googleOption = `" `

// googlePrinted returns the account's URI, or its secret, in what the program printed.
func googlePrinted(text string) (found string, printed bool) {
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		if _, chl, isChart := strings.Cut(line, "chl=otpauth"); isChart && strings.Contains(line, "chart?") {
			uri, err := url.PathUnescape("otpauth" + chl)
			return uri, err == nil
		}
		if secret, isSecret := strings.CutPrefix(line, "Your new secret key is:"); isSecret {
			found, printed = strings.TrimSpace(secret), true
		}
	}
	return found, printed
}

func readGooglePAM(r *reader) error {
	var codes []string
	lines := strings.Split(strings.TrimSpace(r.text), "\n")
	f := otpauth.Fields{Secret: strings.TrimSpace(lines[0])}
	for i, line := range lines {
		line = strings.TrimSpace(line)
		option, isOption := strings.CutPrefix(line, googleOption)
		name, value, _ := strings.Cut(option, " ")
		switch {
		case isOption && name == "HOTP_COUNTER": // of the next code
			f.Type, f.Counter = "hotp", strings.TrimSpace(value)
		case isOption && name == "STEP_SIZE":
			f.Period = strings.TrimSpace(value)
		case i > 0 && isScratchCode(line):
			codes = append(codes, line)
		}
	}
	text, printed := googlePrinted(r.text)
	if !printed || !otpauth.IsURI(text) {
		if printed {
			f.Secret = text
		}
		r.addNameless("google-authenticator", f, Entry{Codes: codes})
		return nil
	}
	k, err := otpauth.Parse(text)
	if err != nil {
		r.refuse("the address of the QR code", err)
		return nil
	}
	r.Entries = append(r.Entries, Entry{Key: k, Codes: codes})
	return nil
}

// isScratchCode reports whether a line is a code that works once: eight digits that do
// not begin with 0.
func isScratchCode(line string) bool {
	n, err := strconv.ParseUint(line, 10, 32)
	return err == nil && len(line) == 8 && n >= 1e7
}

// addNameless takes an account of a format that has no name for it. If the fields have
// none either, it is called by the program's.
func (r *reader) addNameless(program string, f otpauth.Fields, e Entry) {
	isNameless := f.Name == "" && f.Issuer == ""
	if isNameless {
		f.Name = program
	}
	k, err := f.Key()
	if err != nil {
		r.refuse(f.Name, err)
		return
	}
	if isNameless {
		k.Warnings = append(k.Warnings, fmt.Sprintf("The file has no name for the account; it is called %q.", program))
	}
	e.Key = k
	r.Entries = append(r.Entries, e)
}

// writeGooglePAM writes the server's side of one account. The window of codes is that
// which the program proposes, and a code works once.
func writeGooglePAM(entries []Entry, w *writing) ([]byte, error) {
	var b strings.Builder
	for _, e := range entries {
		a := e.Account.WithDefaults()
		var reason string
		switch {
		case b.Len() > 0:
			reason = "the file holds one account"
		case a.IsSteam() || a.Digits != oath.DefaultDigits:
			reason = "google-authenticator has codes of 6 digits only"
		case a.Algorithm != oath.SHA1:
			reason = "google-authenticator has no algorithm but SHA1"
		case a.Type == oath.TOTP && a.Period > 60:
			reason = "google-authenticator has periods of up to 60 seconds"
		case a.Type == oath.HOTP && a.Counter == 0:
			reason = "google-authenticator counts from 1"
		}
		for _, code := range e.Codes {
			if !isScratchCode(code) {
				reason = "google-authenticator has scratch codes of 8 digits, the first not 0"
			}
		}
		if reason != "" {
			w.refuse(e, reason)
			continue
		}
		b.WriteString(e.Secret.Base32() + "\n")
		if a.Type == oath.HOTP {
			fmt.Fprintf(&b, "%sHOTP_COUNTER %d\n", googleOption, a.Counter)
		} else {
			fmt.Fprintf(&b, "%[1]sRATE_LIMIT 3 30\n%[1]sWINDOW_SIZE 3\n%[1]sSTEP_SIZE %[2]d\n%[1]sDISALLOW_REUSE\n%[1]sTOTP_AUTH\n", googleOption, a.Period)
		}
		for _, code := range e.Codes {
			b.WriteString(code + "\n")
		}
	}
	return []byte(b.String()), nil
}

// refuse leaves an account out.
func (w *writing) refuse(e Entry, reason string) {
	w.refused = append(w.refused, Refusal{e.Account.Label(), errors.New(reason)})
}
