package recognize

import (
	"regexp"
	"strings"
)

// A pam is how a text of google-authenticator-libpam is read: what that program prints,
// in which the scratch codes stand below a line of their own; or ~/.google_authenticator,
// in which they stand below the secret and options with a quotation mark in front
// (github.com/google/google-authenticator-libpam, FILEFORMAT).
type pam struct {
	isPAM bool
	below bool // the line that leads to the codes, if there is one
}

var (
	pamOption = regexp.MustCompile(`(?m)^" (TOTP_AUTH|HOTP_COUNTER|RATE_LIMIT|WINDOW_SIZE|DISALLOW_REUSE|STEP_SIZE|TIME_SKEW)\b`)
	pamLead   = regexp.MustCompile(`(?i)emergency scratch codes are:`)
	pamCode   = regexp.MustCompile(`^[0-9]{8}$`)

	// noBackup is what leads to the code of the moment or to the secret, and not to a
	// backup code.
	noBackup = regexp.MustCompile(`(?i)\b(verification code is|code from (the )?app|secret key is)\b`)
)

func pamOf(text string) pam {
	hasLead := pamLead.MatchString(text)
	return pam{isPAM: hasLead || pamOption.MatchString(text), below: !hasLead}
}

// skips reports whether a line has no code, and notes what it leads to.
func (p *pam) skips(line string) bool {
	if pamLead.MatchString(line) {
		p.below = true
		return true
	}
	return p.isPAM && (!p.below || !pamCode.MatchString(line)) || noBackup.MatchString(line)
}

var (
	// secretIn finds the secret of an account: in a URI, also one that is escaped; behind
	// words that say so; or alone in a line.
	secretIn = regexp.MustCompile(`(?i)((?:secret(?: key)?(?: is)?\s*(?::|=|%3d))\s*)[A-Z2-7 -]{8,}=*`)
	bareKey  = regexp.MustCompile(`^(?:[A-Z2-7]{16,}=*|([A-Z2-7]{4} ){3,}[A-Z2-7]{1,4})$`)
)

// withoutSecret returns a line without the secret of an account that is in it.
func withoutSecret(line string) string {
	if bareKey.MatchString(line) && (!strings.Contains(line, " ") || strings.ContainsAny(line, "234567")) {
		return "…"
	}
	return secretIn.ReplaceAllString(line, "$1…")
}
