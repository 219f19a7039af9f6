package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/keys"
	"github.com/tokenctl/tokenctl/oath/otpauth"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

// targetOptions say which tokens accounts are put on, and how.
type targetOptions struct {
	tokens    open.TokenOptions
	to        []string
	touch     bool
	overwrite bool
	delete    bool // the old account before the new one is proved
	yes, json bool
}

func (o *targetOptions) addFlags(c *cobra.Command) {
	o.tokens.AddFlags(c)
	f := c.Flags()
	f.StringSliceVar(&o.to, "to", nil, "put it on these alone: `TOKEN` is key:SERIAL or vault; several parted by commas")
	f.Bool("all-keys", false, "put it on every key that is plugged in, which is what happens without --to")
	f.BoolVarP(&o.touch, "touch", "t", false, "have the keys ask for a touch for each code")
	f.BoolVar(&o.overwrite, "overwrite", false, "replace the account where there is another of this name, once the new one is proved")
	f.BoolVar(&o.delete, "delete-first", false, "let --overwrite delete it first on a full key that has no other way")
	f.BoolVarP(&o.yes, "yes", "y", false, "do not ask, and do not offer to wait for a spare key")
	f.BoolVar(&o.json, "json", false, "print JSON")
	for _, other := range []string{"device", "reader", "no-keys", "no-vault", "all-keys"} {
		c.MarkFlagsMutuallyExclusive("to", other)
	}
}

// check refuses an empty list of tokens, as from a variable that is not set.
func (o *targetOptions) check(c *cobra.Command) error {
	if c.Flags().Changed("to") && len(o.to) == 0 {
		return term.Usagef("--to names no token")
	}
	return nil
}

// An enrolling is accounts on their way to tokens, with what came of it.
type enrolling struct {
	p       *program
	o       targetOptions
	results []fleet.Result
	away    []*fleet.MemberError // known keys that are not there

	untouched map[string]bool // keys that were said to ignore touch
}

// enrollAll puts accounts on tokens, and says what is there as it happens.
func (p *program) enrollAll(t *open.Tokens, accounts []otpauth.Key, o targetOptions) *enrolling {
	e := &enrolling{
		p: p, o: o, results: make([]fleet.Result, len(accounts)), away: t.AwayKeys(),
		untouched: make(map[string]bool),
	}
	there := accountsOn(t)
	for i, k := range accounts {
		e.results[i].Enrollment = fleet.Enrollment{
			Account: k.Account, Secret: k.Secret, Replace: o.overwrite, Now: p.Now, MayLose: e.mayLose(k.Account),
		}
		if k.Account.Type == oath.HOTP && len(t.Fleet) > 1 {
			p.Note("%s counts its codes, and every token for itself. Use it on one token, or the counters drift apart.",
				term.Printable(k.Account.Label()))
		}
		e.results[i].On(t.Fleet, e.note(k.Account))
		if len(e.results[i].Where()) > 0 {
			p.noteShadows(there, k.Account)
			there = append(there, k.Account)
		}
		if k.Account.Type == oath.HOTP {
			continue // it is for one token
		}
		for _, away := range e.away {
			e.results[i].Outcomes = append(e.results[i].Outcomes, fleet.Outcome{Member: &fleet.Member{Name: away.Member}, Err: away.Err})
		}
	}
	return e
}

// accountsOn returns the accounts on tokens, as far as these can be asked. What keeps one
// from that shows when it is used.
func accountsOn(t *open.Tokens) []oath.Account {
	held, _ := t.List()
	return mapSlice(held, func(h fleet.Holding) oath.Account { return h.Account })
}

// noteShadows says which queries find an account since it got its name, and found one of
// those that were there until then.
func (p *program) noteShadows(there []oath.Account, named oath.Account) {
	for _, s := range oath.Shadows(there, named) {
		p.Note("%q found %s until now, and finds %s from now on.\nIf it should not: %s",
			s.Query, term.Printable(s.Before.Label()), term.Printable(named.Label()),
			term.Command("tokenctl rename", named.ID(), "")+" NEW-NAME")
	}
}

// errNamesTooLong says that names do not fit a key, and that nothing was stored.
var errNamesTooLong = errors.New("nothing was stored, for a name does not fit the key")

// fitNames makes sure, before anything is stored, that the names of accounts fit a key.
// One that does not is asked for anew, and handed to renamed.
func (p *program) fitNames(accounts []otpauth.Key, yes bool, renamed func(old, new oath.ID)) error {
	var failures []error
	for i := range accounts {
		a := &accounts[i].Account
		for {
			long := ykoath.CheckID(a.ID())
			if long == nil {
				break
			}
			long = fmt.Errorf("%q: %w", term.Printable(a.Label()), long)
			if p.Terminal == nil || yes {
				failures = append(failures, long)
				break
			}
			p.Terminal.Tell("%v.", long)
			label, err := p.Terminal.Ask("Another name for it, as ISSUER:ACCOUNT")
			if err != nil {
				return err
			}
			named, err := withLabel(*a, label)
			isTaken := slices.ContainsFunc(accounts, func(k otpauth.Key) bool { return k.Account.ID() == named.ID() })
			if err == nil && isTaken {
				err = errNameTaken
			}
			if err != nil {
				p.Terminal.Tell("%v.", err)
				continue
			}
			renamed(a.ID(), named.ID())
			*a = named
		}
	}
	if len(failures) > 0 {
		return fmt.Errorf("%w:\n%w", errNamesTooLong, errors.Join(failures...))
	}
	return nil
}

