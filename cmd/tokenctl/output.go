package main

import (
	"encoding/base64"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
)

// accountJSON is an account as other programs read it; docs/json.md describes
// it. What the key does not tell is left out.
type accountJSON struct {
	ID        string `json:"id"`
	IDBytes   string `json:"id_bytes,omitempty"` // base64, if the ID is not UTF-8
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
		ID: string(a.ID()), Issuer: a.Issuer, Name: a.Name,
		Type: a.Type.String(), Digits: a.Digits, Period: a.Period, Touch: a.Touch,
	}
	if a.IsSteam() {
		j.Type = "steam"
	}
	if a.Algorithm != oath.AlgorithmUnknown {
		j.Algorithm = a.Algorithm.String()
	}
	if !utf8.ValidString(j.ID) {
		j.IDBytes = base64.StdEncoding.EncodeToString([]byte(j.ID))
	}
	return j
}

// codeJSON is an account with its code. A code that was not asked for has a
// reason instead.
type codeJSON struct {
	accountJSON
	Code       string     `json:"code,omitempty"`
	Reason     string     `json:"reason,omitempty"` // "touch", "counter" or "locked"
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
	j.Tokens = mapSlice(h.Members, memberName)
	return j
}

func memberName(m *fleet.Member) string { return m.Name }

// reasonWithout tells why an account's code is computed only when asked for.
func reasonWithout(h fleet.Holding) string {
	switch {
	case h.Account.Type == oath.HOTP:
		return "counter"
	case h.Account.Touch:
		return "touch"
	}
	return "locked"
}

// printColumns writes rows: aligned for a person, parted by tabs for a program.
func (p *program) printColumns(rows [][]string) {
	rows = mapSlice(rows, func(row []string) []string { return mapSlice(row, printable) })
	if !p.showsResults() {
		for _, row := range rows {
			p.printLine(strings.Join(row, "\t"))
		}
		return
	}
	widths := columnWidths(rows)
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell)
			line.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2))
		}
		p.printLine(strings.TrimRight(line.String(), " "))
	}
}

func columnWidths(rows [][]string) []int {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	return widths
}
