package main

import (
	"slices"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/services"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
)

// noteNext says on a terminal what accounts that were just enrolled still lack: backup
// codes, which their services show who is signed in; the keys in the drawer; and paper.
func (e *enrolling) noteNext(t *open.Tokens, known services.Catalog, onSheet bool) {
	p := e.p
	s, err := p.open.StoreOf(t)
	if err != nil || s.Damaged != nil || !p.ShowsResults() {
		return
	}
	var handOut, unprinted []oath.ID
	absent := make(map[string]bool)
	for _, r := range e.results {
		where := r.Where()
		if len(where) == 0 {
			continue
		}
		id := r.Account.ID()
		inVault := slices.ContainsFunc(where, (*fleet.Member).IsVault)
		has := s.Ledger.Known(id).Generation() > 0
		if inVault && !has {
			has, _ = t.Vault.HasBackupCodes(id)
		}
		if known.Of(id, backup.Record{}).Codes == services.Yes && !has {
			handOut = append(handOut, id)
		}
		if inVault && !onSheet && s.Ledger.LastWithSecret(id) == nil {
			unprinted = append(unprinted, id)
		}
		for _, k := range p.open.KnownKeys() {
			if r.Account.Type != oath.HOTP && !slices.Contains(names(where), k.Name()) {
				absent[k.Name()] = true
			}
		}
	}
	switch {
	case len(handOut) == 1:
		service := known.Of(handOut[0], backup.Record{})
		verb := "hands out"
		if !service.Sure("codes") {
			verb = "is thought to hand out"
		}
		p.Note("%s %s backup codes. Get them now, while you can sign in%s, then:", service.Name, verb, atPlace(service.Where))
		p.Note("  %s", term.Command("tokenctl backup add", handOut[0], ""))
	case len(handOut) > 1:
		p.Note("%d of these services hand out backup codes. Get them now, while you can sign in. To see where:", len(handOut))
		p.Note("  tokenctl backup status")
	}
	if len(absent) > 0 {
		var keys []string
		for _, k := range p.open.KnownKeys() {
			if absent[k.Name()] {
				keys = append(keys, k.Name())
			}
		}
		p.Note("Not yet on %s, which must be plugged in.", term.List(keys))
	}
	if len(unprinted) > 0 {
		print := remedyAddNew
		if s.Ledger.LastFullSheet() == nil {
			print = remedyPrint
		}
		p.Note("Not on paper yet: %s", print)
	}
}