// mayLose returns what asks whether an account may be deleted before the one that takes
// its place is proved.
func (e *enrolling) mayLose(a oath.Account) func(*fleet.Member) error {
	return func(m *fleet.Member) error {
		if e.o.yes && !e.o.delete {
			return fleet.ErrMustDelete
		}
		err := e.p.Terminal.Confirm(e.o.delete, "%s is full, and must delete %s before it takes the new one.\nIf it then refuses that, both are lost. Delete it?",
			m.Name, term.Printable(a.Label()))
		if errors.Is(err, term.ErrNoTerminal) || errors.Is(err, term.ErrDeclined) {
			return fleet.ErrMustDelete
		}
		return err
	}
}

// note returns what says where an account is.
func (e *enrolling) note(a oath.Account) func(fleet.Outcome) {
	label := term.Printable(a.Label())
	return func(o fleet.Outcome) {
		if o.IgnoresTouch && !e.untouched[o.Member.Name] {
			e.untouched[o.Member.Name] = true
			e.p.Note("%s: this key does not enforce touch: it computes codes without.", o.Member.Name)
		}
		if o.CountsFirst && o.State == fleet.Checked && a.Counter == 0 {
			e.p.Note("%s: this key counts before it computes. The first code of\n%s is that of counter 1, not 0: services look ahead, and take it.", o.Member.Name, label)
		}
		switch {
		case o.Already:
			e.p.Note("%s: %s was there before, and computes the right code.", o.Member.Name, label)
		case o.State == fleet.Checked:
			e.p.Note("%s: %s is there, and computes the right code.", o.Member.Name, label)
		case o.IsSealed():
			e.p.Note("%s: %s is there. It is locked, and computed no code.", o.Member.Name, label)
		}
	}
}

// offerSpare enrolls on each further key that is plugged in, until its owner has no
// more, and reports whether it waited. It asks a person who named no token, has one key
// plugged in or another that is known, and enrolls what a spare is good for. The first
// key may be pulled out to make room.
func (e *enrolling) offerSpare(ctx context.Context, t *open.Tokens) (waited bool) {
	p, o := e.p, e.o
	free := len(o.to) == 0 && !o.tokens.NamesKey() && !o.yes && !o.json
	timed := slices.ContainsFunc(e.results, func(r fleet.Result) bool { return r.Account.Type == oath.TOTP })
	readers := t.Readers()
	var away []string
	for _, a := range e.away {
		if errors.Is(a, open.ErrAway) { // and not for want of a smart card service
			away = append(away, a.Member)
		}
	}
	if !free || !timed || p.Terminal == nil || !p.ShowsResults() || len(readers) != 1 && len(away) == 0 {
		return false
	}
	seen := make(map[string]bool)
	for _, reader := range readers {
		seen[reader] = true
	}
	t.ReleaseKeys()
	if len(away) > 0 {
		p.Terminal.Tell("Not there yet: %s.", strings.Join(away, ", "))
	}
	p.Terminal.Tell("A secret cannot be read back from a key. If you have a spare key, plug it in now,\nand it gets the same account. Otherwise, press Enter.")
	for {
		reader, err := p.awaitKey(ctx, seen)
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				p.Note("tokenctl: %v", err)
			}
			break
		}
		seen[reader] = true
		if err := e.enrollSpare(ctx, reader); err != nil {
			p.Report(err)
		}
		p.Terminal.Tell("Another one? Otherwise, press Enter.")
	}
	return true
}

// awaitKey returns the reader of a key that is plugged in from now on. It returns
// context.Canceled if Enter is pressed.
func (p *program) awaitKey(ctx context.Context, seen map[string]bool) (reader string, err error) {
	f, err := keys.Connect(ctx, p.random)
	if err != nil {
		return "", err
	}
	defer f.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		term.AwaitEnter(ctx)
		cancel()
	}()
	return f.Await(ctx, seen)
}

func (e *enrolling) enrollSpare(ctx context.Context, reader string) error {
	spare, err := e.p.open.Spare(ctx, reader, e.o.tokens.Key.Password)
	if err != nil {
		return err
	}
	defer spare.Close()
	name := spare.Fleet[0].Name
	for i := range e.results {
		r := &e.results[i]
		if r.IsOn(name) {
			e.p.Note("%s is the same key.", name)
			continue
		}
		r.Forget(name)
		r.On(spare.Fleet, e.note(r.Account))
	}
	return nil
}
