package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/backup/store"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

type renameOptions struct {
	tokens      open.TokenOptions
	query, name string
	json        bool
}

func newRenameCommand(p *program) *cobra.Command {
	var o renameOptions
	c := &cobra.Command{
		Use:   "rename QUERY NAME",
		Short: "Give an account another name",
		Long: "Rename gives the account that QUERY fits another issuer and name, written as\n" +
			"issuer:name, on every key that is plugged in and in the vault. Its secret and its\n" +
			"backup codes are kept. A YubiKey can do so from firmware 5.3.1 on.",
		Example: "  tokenctl rename github 'GitHub:alice@example.com'",
		Args:    cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			o.query, o.name = args[0], args[1]
			return p.rename(c.Context(), o)
		},
	}
	o.tokens.AddFlags(c)
	c.Flags().BoolVar(&o.json, "json", false, "print JSON")
	return c
}

func (p *program) rename(ctx context.Context, o renameOptions) error {
	t, err := p.open.Tokens(ctx, o.tokens, o.json)
	if err != nil {
		return err
	}
	defer t.Close()
	old, err := t.Locate(o.query)
	if err != nil {
		return t.ExplainNotFound(o.query, err)
	}
	renamed, err := withLabel(old.Account, o.name)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(old.Members, func(m *fleet.Member) bool { return !m.IsVault() }) {
		if err := ykoath.CheckID(renamed.ID()); err != nil { // or the tokens would differ
			return err
		}
	}
	codes, err := p.follow(t, o.tokens, old.Account.ID())
	if err != nil {
		return err
	}
	if err := codes.Unlock(); err != nil {
		return err
	}
	there := slices.DeleteFunc(accountsOn(t), func(a oath.Account) bool { return a.ID() == old.Account.ID() })
	done, failures := old.Each(func(t oath.Token) error {
		err := t.Rename(old.Account.ID(), renamed.ID())
		if errors.Is(err, oath.ErrExists) {
			return errNameTaken
		}
		return err
	})
	stay, err := codes.Renamed(renamed.ID(), slices.ContainsFunc(done, (*fleet.Member).IsVault), len(failures) == 0)
	if stay {
		p.Note("Its backup codes stay under the name of %s.", term.Printable(old.Account.Label()))
	}
	p.Report(err)
	away := t.AwayKeys()
	if len(done) > 0 {
		p.noteShadows(there, renamed)
		p.open.Happened(func(l *ledger.Ledger) { l.RenamedAway(old.Account.ID(), renamed.ID(), serialsOf(members(away))) })
	}
	return p.reportChange(change{
		what: "renamed to " + term.Printable(renamed.Label()), of: old.Account, result: renamed, json: o.json,
		done: done, failures: append(failures, away...),
	})
}

type deleteOptions struct {
	tokens    open.TokenOptions
	query     string
	yes, json bool
}

func newDeleteCommand(p *program) *cobra.Command {
	var o deleteOptions
	c := &cobra.Command{
		Use:     "delete QUERY",
		Aliases: []string{"rm"},
		Short:   "Remove an account",
		Long: "Delete removes the account that QUERY fits, with its secret and its backup codes,\n" +
			"from every key that is plugged in and from the vault. This cannot be undone: turn\n" +
			"two-factor authentication off at the service first.",
		Example: "  tokenctl delete GitHub:alice\n  tokenctl delete GitHub:alice --device 12345678",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.query = args[0]
			return p.delete(c.Context(), o)
		},
	}
	o.tokens.AddFlags(c)
	c.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	c.Flags().BoolVar(&o.json, "json", false, "print JSON")
	return c
}

func (p *program) delete(ctx context.Context, o deleteOptions) error {
	t, err := p.open.Tokens(ctx, o.tokens, o.json)
	if err != nil {
		return err
	}
	defer t.Close()
	h, err := t.Locate(o.query)
	if err != nil {
		return t.ExplainNotFound(o.query, err)
	}
	codes, err := p.follow(t, o.tokens, h.Account.ID())
	if err != nil {
		return err
	}
	loss := ""
	if codes.Loses(slices.ContainsFunc(h.Members, (*fleet.Member).IsVault)) {
		loss = ", its backup codes"
		if record := codes.Known(); record.Current() != nil {
			loss += fmt.Sprintf(" (%s)", backup.LeftInWords(record.Left()))
		}
	}
	err = p.Terminal.Confirm(o.yes, "Delete %s%s and its secret from %s for good?",
		term.Printable(h.Account.Label()), loss, strings.Join(names(slices.Concat(h.Members, h.Unlisted)), " and "))
	if err != nil {
		return err
	}
	done, failures := h.Each(func(t oath.Token) error { return t.Delete(h.Account.ID()) })
	p.Report(codes.Deleted(slices.ContainsFunc(done, (*fleet.Member).IsVault), len(failures) == 0))
	away := t.AwayKeys()
	if len(done) > 0 {
		p.open.Happened(func(l *ledger.Ledger) { l.DeletedAway(h.Account.ID(), serialsOf(members(away))) })
	}
	return p.reportChange(change{what: "deleted", of: h.Account, result: h.Account, json: o.json, done: done, failures: append(failures, away...)})
}

// members returns the names of the tokens that errors came from.
func members(failures []*fleet.MemberError) []string {
	return mapSlice(failures, func(f *fleet.MemberError) string { return f.Member })
}

// A change is what was done to an account on several tokens.
type change struct {
	what     string // past participle
	of       oath.Account
	result   oath.Account
	json     bool
	done     []*fleet.Member
	failures []*fleet.MemberError
}

// reportChange says where a change was made and where not.
func (p *program) reportChange(c change) error {
	for _, m := range c.done {
		p.Note("%s: %s is %s.", m.Name, term.Printable(c.of.Label()), c.what)
	}
	var failed []error
	is := "is not " + c.what
	for _, f := range c.failures {
		switch {
		case errors.Is(f, oath.ErrUnsure):
			is = fmt.Sprintf("may be %s or not", c.what)
			failed = append(failed, fmt.Errorf("%s: it may be %s or not: %w", f.Member, c.what, f.Err))
		case errors.Is(f, oath.ErrRemoved):
			failed = append(failed, fmt.Errorf("%s: it is not %s, nothing was sent: %w", f.Member, c.what, f.Err))
		default:
			failed = append(failed, f)
		}
	}
	err := errors.Join(failed...)
	if len(c.done) == 0 {
		return fmt.Errorf("%q %s: %w", c.of.Label(), is, err)
	}
	if err != nil {
		err = fmt.Errorf("%w: %q is not %s everywhere, as far as is known:\n%w", term.ErrPartly, c.of.Label(), c.what, err)
	}
	if c.json {
		held := fleet.Holding{Entry: oath.Entry{Account: c.result}, Members: c.done}
		return errors.Join(p.PrintJSON(describeHeld(held)), err)
	}
	return err
}

// follow makes an account's backup codes follow what becomes of it.
func (p *program) follow(t *open.Tokens, o open.TokenOptions, id oath.ID) (*store.Follower, error) {
	s, err := p.open.StoreOf(t)
	if err != nil {
		return nil, err
	}
	return s.Follow(id, !o.NamesKey() && !o.NoKeys && !o.Vault.None && len(t.Broken) == 0), nil
}

var changeRemedies = []term.Remedy{
	{Of: errNameTaken, Exit: term.ExitFailure, Hint: "Choose another name, or give that account another one first."},
}
