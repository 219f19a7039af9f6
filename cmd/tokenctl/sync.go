package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/otpauth"
	"github.com/tokenctl/tokenctl/oath/vault"
)

type syncOptions struct {
	targetOptions
	from     sheetSource
	queries  []string
	counters bool
	remove   bool
	dryRun   bool
}

func newSyncCommand(p *program) *cobra.Command {
	var o syncOptions
	var from []string
	c := &cobra.Command{
		Use:   "sync [--to TOKEN] [--from SCAN]",
		Short: "Bring keys up to date from the vault, or from paper",
		Long: "Sync puts on every key that is plugged in, or on those of --to, the accounts of the\n" +
			"vault that they lack; with --from, those of a recovery sheet, on the vault as well.\n" +
			"A fresh key gets all of them. One that was away also gets the new names, and loses\n" +
			"what was deleted meanwhile, if you agree. Each account is proved by a code. What is\n" +
			"there already is compared, as tokenctl compare does, and left alone.\n\n" +
			"Nothing is replaced without --overwrite and nothing deleted without --delete, or\n" +
			"unless you agree on a terminal. Where a key has no room for all, you are asked\n" +
			"which go there; or --select chooses, and the first ones go there first.\n\n" +
			"An account that counts is left out: every token counts for itself, and two\n" +
			"counters drift apart. For a key that replaces the only one: --counters.\n" +
			"What is on a key alone cannot be brought to another, and is named.\n\n" +
			"A second run does nothing. After a failure halfway, it does the rest.",
		Example: "  tokenctl sync\n" +
			"  tokenctl sync --to key:23456789\n" +
			"  tokenctl sync --from page1.png page2.png --to key:23456789",
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 && len(from) == 0 {
				return term.Usagef("%q: a SCAN follows --from, and a token --to", args[0])
			}
			o.from.scans = append(from, args...)
			if err := o.check(c); err != nil {
				return err
			}
			return p.sync(c.Context(), o)
		},
	}
	o.tokens.AddFlags(c)
	o.from.addFlags(c)
	f := c.Flags()
	f.StringSliceVar(&o.to, "to", nil, "bring only these up to date: `TOKEN` is key:SERIAL, or vault with --from; several separated by commas")
	f.StringArrayVar(&from, "from", nil, "take the accounts from a recovery sheet: `SCAN`; more may follow")
	f.StringArrayVar(&o.queries, "select", nil, "take only the account that `QUERY` fits; several in the order in which they are wanted")
	f.BoolVar(&o.counters, "counters", false, "put accounts that count on keys, too")
	f.BoolVar(&o.overwrite, "overwrite", false, "replace an account that has another secret, once the new one is proved")
	f.BoolVar(&o.remove, "delete", false, "delete what was deleted elsewhere while the key was away")
	f.BoolVarP(&o.dryRun, "dry-run", "n", false, "show what would be done, and do nothing")
	f.BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	f.BoolVar(&o.json, "json", false, "print JSON")
	for _, other := range []string{"device", "reader", "no-keys", "no-vault"} {
		c.MarkFlagsMutuallyExclusive("to", other)
	}
	return c
}

var (
	errOldInVault = errors.New("the vault has an old secret of it")
	errNoSource   = errors.New("no vault to bring keys up to date from")
	errNoTarget   = errors.New("no key to bring up to date")
	errStale      = errors.New("elsewhere while the key was away")
	errOther      = fmt.Errorf("%w", errTaken)
	errUnsyncable = errors.New("its secret is in no vault and on no sheet")
)

var syncRemedies = []term.Remedy{
	{Of: errOldInVault, Exit: term.ExitPartial, Hint: "Have its service show a new QR code, and put it everywhere: tokenctl enroll --overwrite picture.png"},
	{Of: errNoSource, Exit: term.ExitFailure, Hint: "From a recovery sheet: tokenctl sync --from SCAN"},
	{Of: errNoTarget, Exit: term.ExitNoKey},
	{Of: errStale, Exit: term.ExitPartial, Hint: "If it should go from there as well: tokenctl sync --delete"},
	{Of: errOther, Exit: term.ExitPartial, Hint: "Find out which is right: try a code of each at the service. To replace it there, which cannot be undone: tokenctl sync --overwrite"},
	{Of: errUnsyncable, Exit: term.ExitPartial, Hint: "Have the service show a new secret, and enroll that everywhere: tokenctl enroll --overwrite"},
}

// A syncing is keys on their way to be up to date.
type syncing struct {
	planning
	o      syncOptions
	source string
	unread []oath.ID // in the vault
	strays []stray
	fresh  map[oath.ID]bool // that replace what is there
	gone   []stray          // that were deleted
}

