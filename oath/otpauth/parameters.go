package otpauth

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tokenctl/tokenctl/oath"
)

// parameters are those of an otpauth URI that mean something here, by their
// lower-case names, with white space trimmed. One that is there but empty is
// left out, as services write it for "the usual".
type parameters map[string]string

// isParameter holds the names that mean something; others, such as image or
// codeDisplay, are passed over.
var isParameter = map[string]bool{
	"secret":    true,
	"issuer":    true,
	"algorithm": true,
	"digits":    true,
	"period":    true,
	"counter":   true,
	"encoder":   true,
}

func parseParameters(query string) (parameters, error) {
	params := make(parameters)
	for field := range strings.SplitSeq(unglue(query), "&") {
		name, value, _ := strings.Cut(field, "=")
		// Copied out of a page's source, '&' is still written "&amp;".
		name = strings.ToLower(strings.TrimPrefix(unescapeQuery(name), "amp;"))
		value = strings.TrimSpace(unescapeQuery(value))
		if !isParameter[name] || value == "" {
			continue
		}
		if first, again := params[name]; again && first != value {
			return nil, fmt.Errorf("%w: the URI has two parameters named %q that differ", oath.ErrInvalid, name)
		}
		params[name] = value
	}
	return params, nil
}

// unglue puts the '&' back that early versions of Ente Auth left out, as in
// "issuer=Fooperiod=30".
func unglue(query string) string {
	fields := strings.Split(query, "&")
	for i, field := range fields {
		if !strings.HasPrefix(field, "issuer=") {
			continue
		}
		for _, name := range []string{"period=", "digits=", "algorithm="} {
			field = strings.Replace(field, name, "&"+name, 1)
		}
		fields[i] = field
	}
	return strings.Join(fields, "&")
}

func (p parameters) has(name string) bool { return p[name] != "" }

// number returns a whole number, or the usual one if the URI tells none.
func (p parameters) number(name string, usual int) (int, error) {
	if !p.has(name) {
		return usual, nil
	}
	n, err := strconv.Atoi(p[name])
	if err != nil {
		return 0, fmt.Errorf("%w: the parameter %q is not a whole number", oath.ErrInvalid, name)
	}
	return n, nil
}

// counter returns the counter of an HOTP account. The format wants one; 0 is where those
// who leave it out begin.
func (p parameters) counter() (uint64, error) {
	if !p.has("counter") {
		return 0, nil
	}
	counter, err := strconv.ParseUint(p["counter"], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: the counter is not a whole number from 0 to 2^64-1", oath.ErrInvalid)
	}
	return counter, nil
}

// unescapeQuery is unescape for parameters, in which '+' is a space.
func unescapeQuery(s string) string {
	return unescape(strings.ReplaceAll(s, "+", " "))
}

// unescape replaces every %XX by its byte. A '%' that two hexadecimal digits do
// not follow stands for itself, as services write it that escape nothing.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if c, ok := escapedByte(s[i:]); ok {
			b.WriteByte(c)
			i += len("XX")
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// escapedByte reads the %XX that s begins with.
func escapedByte(s string) (byte, bool) {
	if len(s) < len("%XX") || s[0] != '%' {
		return 0, false
	}
	n, err := strconv.ParseUint(s[1:3], 16, 8)
	return byte(n), err == nil
}
