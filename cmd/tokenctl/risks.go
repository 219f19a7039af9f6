package main

import (
	"fmt"
	"slices"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/backup/recovery"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
)

// These remove more than one risk.
const (
	remedyPrint   = "tokenctl sheet --print"
	remedyAddNew  = "tokenctl sheet --only-new --print"
	remedyVerify  = "tokenctl sheet verify SCAN"
	remedyReplace = "tokenctl enroll --overwrite picture.png"
	remedyRestore = "tokenctl restore SCAN"
)

// wordsOf says what a risk is, and what command removes it.
func (s *standing) wordsOf(r recovery.Risk) (what, remedy string) {
	who, serial := someOf(r.Accounts), r.Thing.Serial
	switch r.Kind {
	case recovery.LockedOut:
		return "no way into " + who + " is left that can be counted on", s.bringBack(r.Accounts)
	case recovery.SingleLoss:
		return fmt.Sprintf("to lose %s would lock you out of %s", lossOf(r.Thing), who), s.addWay(r)
	case recovery.LostKey:
		return fmt.Sprintf("key:%d is lost, and still trusted for %s: give each a new secret at its service", serial, who), remedyReplace
	case recovery.LostOpener:
		return fmt.Sprintf("key:%d is lost, and opens the vault", serial), fmt.Sprintf("tokenctl vault remove-key %d", serial)
	case recovery.FactoryPIN:
		return fmt.Sprintf("key:%d opens the vault with the factory PIN (seen %s)", serial, ago(r.Since, s.Now)),
			fmt.Sprintf("ykman --device %d piv access change-pin", serial)
	case recovery.OldInVault:
		return "the vault has an old secret of " + who + ", which a key has another one of", remedyReplace
	case recovery.NoCodesLeft, recovery.FewCodes:
		return fmt.Sprintf("of the backup codes of %s, %s: make new ones%s", who, backup.LeftInWords(r.Left), atPlace(r.Service.Where)),
			term.Command("tokenctl backup add", r.Accounts[0], "")
	case recovery.NoCodes:
		return fmt.Sprintf("no backup codes of %s are recorded: get them%s", who, atPlace(r.Service.Where)),
			term.Command("tokenctl backup add", r.Accounts[0], "")
	case recovery.OneOpener:
		return "the vault opens in only one way", s.printed(func(h ledger.Sheet) bool { return h.VaultKey != "" }, remedyPrint)
	case recovery.NoCopy:
		return "no copy of the vault is elsewhere, and " + whoIs(r.Accounts) + " on no checked paper", s.copyVault()
	case recovery.BehindKey:
		return fmt.Sprintf("key:%d is behind with %s (seen %s)", serial, who, ago(r.Since, s.Now)),
			fmt.Sprintf("tokenctl sync --to key:%d", serial)
	case recovery.NoSheet:
		return "nothing is on paper", remedyPrint
	case recovery.Unchecked:
		return fmt.Sprintf("sheet %d of %s was not read back from paper", r.Sheet, r.Since), remedyVerify
	case recovery.StaleSheet:
		return fmt.Sprintf("paper lacks %s", who), remedyAddNew
	case recovery.TwoCounters:
		return who + " counts its codes on two tokens, which drift apart: leave it on one", term.Command("tokenctl delete", r.Accounts[0], s.oneToken(r.Accounts[0]))
	case recovery.UnlistedKey:
		return fmt.Sprintf("what is on key:%d is not known; plug it in (seen %s)", serial, ago(r.Since, s.Now)), "tokenctl status"
	case recovery.UnseenKey:
		return fmt.Sprintf("key:%d was not seen since %s; plug it in", serial, r.Since), "tokenctl status"
	}
	return string(r.Kind), ""
}

// someOf names one account, or counts several.
func someOf(ids []oath.ID) string {
	if len(ids) == 1 {
		return term.Label(ids[0])
	}
	return term.Count(len(ids), "account")
}

func whoIs(ids []oath.ID) string {
	if len(ids) == 1 {
		return term.Label(ids[0]) + " is"
	}
	return term.Are(len(ids), "account")
}

func lossOf(t recovery.Thing) string {
	switch t.Kind {
	case recovery.Key:
		return fmt.Sprintf("key:%d", t.Serial)
	case recovery.KeyPassword:
		return fmt.Sprintf("the password of key:%d", t.Serial)
	case recovery.KeyPIN:
		return fmt.Sprintf("the PIN of key:%d", t.Serial)
	case recovery.Machine:
		return "this computer"
	case recovery.Copy:
		return "the copy of the vault"
	case recovery.Paper:
		return "the paper"
	case recovery.SheetPassphrase:
		return "the passphrase of the sheet"
	}
	return "the passphrase of the vault"
}

// addWay returns what gives accounts another way in than the one thing.
func (s *standing) addWay(r recovery.Risk) string {
	inVault := func(id oath.ID) bool {
		_, old := s.Ledger.OldInVault[id]
		return !old && s.Vault != nil && slices.Contains(s.Vault.Accounts, id)
	}
	switch {
	case r.Thing.Kind == recovery.KeyPassword:
		return fmt.Sprintf("tokenctl password remember --device %d", r.Thing.Serial)
	case r.Thing.Kind == recovery.Paper:
		return remedyRestore
	case slices.ContainsFunc(r.Accounts, inVault):
		return s.printed(func(h ledger.Sheet) bool {
			return slices.ContainsFunc(r.Accounts, func(id oath.ID) bool { return h.Items[id].Fingerprint != "" })
		}, remedyAddNew)
	case s.Vault == nil:
		return "tokenctl init"
	}
	return remedyReplace // a key does not give its secrets away
}

// bringBack returns what opens accounts again.
func (s *standing) bringBack(ids []oath.ID) string {
	return s.printed(func(h ledger.Sheet) bool {
		return slices.ContainsFunc(ids, func(id oath.ID) bool { return h.Items[id].Fingerprint != "" })
	}, remedyReplace)
}

// printed returns how to check the sheet that fits, if there is one that nobody has read
// back yet, or else what to do without.
func (s *standing) printed(fits func(ledger.Sheet) bool, without string) string {
	isUnchecked := func(h ledger.Sheet) bool { return h.Verified.IsZero() && fits(h) }
	if slices.ContainsFunc(s.Ledger.SinceFull(), isUnchecked) {
		return remedyVerify
	}
	if without == remedyAddNew && s.Ledger.LastFullSheet() == nil {
		return remedyPrint
	}
	return without
}

func (s *standing) copyVault() string {
	switch {
	case !s.git:
		return "tokenctl vault git init"
	case s.Vault.Remote == "":
		return "tokenctl vault git remote add origin URL"
	}
	return "tokenctl vault git push -u " + term.Argument(oath.ID(s.Vault.Remote)) + " HEAD"
}

// oneToken returns the option that chooses one of several tokens that have an account.
func (s *standing) oneToken(id oath.ID) string {
	if s.Vault != nil && slices.Contains(s.Vault.Accounts, id) {
		return "--no-keys"
	}
	i := slices.IndexFunc(s.Ledger.Keys, func(k ledger.Key) bool { _, there := k.Opens()[id]; return there && k.Lost.IsZero() })
	return fmt.Sprintf("--device %d", s.Ledger.Keys[i].Serial)
}
