package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/backup/recovery"
	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/otpauth"
	"github.com/tokenctl/tokenctl/oath/vault"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

// errDrill says that a drill did not restore everything.
var errDrill = errors.New("the paper does not restore everything")

// drill has the owner recover with nothing but the paper, for practice: into a vault that
// is thrown away, and onto keys in memory. It changes nothing but the ledger's memory of it.
func (p *program) drill(ctx context.Context, from sheetSource) error {
	p.silent = true
	read, unread := p.readSheets(ctx, from)
	defer read.Clear()
	if read.IsEmpty() {
		return unread
	}
	var failures []error
	results := comeBack(ctx, read.Contents, p.random, p.Now)
	back := make(map[oath.ID]bool)
	for _, r := range results {
		if failed := fleet.Failures([]*fleet.Result{r}); failed != nil {
			failures = append(failures, failed)
			continue
		}
		back[r.Account.ID()] = true
	}
	p.Note("%s restored, to a key and a vault that are gone again, and proved by codes.", term.Count(len(back), "account"))
	s, err := p.open.Store(ctx, open.VaultOptions{})
	if err != nil {
		return err
	}
	defer s.Close()
	if s.Vault != nil {
		failures = append(failures, p.drillVault(ctx, read.VaultKey))
	}
	known, err := p.readiness(ctx, false)
	if err != nil {
		return err
	}
	var missing []oath.ID
	for _, a := range known.Accounts {
		if !back[a.ID] {
			missing = append(missing, a.ID)
			p.Note("It does not restore %s.", term.Label(a.ID))
		}
	}
	if err := errors.Join(append(failures, unread)...); err != nil {
		return fmt.Errorf("%w: %w: %w", term.ErrPartly, errDrill, err)
	}
	if len(read.Missing) > 0 {
		return fmt.Errorf("%w: %w: not all of the sheet was read", term.ErrPartly, errDrill)
	}
	if len(s.Ledger.SheetsOf(read.files)) > 0 {
		p.Note("This is the file that the sheet was written to, and no paper: it is not recorded.")
	} else if err := recovery.MarkRead(s.Store, read.Contents, p.Now()); err != nil {
		return err
	} else if err := s.Update(func(l *ledger.Ledger) error {
		l.Drilled(mapSlice(read.Sheets, func(s sheet.Printing) string { return s.ID }), len(missing), p.Now())
		return nil
	}); err != nil {
		return err
	}
	if len(missing) > 0 {
		return fmt.Errorf("%w: %w: %s missing", term.ErrPartly, errDrill, term.Are(len(missing), "account"))
	}
	p.Note("With nothing but this paper, you can recover.")
	return nil
}

// drillKey is how many accounts are put on one key: as many as old ones hold.
const drillKey = 32

// comeBack restores accounts into a vault in a folder that is removed again, whose secrets
// are encrypted to a key that nobody keeps, and onto virtual keys in memory.
func comeBack(ctx context.Context, c sheet.Contents, random io.Reader, now fleet.Clock) (results []*fleet.Result) {
	folder, failed := os.MkdirTemp("", "tokenctl-")
	if failed == nil {
		defer os.RemoveAll(folder)
	}
	identity, err := vault.GenerateIdentity()
	failed = errors.Join(failed, err)
	archive := &fleet.Member{Name: fleet.VaultName, Open: func() (oath.Token, error) {
		if failed != nil {
			return nil, failed
		}
		return vault.Create(filepath.Join(folder, "vault"), identity, vault.Ways{}, vault.Options{})
	}}
	for accounts := range slices.Chunk(c.Accounts, drillKey) {
		key := &fleet.Member{Name: "key", Open: func() (oath.Token, error) {
			device, err := virtualkey.New(virtualkey.Config{})
			if err != nil {
				return nil, err
			}
			return ykoath.Select(device, random)
		}}
		part := mapSlice(accounts, func(k otpauth.Key) *fleet.Result {
			return &fleet.Result{Enrollment: fleet.Enrollment{Account: k.Account, Secret: k.Secret, Now: now}}
		})
		fleet.Enroll(ctx, part, []*fleet.Member{key, archive}, func(*fleet.Result, fleet.Outcome) {})
		results = append(results, part...)
	}
	if token, err := archive.Token(); err == nil && len(results) > 0 {
		token.(*vault.Vault).Close()
	}
	return results
}

// drillVault says whether the key on the paper opens the vault that is here.
func (p *program) drillVault(ctx context.Context, identity string) error {
	if identity == "" {
		p.Note("The vault's key was not on what was read.")
		return nil
	}
	return p.withVault(ctx, open.VaultOptions{}, func(v *open.Vault) error {
		if err := v.UnlockWithIdentity(identity); err != nil {
			return fmt.Errorf("opening the vault with the key on the paper: %w", err)
		}
		p.Note("The vault's key on it opens the vault.")
		return nil
	})
}
