package recognize

import (
	"regexp"
	"strings"
	"sync"
)

// A pam is how a text of google-authenticator-libpam is read: what that program prints,
// in which the scratch codes stand below a line of their own; or ~/.google_authenticator,
// in which they stand below the secret and options with a quotation mark in front
// (github.com/google/google-authenticator-libpam, FILEFORMAT).
type pam struct {
	isPAM bool
	below bool // the line that leads to the codes, if there is one
}

// pamPatterns are what the lines of both look like, and others with an account's secret.
type pamPatterns struct {
	option, lead, code *regexp.Regexp

	// noBackup is what leads to the code of the moment or to the secret, and not to a
	// backup code.
	noBackup *regexp.Regexp

	// secret finds the secret of an account in a URI, also one that is escaped, and behind
	// words that say so; bareSecret is one that is alone in its line.
	secret, bareSecret *regexp.Regexp
}

var patterns = sync.OnceValue(func() pamPatterns {
	return pamPatterns{
		option:     regexp.MustCompile(`(?m)^" (TOTP_AUTH|HOTP_COUNTER|RATE_LIMIT|WINDOW_SIZE|DISALLOW_REUSE|STEP_SIZE|TIME_SKEW)\b`),
		lead:       regexp.MustCompile(`(?i)emergency scratch codes are:`),
		code:       regexp.MustCompile(`^[0-9]{8}$`),
		noBackup:   regexp.MustCompile(`(?i)\b(verification code is|code from (the )?app|secret key is)\b`),
		secret:     regexp.MustCompile(`(?i)((?:secret(?: key)?(?: is)?\s*(?::|=|%3d))\s*)[A-Z2-7 -]{8,}=*`),
		bareSecret: regexp.MustCompile(`^(?:[A-Z2-7]{16,}=*|([A-Z2-7]{4} ){3,}[A-Z2-7]{1,4})$`),
	}
})

func pamOf(text string) pam {
	hasLead := patterns().lead.MatchString(text)
	return pam{isPAM: hasLead || patterns().option.MatchString(text), below: !hasLead}
}

// skips reports whether a line has no code, and notes what it leads to.
func (p *pam) skips(line string) bool {
	if patterns().lead.MatchString(line) {
		p.below = true
		return true
	}
	return p.isPAM && (!p.below || !patterns().code.MatchString(line)) || patterns().noBackup.MatchString(line)
}

// withoutSecret returns a line without the secret of an account that is in it.
func withoutSecret(line string) string {
	if patterns().bareSecret.MatchString(line) && (!strings.Contains(line, " ") || strings.ContainsAny(line, "234567")) {
		return "…"
	}
	return patterns().secret.ReplaceAllString(line, "$1…")
}
