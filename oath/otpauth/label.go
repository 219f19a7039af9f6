package otpauth

import (
	"strings"
)

// A label is what stands between the type and the parameters: issuer:name, or
// the name alone.
type label struct {
	issuer, name string
}

// splitLabel takes a label apart, still escaped as it stands in the URI. The
// issuer parameter, empty if there is none, tells where the label's issuer ends
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

// setName settles the issuer and the name: the issuer parameter is believed
// before the label's, and an account without a name is called by its issuer.
func (k *Key) setName(l label, issuer string) {
	a := &k.Account
	a.Issuer, a.Name = issuer, l.name
	if a.Issuer == "" {
		a.Issuer = l.issuer
	}
	if a.Name == "" && a.Issuer != "" {
		a.Name = a.Issuer
		k.warn("The URI names no account; it is called %q, like its issuer.", a.Name)
	}
	if l.issuer != "" && !sameIssuer(l.issuer, a.Issuer) {
		k.warn("The URI names two issuers: %q, which was taken, and %q before the account's name.", a.Issuer, l.issuer)
	}
}

func unescapeTrim(s string) string { return strings.TrimSpace(unescape(s)) }
