package exchange

import (
	"math"
	"strconv"
	"strings"

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
		lines := 0
		for _, line := range linesOf(f.text) {
			if fields := strings.Fields(line); len(fields) < 3 || len(fields) > 4 || len(fields[1]) != 1 || fields[1] < "0" || fields[1] > "9" {
				return false
			}
			lines++
		}
		return lines > 0
	},
	read: func(r *reader) error {
		for _, line := range linesOf(r.text) {
			fields := strings.Fields(line)
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

// counterAfter returns the counter that follows one, or a text that is refused as none.
func counterAfter(text string) string {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || n == math.MaxUint64 {
		return "none"
	}
	return strconv.FormatUint(n+1, 10)
}
