package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/keys"
	"github.com/tokenctl/tokenctl/oath/otpauth"
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
	f.StringSliceVar(&o.to, "to", nil, "put it only on these: `TOKEN` is key:SERIAL or vault; several separated by commas")
	f.Bool("all-keys", false, "put it on every key that is plugged in, the default without --to")
	f.BoolVarP(&o.touch, "touch", "t", false, "make the keys require a touch for each code")
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

// targets opens the tokens to put accounts on, and leads to init who has none.
func (p *program) targets(ctx context.Context, o targetOptions) (*open.Tokens, error) {
	t, err := p.open.Targets(ctx, o.tokens, o.to)
	if open.IsAbsence(err) && len(o.to) == 0 && !o.tokens.Vault.None && !o.tokens.NamesKey() {
		return p.beginWithout(ctx, o.tokens, err)
	}
	return t, err
}

// An enrolling is accounts on their way to tokens, with what came of it.
type enrolling struct {
	p       *program
	o       targetOptions
	results []*fleet.Result
	away    []*fleet.MemberError // known keys that are not there

	prints    []string        // the ledger's fingerprint of each
	untouched map[string]bool // keys that were said to ignore touch

	bar     *term.Progress // of many accounts, which are counted instead of named; else nil
	counted []counted
}

// A counted is a number of accounts on a token that the same is said of.
type counted struct {
	member, what string
	accounts     int
}

func (p *program) newEnrolling(t *open.Tokens, o targetOptions) *enrolling {
	e := &enrolling{p: p, o: o, away: t.AwayKeys(), untouched: make(map[string]bool)}
	p.open.Happened(e.settle)
	return e
}

// settle records which accounts have another secret now than keys that were not there,
// sheets, or the vault. One that a token had already with that secret got no other.
func (e *enrolling) settle(l *ledger.Ledger) {
	for i, r := range e.results {
		where := r.Where()
		isNew := len(where) > 0 && !slices.ContainsFunc(r.Outcomes, func(o fleet.Outcome) bool { return o.Already })
		if e.o.overwrite && isNew {
			l.Replaced(r.Account.ID(), e.prints[i], serialsOf(names(where)), e.p.Now())
		}
		if slices.ContainsFunc(where, (*fleet.Member).IsVault) {
			l.ReplacedInVault(r.Account.ID())
		}
	}
}

// add adds an account to enroll.
func (e *enrolling) add(k otpauth.Key) {
	uri, _ := k.URI() // without a secret, it gets nowhere
	e.prints = append(e.prints, ledger.Fingerprint(uri))
	e.results = append(e.results, &fleet.Result{Enrollment: fleet.Enrollment{
		Account: k.Account, Secret: k.Secret, Replace: e.o.overwrite, Now: e.p.Now, MayLose: e.mayLose(k.Account),
	}})
}

// enrollAll puts accounts on tokens, and says what is there as it happens.
func (p *program) enrollAll(ctx context.Context, t *open.Tokens, accounts []otpauth.Key, o targetOptions) *enrolling {
	e := p.newEnrolling(t, o)
	there := accountsOn(t)
	for _, k := range accounts {
		e.add(k)
		if k.Account.Type == oath.HOTP && len(t.Fleet) > 1 {
			p.Note("%s counts its codes, and every token for itself. Use it on one token, or the counters drift apart.",
				term.Printable(k.Account.Label()))
		}
	}
	const many = 20 // lines, which fill a screen
	outcomes := len(accounts) * len(t.Fleet)
	if bar := p.Progress("On their way", outcomes); outcomes > many && bar.IsShown() {
		e.bar = bar
	}
	fleet.Enroll(ctx, e.results, t.Fleet, e.note)
	if e.bar != nil {
		e.bar.Done()
		e.bar = nil
		for _, c := range e.counted {
			p.Note("%s: %s: each %s", c.member, term.Count(c.accounts, "account"), c.what)
		}
	}
	for _, r := range e.results {
		if len(r.Where()) > 0 {
			p.noteShadows(there, r.Account)
			there = append(there, r.Account)
		}
	}
	e.addAway()
	return e
}

// addAway adds to each account that is not for one token alone that keys which are known
// were not there.
func (e *enrolling) addAway() {
	for _, r := range e.results {
		if r.Account.Type == oath.HOTP {
			continue
		}
		for _, away := range e.away {
			r.Outcomes = append(r.Outcomes, fleet.Outcome{Member: &fleet.Member{Name: away.Member}, Err: away.Err})
		}
	}
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

// note says where an account is, or counts it.
func (e *enrolling) note(r *fleet.Result, o fleet.Outcome) {
	label := term.Printable(r.Account.Label())
	if o.IgnoresTouch && !e.untouched[o.Member.Name] {
		e.untouched[o.Member.Name] = true
		e.p.Note("%s: this key does not enforce touch: it computes codes without.", o.Member.Name)
	}
	if o.CountsFirst && o.State == fleet.Checked && r.Account.Counter == 0 {
		e.p.Note("%s: this key counts before it computes. The first code of %s is that of counter 1, not 0: services look ahead, and take it.", o.Member.Name, label)
	}
	what := ""
	switch {
	case o.Already:
		what = "was there before, and computes the right code."
	case o.State == fleet.Checked:
		what = "is there, and computes the right code."
	case o.IsSealed():
		what = "is there. It is locked, and computed no code."
	}
	switch {
	case e.bar != nil:
		e.bar.Step()
		if i := slices.IndexFunc(e.counted, func(c counted) bool { return c.member == o.Member.Name && c.what == what }); i >= 0 {
			e.counted[i].accounts++
		} else if what != "" {
			e.counted = append(e.counted, counted{o.Member.Name, what, 1})
		}
	case what != "":
		e.p.Note("%s: %s %s", o.Member.Name, label, what)
	}
}

// offerSpare enrolls on each further key that is plugged in, until its owner has no
// more, and reports whether it waited. It asks a person who named no token, has one key
// plugged in or another that is known, and enrolls what a spare is good for. The first
// key may be pulled out to make room.
func (e *enrolling) offerSpare(ctx context.Context, t *open.Tokens) (waited bool) {
	p, o := e.p, e.o
	free := len(o.to) == 0 && !o.tokens.NamesKey() && !o.yes && !o.json
	timed := slices.ContainsFunc(e.results, func(r *fleet.Result) bool { return r.Account.Type == oath.TOTP })
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
		p.Terminal.Show("Not there yet: %s.", strings.Join(away, ", "))
	}
	p.Terminal.Show("A secret cannot be read back from a key. If you have a spare key, plug it in now, and it gets the same account. Otherwise, press Enter.")
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
		p.Terminal.Show("Another one? Otherwise, press Enter.")
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
	var missing []*fleet.Result
	for _, r := range e.results {
		if !r.IsOn(name) {
			r.Forget(name)
			missing = append(missing, r)
		}
	}
	if len(missing) < len(e.results) {
		e.p.Note("%s is the same key.", name)
	}
	fleet.Enroll(ctx, missing, spare.Fleet, e.note)
	return nil
}
