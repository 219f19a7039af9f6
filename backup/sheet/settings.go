package sheet

import (
	"encoding/base32"
	"fmt"
	"strconv"
	"strings"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/sheet/line"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// Lines of words that begin an account, or its codes, hold a name, and then
// settings: words with a '=', which is escaped in names.

// accountText returns "GitHub:alice letters=32", with the settings that are not the
// usual ones: algorithm, digits, period; a counter makes it HOTP. The first colon
// ends the issuer; there is none in a name without issuer.
func accountText(a oath.Account, letters int) string {
	a = a.WithDefaults()
	name := line.Escape(a.Name, "=:")
	if a.Issuer != "" {
		name = line.Escape(a.Issuer, "=:") + ":" + line.Escape(a.Name, "=")
	}
	words := []string{name}
	if a.Algorithm != oath.SHA1 {
		words = append(words, "algorithm="+a.Algorithm.String())
	}
	if a.Digits != oath.DefaultDigits && !a.IsSteam() {
		words = append(words, "digits="+strconv.Itoa(a.Digits))
	}
	if a.Type == oath.HOTP {
		words = append(words, "counter="+strconv.FormatUint(a.Counter, 10))
	} else if a.Period != oath.DefaultPeriod {
		words = append(words, "period="+strconv.Itoa(a.Period))
	}
	words = append(words, "letters="+strconv.Itoa(letters))
	return strings.Join(words, " ")
}

// codesText returns "GitHub:alice count=10 generation=2", with the settings that
// are not the usual ones: policy, made, service, and since, see sinceText.
func codesText(account oath.ID, r backup.Record) string {
	set := r.Current()
	words := []string{line.Escape(string(account), "="), "count=" + strconv.Itoa(len(set.Codes))}
	if set.Generation != 1 {
		words = append(words, "generation="+strconv.Itoa(set.Generation))
	}
	if r.Policy != backup.AnyOrder {
		words = append(words, "policy="+escapeSetting(r.Policy.String()))
	}
	if !set.Made.IsZero() {
		words = append(words, "made="+formatDay(set.Made))
	}
	if r.Service != "" {
		words = append(words, "service="+escapeSetting(r.Service))
	}
	if since := sinceText(set.Codes); since != "" {
		words = append(words, "since="+since)
	}
	return strings.Join(words, " ")
}

func escapeSetting(text string) string {
	return strings.ReplaceAll(line.Escape(text, "="), " ", "%20")
}

// cutSettings takes the settings off a name.
func cutSettings(text string) (name string, f fields) {
	words := strings.Fields(text)
	n := len(words)
	for n > 0 && strings.Contains(words[n-1], "=") {
		n--
	}
	for _, w := range words[n:] {
		setting, value, _ := strings.Cut(w, "=")
		f.add(setting, value)
	}
	return strings.Join(words[:n], " "), f
}

// parseAccountText reads accountText, but for the secret.
func parseAccountText(text string) (a oath.Account, letters int, err error) {
	name, f := cutSettings(text)
	if a, err = parseName(name); err != nil {
		return a, 0, err
	}
	if letters, err = f.whole("letters", 1, 0); err != nil {
		return a, 0, err
	}
	if a.Algorithm, err = parseAlgorithm(f.get("algorithm")); err != nil {
		return a, 0, err
	}
	if a.Digits, err = f.whole("digits", 0, 0); err != nil {
		return a, 0, err
	}
	a.Type = oath.TOTP
	if counter := f.get("counter"); counter != "" {
		a.Type = oath.HOTP
		if a.Counter, err = strconv.ParseUint(counter, 10, 64); err != nil {
			return a, 0, fmt.Errorf("%w: the counter", ErrDamaged)
		}
	} else if a.Period, err = f.whole("period", 0, 0); err != nil {
		return a, 0, err
	}
	return a.WithDefaults(), letters, nil
}

func parseName(text string) (a oath.Account, err error) {
	issuer, name, found := strings.Cut(text, ":")
	if !found {
		issuer, name = "", text
	}
	if a.Issuer, err = unescape(issuer); err != nil {
		return a, err
	}
	a.Name, err = unescape(name)
	return a, err
}

func parseAlgorithm(name string) (oath.Algorithm, error) {
	for _, a := range []oath.Algorithm{oath.SHA1, oath.SHA256, oath.SHA512} {
		if a.String() == name {
			return a, nil
		}
	}
	if name == "" {
		return oath.SHA1, nil
	}
	return 0, fmt.Errorf("%w: the algorithm", ErrDamaged)
}

// keyOf returns the account of a line with its secret.
func keyOf(a oath.Account, letters string) (otpauth.Key, error) {
	secret, err := oath.ParseSecret(letters)
	if err != nil {
		return otpauth.Key{}, err
	}
	return otpauth.Key{Account: a, Secret: secret}, a.Validate()
}

// letterEncoding is that of lines of letters.
var letterEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)