func (p *program) sync(ctx context.Context, o syncOptions) error {
	fromPaper := o.from.isGiven()
	var wanted []otpauth.Key
	var unread error
	w := &syncing{o: o, source: fleet.VaultName, fresh: make(map[oath.ID]bool)}
	if fromPaper {
		var contents readSheet
		if contents, unread = p.readSheets(ctx, o.from); len(contents.Accounts) == 0 {
			return errors.Join(unread, missingOf(contents.Contents))
		}
		unread = errors.Join(unread, missingOf(contents.Contents))
		wanted, w.source = contents.Accounts, sheetName
	}
	t, err := p.syncTokens(ctx, o, fromPaper)
	if err != nil {
		return err
	}
	defer t.Close()
	w.planning = planning{enrolling: p.newEnrolling(t, o.targetOptions), dryRun: o.dryRun, members: slices.Clone(t.Fleet)}
	w.away = nil // they are named, and wait for their turn
	if !fromPaper || !t.HasVault() {
		w.members = t.Keys()
	}
	if len(w.members) == 0 {
		return errNoTarget
	}
	if t.HasVault() {
		if err := t.Vault.Unlock(); err != nil {
			return &fleet.MemberError{Member: fleet.VaultName, Err: err}
		}
	}
	if !fromPaper {
		s, unknown := p.open.StoreOf(t)
		if unknown != nil {
			return unknown
		}
		if wanted, w.unread, err = secretsIn(t.Vault, s.Ledger); err != nil {
			unread = errors.Join(unread, &fleet.MemberError{Member: fleet.VaultName, Err: err})
		}
	}
	defer func() {
		for _, k := range wanted {
			k.Secret.Clear()
		}
	}()
	unasked, err := w.plan(wanted)
	if err != nil {
		return errors.Join(err, unread)
	}
	if len(o.to) == 0 {
		p.noteAway(t.AwayKeys())
	}
	unread = errors.Join(unread, unasked)
	if o.dryRun {
		err := term.Partly(errors.Join(w.kept(), w.remains(), unread), w.planned())
		if o.json {
			return errors.Join(p.PrintJSON(w.describe()), err)
		}
		p.PrintTable(term.Table{Rows: w.rows(), Group: true})
		return err
	}
	if err := w.agree(); err != nil {
		return errors.Join(err, unread)
	}
	w.rename(ctx)
	w.write(ctx, w.settled)
	deleted := w.delete(ctx)
	w.report()
	failure := w.failure(errors.Join(deleted, w.kept(), w.remains(), unread))
	if o.json {
		failure = errors.Join(p.PrintJSON(w.describe()), failure)
	}
	return failure
}

// syncTokens opens the tokens to bring up to date, and the vault if accounts come
// from there.
func (p *program) syncTokens(ctx context.Context, o syncOptions, fromPaper bool) (*open.Tokens, error) {
	to := o.to
	if !fromPaper && slices.Contains(to, fleet.VaultName) {
		return nil, term.Usagef("--to vault: the accounts come from there; from a sheet, with --from")
	}
	if !fromPaper && len(to) > 0 {
		to = append(slices.Clone(to), fleet.VaultName)
	}
	if o.tokens.NamesKey() && !fromPaper { // which leaves out the vault
		return nil, term.Usagef("--device and --reader leave out the vault; to name the key: --to key:SERIAL")
	}
	t, err := p.open.Targets(ctx, o.tokens, to)
	switch {
	case errors.Is(err, vault.ErrNoVault) && !fromPaper:
		return nil, fmt.Errorf("%w: %w", errNoSource, err)
	case err != nil:
		return nil, err
	case !fromPaper && !t.HasVault():
		t.Close()
		return nil, errNoSource
	case !fromPaper && len(t.Keys()) == 0 && len(t.AwayKeys()) > 0:
		defer t.Close()
		return nil, t.Away()
	}
	return t, nil
}

// secretsIn returns what is in a vault. Accounts that cannot be read, or whose secret there
// is known to be old, are an error, and come with the rest.
func secretsIn(v *open.Vault, l *ledger.Ledger) (all []otpauth.Key, unread []oath.ID, failure error) {
	accounts, failure := v.List()
	for _, a := range accounts {
		if _, old := l.OldInVault[a.ID()]; old {
			unread, failure = append(unread, a.ID()), errors.Join(failure, fmt.Errorf("%q: %w", a.Label(), errOldInVault))
			continue
		}
		held, secret, err := v.Secret(a.ID())
		if err != nil {
			unread, failure = append(unread, a.ID()), errors.Join(failure, err)
			continue
		}
		all = append(all, otpauth.Key{Account: held, Secret: secret})
	}
	return all, unread, failure
}
