package exchange

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// The keychain of rsc.io/2fa, ~/.2fa, has a line for each account: the name, the number
// of digits, the secret in base32, and for HOTP the counter of the last code, in 20
// digits.
//
// https://pkg.go.dev/rsc.io/2fa
var rsc2FA = format{
	name: "2fa",
	is: func(f *file) bool {
		lines, fit := 0, 0
		for _, line := range linesOf(f.text) {
			lines++
			if fields := rsc2FAFields(line); fields != nil {
				if _, err := oath.ParseSecret(fields[2]); err == nil {
					fit++
				}
			}
		}
		return fit > 0 && 2*fit >= lines
	},
	read: func(r *reader) error {
		for number, line := range linesOf(r.text) {
			fields := rsc2FAFields(line)
			if fields == nil {
				r.refuse(fmt.Sprintf("line %d", number), invalid(errors.New("it is not NAME DIGITS SECRET, with or without a counter")))
				continue
			}
			f := otpauth.Fields{Name: fields[0], Digits: fields[1], Secret: fields[2]}
			if len(fields) == 4 {
				f.Type, f.Counter = "hotp", "cut short"
				if len(fields[3]) == 20 {
					f.Counter = counterAfter(fields[3])
				}
			}
			r.add(f, "")
		}
		return nil
	},
}

// rsc2FAFields returns the parts of a line, or nil if it is not that of an account.
func rsc2FAFields(line string) []string {
	fields := strings.Fields(line)
	if len(fields) < 3 || len(fields) > 4 || len(fields[1]) != 1 || fields[1] < "0" || fields[1] > "9" {
		return nil
	}
	return fields
}

// counterAfter returns the counter that follows one, or a text that is refused as none.
func counterAfter(text string) string {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || n == math.MaxUint64 {
		return "none"
	}
	return strconv.FormatUint(n+1, 10)
}
