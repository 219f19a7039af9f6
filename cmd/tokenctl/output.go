package main

import (
	"encoding/base64"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
)

// idJSON names an account.
type idJSON struct {
	ID      string `json:"id"`
	IDBytes string `json:"id_bytes,omitempty"` // base64, if the ID is not UTF-8
}

func describeID(id oath.ID) idJSON {
	j := idJSON{ID: string(id)}
	if !utf8.ValidString(j.ID) {
		j.IDBytes = base64.StdEncoding.EncodeToString([]byte(j.ID))
	}
	return j
}

// accountJSON is an account as other programs read it; docs/json.md describes it. What
// the key does not show is left out.
type accountJSON struct {
	idJSON
	Issuer    string `json:"issuer,omitempty"`
	Name      string `json:"name"`
	Type      string `json:"type"`
	Algorithm string `json:"algorithm,omitempty"`
	Digits    int    `json:"digits,omitempty"`
	Period    int    `json:"period,omitempty"` // seconds
	Touch     bool   `json:"touch"`

	// Tokens have the account: key:SERIAL, or vault.
	Tokens []string `json:"tokens,omitempty"`
}

func describeAccount(a oath.Account) accountJSON {
	j := accountJSON{
		idJSON: describeID(a.ID()), Issuer: a.Issuer, Name: a.Name,
		Type: a.Type.String(), Digits: a.Digits, Period: a.Period, Touch: a.Touch,
	}
	if a.IsSteam() {
		j.Type = "steam"
	}
	if a.Algorithm != oath.AlgorithmUnknown {
		j.Algorithm = a.Algorithm.String()
	}
	return j
}

// codeJSON is an account with its code. A code that was not asked for has a
// reason instead.
type codeJSON struct {
	accountJSON
	Code       string     `json:"code,omitempty"`
	Reason     string     `json:"reason,omitempty"` // "touch", "counter", "differs" or "locked"
	ValidFrom  *time.Time `json:"valid_from,omitempty"`
	ValidUntil *time.Time `json:"valid_until,omitempty"`
}

func describeHolding(h fleet.Holding) codeJSON {
	j := codeJSON{accountJSON: describeHeld(h), Code: h.Code.Value}
	switch {
	case h.Code.IsZero():
		j.Reason = reasonWithout(h)
	case !h.Code.Until.IsZero():
		from, until := h.Code.From.UTC(), h.Code.Until.UTC()
		j.ValidFrom, j.ValidUntil = &from, &until
	}
	return j
}

// describeHeld describes an account and where it is.
func describeHeld(h fleet.Holding) accountJSON {
	j := describeAccount(h.Account)
	j.Tokens = names(h.Members)
	return j
}

// noteAway names the keys that are known and were not asked.
func (p *program) noteAway(keys []*fleet.MemberError) {
	for _, away := range keys {
		p.Note("%s.", term.Printable(away.Error()))
	}
}

// missed names the keys that are known and were not asked for their accounts. Beside a
// key that was, that is no failure: the spare is in its drawer.
func (p *program) missed(t *open.Tokens) error {
	if !t.UsedKey() {
		return t.Away()
	}
	p.noteAway(t.AwayKeys())
	return nil
}

func names(members []*fleet.Member) []string {
	return mapSlice(members, func(m *fleet.Member) string { return m.Name })
}

// reasonWithout returns why an account's code is computed only when asked for.
func reasonWithout(h fleet.Holding) string {
	switch {
	case h.Account.Type == oath.HOTP:
		return "counter"
	case h.Account.Touch:
		return "touch"
	case len(h.Differ) > 0:
		return "differs"
	}
	return "locked"
}

// validity says how long a code is good for, to be put after a name.
func validity(c oath.Code, now time.Time) string {
	switch {
	case c.Until.IsZero():
		return ": valid until used"
	case c.From.After(now):
		return fmt.Sprintf(": valid in %d s", roundUp(c.From.Sub(now)))
	case !c.Until.After(now):
		return ": expired"
	}
	return fmt.Sprintf(": valid for %d s", roundUp(c.Remaining(now)))
}

// roundUp returns whole seconds.
func roundUp(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// mapSlice returns an empty list, rather than nil, for none: JSON has [] for it.
func mapSlice[T, U any](list []T, f func(T) U) []U {
	mapped := make([]U, len(list))
	for i, v := range list {
		mapped[i] = f(v)
	}
	return mapped
}
