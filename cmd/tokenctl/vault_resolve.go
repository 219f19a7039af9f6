package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/vault"
)

type resolveOptions struct {
	vault       open.VaultOptions
	name        string
	this, other bool
}

func newVaultResolveCommand(p *program) *cobra.Command {
	var o resolveOptions
	c := &cobra.Command{
		Use:   "resolve [NAME]",
		Short: "Settle what git could not merge",
		Long: "Resolve shows what this machine and the other one made of each file that git could\n" +
			"not merge, or of the account or file called NAME: when they changed it last, and a\n" +
			"code of each, computed for the same time. The side to keep is the one whose code\n" +
			"the service takes. On a terminal it asks which.\n\n" +
			"Nobody is asked where nothing can be lost: of the same HOTP account, the higher\n" +
			"counter counts, and backup codes that either machine used are used. When all is\n" +
			"settled, the merge is committed; the other side stays in git's history.",
		Example: "  tokenctl vault resolve\n  tokenctl vault resolve GitHub:alice --other",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.name = strings.Join(args, "")
			return p.withVault(c.Context(), o.vault, func(v *open.Vault) error { return p.resolve(v, o) })
		},
	}
	o.vault.AddFlags(c)
	c.Flags().BoolVar(&o.this, "this", false, "keep what this machine made, without asking")
	c.Flags().BoolVar(&o.other, "other", false, "keep what the other machine made, without asking")
	c.MarkFlagsMutuallyExclusive("this", "other")
	return c
}

var (
	// errUnresolved says that a conflict is left as it is.
	errUnresolved = errors.New("nothing was chosen, and the conflict remains")

	// errNoConflict says that there is nothing of that name to settle.
	errNoConflict = errors.New("git has no conflict over it")
)

var resolveRemedies = []term.Remedy{
	{Of: errUnresolved, Exit: term.ExitAmbiguous, Hint: "Keep one side of it with --this or --other."},
	{Of: errNoConflict, Exit: term.ExitNotFound, Hint: "See what is in conflict with: tokenctl vault status"},
}

func (p *program) resolve(v *open.Vault, o resolveOptions) error {
	conflicts, err := v.Conflicts(p.Now, mergeCodes)
	if err != nil {
		return err
	}
	if conflicts, err = choose(conflicts, o.name); err != nil {
		return err
	}
	var failures []error
	for _, c := range conflicts {
		choice := vault.Merged
		if !c.Settled {
			if choice, err = p.chooseSide(c, o); err != nil {
				failures = append(failures, fmt.Errorf("%q: %w", c.Path, err))
				continue
			}
		}
		if err := v.Keep(c, choice); err != nil {
			failures = append(failures, err)
			continue
		}
		kept := [...]string{vault.Merged: "what both machines did is kept", vault.This: "this machine's is kept", vault.Other: "the other machine's is kept"}
		p.Note("%s: %s.", conflictName(c), kept[choice])
	}
	switch left := v.Conflicted(); {
	case len(failures) > 0:
	case len(left) == 0 && v.Rebasing():
		p.Note("Continue in git with: tokenctl vault git rebase --continue")
	case len(left) == 0:
		p.Note("Nothing is in conflict.")
	case o.name == "":
		p.Note("Settle what is not the vault's own with git, then add it: tokenctl vault git add FILE")
	}
	return errors.Join(failures...)
}

// mergeCodes merges the text of backup codes: what is used in either is used.
func mergeCodes(a, b []byte) ([]byte, error) {
	one, err := backup.ParseRecord(a)
	if err != nil {
		return nil, err
	}
	other, err := backup.ParseRecord(b)
	if err != nil {
		return nil, err
	}
	return backup.Merge(one, other).MarshalText()
}

// choose returns the conflicts over what is named: by its path, or a query that fits
// the account. No name is for all.
func choose(all []vault.Conflict, name string) (chosen []vault.Conflict, err error) {
	if name == "" {
		return all, nil
	}
	seen := make(map[oath.ID]bool)
	var accounts []oath.Account
	for _, c := range all {
		if c.Path == name {
			return []vault.Conflict{c}, nil
		}
		if c.ID != "" && !seen[c.ID] {
			seen[c.ID] = true
			accounts = append(accounts, c.ID.Account(oath.TypeUnknown))
		}
	}
	account, err := oath.MatchOne(accounts, name)
	if errors.Is(err, oath.ErrNotFound) {
		err = errNoConflict
	}
	if err != nil {
		return nil, fmt.Errorf("%q: %w", name, err)
	}
	for _, c := range all {
		if c.ID == account.ID() {
			chosen = append(chosen, c)
		}
	}
	return chosen, nil
}

func conflictName(c vault.Conflict) string {
	switch {
	case c.ID == "":
		return term.Printable(c.Path)
	case c.Codes:
		return "Backup codes of " + term.Label(c.ID)
	}
	return term.Label(c.ID)
}

// chooseSide shows both sides, and returns the one that the options or the owner choose.
func (p *program) chooseSide(c vault.Conflict, o resolveOptions) (vault.Resolution, error) {
	p.PrintColumns([][]string{
		append([]string{conflictName(c), "this"}, sideRow(c.This)...),
		append([]string{conflictName(c), "other"}, sideRow(c.Other)...),
	})
	switch {
	case o.this:
		return vault.This, nil
	case o.other:
		return vault.Other, nil
	case p.Terminal == nil:
		return 0, errUnresolved
	}
	answer, err := p.Terminal.Ask(fmt.Sprintf("Keep which of %s, this or other (Enter for neither)", conflictName(c)))
	switch {
	case err != nil:
		return 0, err
	case strings.EqualFold(answer, "this"):
		return vault.This, nil
	case strings.EqualFold(answer, "other"):
		return vault.Other, nil
	}
	return 0, errUnresolved
}

// sideRow says when a side was changed, and what it is: by a code, if it has one.
func sideRow(s vault.Side) []string {
	changed, what := "-", "-"
	var unreadable *vault.DamagedFile
	if !s.Changed.IsZero() {
		changed = s.Changed.UTC().Format(time.RFC3339)
	}
	switch {
	case s.Deleted:
		what = "deleted"
	case errors.As(s.Err, &unreadable):
		what = unreadable.Err.Error()
	case s.Account.Type == oath.HOTP:
		what = fmt.Sprintf("%s, of counter %d", s.Code.Value, s.Account.Counter)
	case s.Code.Value != "":
		what = s.Code.Value
	}
	return []string{changed, what}
}
