package exchange

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// The users file of OATH Toolkit's PAM module, pam_oath, has a line for each key of a
// user: type, user, PIN, secret in hexadecimal; then, when it has been used, counter,
// code and time of the last use. A PIN of "-" is none; "+" is one that another module
// asks for.
//
// https://www.nongnu.org/oath-toolkit/pam_oath.html, and liboath/usersfile.c
var usersFile = format{
	name: "OATH Toolkit users file", word: "users",
	is: func(f *file) bool {
		for _, line := range linesOf(f.text) {
			fields := strings.Fields(line)
			if usersType(line) == nil {
				return false
			}
			if _, err := hex.DecodeString(fields[min(3, len(fields)-1)]); err == nil && len(fields) > 3 {
				return true
			}
		}
		return false
	},
	read:  readUsersFile,
	write: writeUsersFile,
}

// HOTP/E is HOTP, HOTP/T30 is TOTP with a period of 30 seconds; the digits follow.
var usersPattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^HOTP(?:/(?:E|T([0-9]+))(?:/([0-9]+))?)?\s`)
})

// usersType returns the period and the digits that a line begins with, or nil if it is
// not that of a user.
func usersType(line string) []string { return usersPattern().FindStringSubmatch(line + " ") }

func readUsersFile(r *reader) error {
	for number, line := range linesOf(r.text) {
		kind, fields := usersType(line), strings.Fields(line)
		if kind == nil || len(fields) < 4 {
			r.refuse(fmt.Sprintf("line %d", number), invalid(fmt.Errorf("it is not the line of a user: TYPE USER PIN SECRET")))
			continue
		}
		user, pin, counter := fields[1], fields[2], "0"
		secret, err := hex.DecodeString(fields[3])
		if err != nil {
			r.refuse(user, invalid(fmt.Errorf("the secret is not hexadecimal")))
			continue
		}
		if len(fields) > 4 {
			counter = fields[4]
		}
		if len(fields) > 5 { // a code was used, and the counter is that of it
			counter = counterAfter(counter)
		}
		f := otpauth.Fields{Type: "totp", Name: user, Bytes: secret, Period: kind[1], Digits: kind[2]}
		if f.Period == "" {
			f.Type, f.Counter = "hotp", counter
		}
		before := len(r.Entries)
		r.add(f, "")
		if pin != "-" && len(r.Entries) > before {
			e := &r.Entries[before]
			e.Warnings = append(e.Warnings, "The server asks for a PIN with the code; it was left out.")
		}
	}
	return nil
}

// maxUsersSecret is the greatest secret that liboath takes from a users file, in bytes.
const maxUsersSecret = 32

// writeUsersFile writes the server's side. The issuer is the server itself, and has no
// place there.
func writeUsersFile(entries []Entry, w *writing) ([]byte, error) {
	var b strings.Builder
	for _, e := range entries {
		a := e.Account.WithDefaults()
		var reason string
		switch {
		case a.IsSteam():
			reason = "pam_oath has no Steam codes"
		case a.Algorithm != oath.SHA1:
			reason = "pam_oath has no algorithm but SHA1"
		case a.Type == oath.TOTP && a.Period != 30 && a.Period != 60:
			reason = "pam_oath has no periods but 30 and 60 seconds"
		case len(e.Secret.Bytes()) > maxUsersSecret:
			reason = "pam_oath takes secrets of up to 32 bytes"
		case strings.ContainsFunc(a.Name, unicode.IsSpace) || strings.HasPrefix(a.Name, "#"):
			reason = "the name is that of a user there, and has no spaces"
		}
		if reason != "" {
			w.refuse(e, reason)
			continue
		}
		kind, counter := "E", ""
		if a.Type == oath.TOTP {
			kind = "T" + strconv.Itoa(a.Period)
		} else {
			counter = "\t" + strconv.FormatUint(a.Counter, 10)
		}
		fmt.Fprintf(&b, "HOTP/%s/%d\t%s\t-\t%x%s\n", kind, a.Digits, a.Name, e.Secret.Bytes(), counter)
	}
	return []byte(b.String()), nil
}
