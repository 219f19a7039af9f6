package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/backup/services"
	"github.com/tokenctl/tokenctl/oath"
)

// idJSON names an account, as accountJSON does.
type idJSON struct {
	ID      string `json:"id"`
	IDBytes string `json:"id_bytes,omitempty"` // base64, if the ID is not UTF-8
}

func describeID(id oath.ID) idJSON {
	a := describeAccount(id.Account(oath.TypeUnknown))
	return idJSON{a.ID, a.IDBytes}
}

// recordJSON is what is kept of an account's backup codes, as other programs read
// it; docs/json.md describes it. What only a locked vault tells is left out.
type recordJSON struct {
	idJSON
	Service    string           `json:"service"`
	Kept       string           `json:"kept"` // "vault" or "paper"
	Policy     *backup.Policy   `json:"policy,omitempty"`
	Generation int              `json:"generation,omitempty"`
	Recorded   string           `json:"recorded,omitempty"` // YYYY-MM-DD
	Total      *int             `json:"total,omitempty"`
	Left       *int             `json:"left,omitempty"`
	Sheet      int              `json:"sheet,omitempty"`     // that they are printed on
	DueSince   string           `json:"due_since,omitempty"` // YYYY-MM-DD
	Renew      string           `json:"renew,omitempty"`     // where new ones are made
	Codes      []backupCodeJSON `json:"codes,omitempty"`
}

// backupCodeJSON is one of an account's codes.
type backupCodeJSON struct {
	Number     int    `json:"number"`
	Generation int    `json:"generation"`
	State      string `json:"state"`          // "unused", "used", "void" or "superseded"
	Used       string `json:"used,omitempty"` // YYYY-MM-DD
	Code       string `json:"code,omitempty"` // missing if it is on paper alone
}

// describeRecord describes an account's codes, without the codes themselves.
func (r *records) describeRecord(id oath.ID, record backup.Record, kept ledger.Keeping) recordJSON {
	s := r.service(id, record)
	j := recordJSON{idJSON: describeID(id), Service: s.Name, Kept: string(kept), Renew: s.Where}
	set := record.Current()
	if set == nil {
		return j
	}
	total, left := len(set.Codes), record.Left()
	j.Policy, j.Generation, j.Recorded = &record.Policy, set.Generation, dateOf(set.Made)
	j.Total, j.Left = &total, &left
	j.Sheet = r.ledger.SheetWith(id, set.Generation)
	if d, isDue := r.ledger.DueOf(id); isDue {
		j.DueSince = d.Since.String()
	}
	return j
}

// describeCodes describes the codes themselves: those of the current set, and
// with all, those that it superseded.
func describeCodes(record backup.Record, all bool) []backupCodeJSON {
	var list []backupCodeJSON
	for i, set := range slices.Backward(record.Sets) {
		if i < len(record.Sets)-1 && !all {
			break
		}
		for _, c := range set.Codes {
			list = append(list, backupCodeJSON{
				Number: c.Number, Generation: set.Generation, State: record.State(i, c).String(), Used: dateOf(c.Used), Code: c.Text,
			})
		}
	}
	return list
}

// usedJSON is a code that is recorded as used.
type usedJSON struct {
	idJSON
	Number int           `json:"number"`
	Code   string        `json:"code,omitempty"` // missing if it is on paper alone
	Left   int           `json:"left"`
	Policy backup.Policy `json:"policy"`
	Renew  string        `json:"renew,omitempty"`
}

func describeUsed(id oath.ID, record backup.Record, c backup.Code, s services.Service) usedJSON {
	return usedJSON{idJSON: describeID(id), Number: c.Number, Code: c.Text, Left: record.Left(), Policy: record.Policy, Renew: s.Where}
}

// noteRenewal tells what is to be done after a code was used.
func (p *program) noteRenewal(id oath.ID, record backup.Record, c backup.Code, s services.Service) {
	service, add := printable(s.Name), "tokenctl backup add "+argument(id)
	if c.Text == "" {
		add += " --on-paper N"
	}
	switch record.Policy {
	case backup.Reusable:
		p.note("It stays good, however often it is used.")
	case backup.Replaced:
		p.note("%s now has another code in its place. Record that one with: %s --replace-number %d", service, add, c.Number)
	case backup.DisablesTwoFactor:
		p.note("Two-factor authentication is off at %s once you used it. Turn it on again, enroll it anew,\nand record the new code with: %s", service, add)
	default:
		where := s.Renew()
		if s.Codes != services.Yes || where == "" {
			where = "Make new ones at " + service + "."
		}
		p.note("%s\nThen: %s", printable(where), add)
		if record.Left() > 0 {
			p.note("If the rest will do: tokenctl backup keep %s", argument(id))
		}
	}
}

func dateOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

// howMany counts things, as in "1 code" and "2 codes".
func howMany(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}

// numbers returns what the numbers of codes are called, as in "number 3",
// "numbers 1 to 4", "numbers 1, 3 and 4".
func numbers(list []int) string {
	first, last := list[0], list[len(list)-1]
	switch {
	case len(list) == 1:
		return fmt.Sprintf("number %d", first)
	case len(list) > 2 && last-first == len(list)-1:
		return fmt.Sprintf("numbers %d to %d", first, last)
	}
	return "numbers " + enumerate(strings.Fields(strings.Trim(fmt.Sprint(list), "[]")))
}
