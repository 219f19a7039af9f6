package main

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tokenctl/tokenctl/oath"
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
	Reason     string     `json:"reason,omitempty"` // "touch" or "counter"
	ValidFrom  *time.Time `json:"valid_from,omitempty"`
	ValidUntil *time.Time `json:"valid_until,omitempty"`
}

func describeEntry(e oath.Entry) codeJSON {
	j := codeJSON{accountJSON: describeAccount(e.Account), Code: e.Code.Value}
	if e.Code.IsZero() {
		j.Reason = reasonWithout(e.Account)
		return j
	}
	if !e.Code.Until.IsZero() {
		from, until := e.Code.From.UTC(), e.Code.Until.UTC()
		j.ValidFrom, j.ValidUntil = &from, &until
	}
	return j
}

// reasonWithout tells why an account's code is computed only when asked for.
func reasonWithout(a oath.Account) string {
	if a.Type == oath.HOTP {
		return "counter"
	}
	return "touch"
}

// printColumns writes rows: aligned for a person, parted by tabs for a program.
func (p *program) printColumns(rows [][]string) {
	if !p.showsResults() {
		for _, row := range rows {
			fmt.Fprintln(p.out, strings.Join(row, "\t"))
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
		fmt.Fprintln(p.out, strings.TrimRight(line.String(), " "))
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
