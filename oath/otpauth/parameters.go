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

// A label is what stands between the type and the parameters: issuer:name, or
// the name alone.
type label struct {
	issuer, name string
}

// splitLabel takes a label apart, still escaped as it is in the URI. The
// issuer parameter, empty if there is none, shows where the label's issuer ends
// if it holds colons itself.
//
// Most services write the colon between the two parts as it is, and escape the
// others; some escape it as well.
func splitLabel(escaped, issuer string) label {
	left, right, found := cutColon(escaped)
	literal := label{unescapeTrim(left), unescapeTrim(right)}
	if found && sameIssuer(literal.issuer, issuer) {
		return literal
	}
	text := unescapeTrim(escaped)
	if name, ok := cutIssuer(text, issuer); ok {
		return label{issuer, name}
	}
	if found {
		return literal
	}
	if left, right, found = cutColon(text); found {
		return label{strings.TrimSpace(left), strings.TrimSpace(right)}
	}
	return label{name: text}
}

// splitName is splitLabel for text that was never escaped. A known issuer is
// the only one: a name that does not begin with it may hold colons itself.
func splitName(text, issuer string) label {
	if issuer == "" {
		return splitLabel(escape(text), "")
	}
	if name, ok := cutIssuer(text, issuer); ok {
		return label{issuer, name}
	}
	return label{name: text}
}

// cutColon splits a label at its first colon. The one in https:// does not count:
// an issuer may be the address of the service.
func cutColon(s string) (left, right string, found bool) {
	for i := range len(s) {
		if s[i] == ':' && !strings.HasPrefix(s[i:], "://") {
			return s[:i], s[i+1:], true
		}
	}
	return "", "", false
}

// cutIssuer takes a known issuer and its colon off a label.
func cutIssuer(text, issuer string) (name string, ok bool) {
	if issuer == "" || len(text) <= len(issuer) || !sameIssuer(text[:len(issuer)], issuer) {
		return "", false
	}
	name, ok = strings.CutPrefix(strings.TrimSpace(text[len(issuer):]), ":")
	return strings.TrimSpace(name), ok
}

// sameIssuer reports whether a label's issuer and the issuer parameter mean the
// same service. Some write the label like a parameter, with '+' for spaces.
func sameIssuer(label, parameter string) bool {
	return strings.EqualFold(label, parameter) ||
		strings.EqualFold(strings.ReplaceAll(label, "+", " "), parameter)
}

func unescapeTrim(s string) string { return strings.TrimSpace(unescape(s)) }
