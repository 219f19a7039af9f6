package main

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/backup/recovery"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
)

// Where a person stands fits a screen of 80 by 24, with three accounts and with many, on
// more keys than one is likely to have.
func TestStatusFitsScreen(t *testing.T) {
	day := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	for _, n := range []int{3, 200} {
		s := &standing{git: true, Facts: recovery.Facts{Ledger: new(ledger.Ledger), Now: day, Vault: &recovery.LockedVault{
			Passphrase: true, Keys: []uint32{4294967295, 4294967294}, PublicKey: "age1", Remote: "origin",
		}}}
		for i := range n {
			id := oath.ID(fmt.Sprintf("A Service of a Long Name %d:somebody.of.a.long.name@department.example.com", i))
			s.Accounts = append(s.Accounts, recovery.Account{ID: id})
			s.Vault.Accounts = append(s.Vault.Accounts, id)
			for k := range uint32(9) {
				s.Ledger.See(4294967295-k, "", day.AddDate(0, -3, 0)).Takes(id.Account(oath.TOTP))
			}
		}
		s.Ledger.Sheets = []ledger.Sheet{{Number: 1234, Verified: backup.Date(day.AddDate(-1, 0, 0)), VaultKey: ledger.Fingerprint("age1")}}
		lines := term.Table{Rows: s.overview()}.Lines(80, io.Discard)
		for _, line := range lines {
			if utf8.RuneCountInString(line) > 80 {
				t.Errorf("%d accounts: too wide: %s", n, line)
			}
		}
		if len(lines) > 12 { // the worst risk takes up to five, and what is next
			t.Errorf("%d accounts: %d lines", n, len(lines))
		}
	}
}

// Every risk is put into words, with a command that can be typed.
func TestRisksHaveWords(t *testing.T) {
	day := backup.Date(time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC))
	s := &standing{Facts: recovery.Facts{Ledger: new(ledger.Ledger), Vault: &recovery.LockedVault{}, Now: time.Time(day)}}
	s.Ledger.See(7, "", time.Time(day)).Takes(oath.ID("ACCOUNT").Account(oath.HOTP))
	kinds := []recovery.RiskKind{
		recovery.LockedOut, recovery.LostKey, recovery.LostOpener, recovery.FactoryPIN, recovery.OldInVault, recovery.NoCodesLeft,
		recovery.FewCodes, recovery.OneOpener, recovery.NoCopy, recovery.BehindKey, recovery.NoSheet, recovery.Unchecked,
		recovery.StaleSheet, recovery.TwoCounters, recovery.UnseenKey, recovery.UnlistedKey, recovery.NoCodes,
	}
	var risks []recovery.Risk
	for _, kind := range kinds {
		risks = append(risks, recovery.Risk{Kind: kind, Thing: recovery.Thing{Kind: recovery.Key, Serial: 7}, Accounts: []oath.ID{"ACCOUNT"}, Since: day})
	}
	for _, kind := range []recovery.ThingKind{
		recovery.Key, recovery.KeyPassword, recovery.KeyPIN, recovery.Machine, recovery.Copy, recovery.Passphrase, recovery.Paper, recovery.SheetPassphrase,
	} {
		risks = append(risks, recovery.Risk{Kind: recovery.SingleLoss, Thing: recovery.Thing{Kind: kind, Serial: 7}, Accounts: []oath.ID{"ACCOUNT", "B"}})
	}
	checked := 0
	for _, r := range risks {
		what, remedy := s.wordsOf(r)
		if what == string(r.Kind) || what == "" {
			t.Errorf("%s has no words", r.Name())
		}
		if rest, ok := strings.CutPrefix(remedy, "tokenctl "); ok {
			checkAdvice(t, r.Name(), strings.ReplaceAll(rest, " 7", " SERIAL"), &checked)
		} else if !strings.HasPrefix(remedy, "ykman ") {
			t.Errorf("%s: %q is no command", r.Name(), remedy)
		}
	}
	if checked < len(risks)-1 { // ykman's
		t.Errorf("%d of %d commands were checked", checked, len(risks))
	}
}
