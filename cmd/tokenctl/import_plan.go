package main

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/exchange"
	"github.com/tokenctl/tokenctl/oath/fleet"
)

// plan foresees what importing would come to. Where a name cannot be used, it asks for
// another one, or else keeps the account from the tokens that it is for.
func (w *importing) plan() error {
	w.plans = mapSlice(w.accounts, func(e exchange.Entry) fleet.Plan { return fleet.Plan{Account: e.Account, Secret: e.Secret} })
	w.skips = make([]skips, len(w.accounts))
	w.unasked = w.t.Foresee(w.plans, w.p.Now)
	if w.p.Terminal != nil && !w.o.dryRun && slices.ContainsFunc(w.plans, isNameInLockedVault) {
		switch err := w.t.Vault.Unlock(); {
		case errors.Is(err, oath.ErrWrongPassword):
			return err
		case err != nil: // as of one that is sealed, which takes what is new
			w.p.Terminal.Show("%s.", term.Sentence(err))
		default:
			for i := range w.plans {
				w.plans[i].Forecasts = nil
			}
			w.unasked = w.t.Foresee(w.plans, w.p.Now)
		}
	}
	used := make(map[oath.ID]bool, len(w.accounts))
	for i := range w.accounts {
		if err := w.settleName(i, used); err != nil {
			return err
		}
		used[w.plans[i].Account.ID()] = true
	}
	for _, m := range w.t.Fleet {
		if err := w.makeRoom(m); err != nil {
			return err
		}
	}
	return nil
}

// isNameInLockedVault reports whether the vault must be unlocked to see if the account of
// that name there is this one.
func isNameInLockedVault(plan fleet.Plan) bool {
	return plan.Account.Type == oath.TOTP && slices.ContainsFunc(plan.Forecasts, func(f fleet.Forecast) bool {
		return f.Member.IsVault() && f.Fate == fleet.Present
	})
}

// settleName finds what is wrong with an account's name, and has it changed or the
// account skipped.
func (w *importing) settleName(i int, used map[oath.ID]bool) error {
	for {
		plan := &w.plans[i]
		problems := make(skips)
		for _, f := range plan.Forecasts {
			switch {
			case used[plan.Account.ID()]:
				problems[f.Member.Name] = errNameTwice
			case f.Fate == fleet.Unfit:
				problems[f.Member.Name] = f.Err
			case f.Fate == fleet.Taken && !w.o.overwrite:
				problems[f.Member.Name] = errTaken
			}
		}
		if len(problems) == 0 || w.p.Terminal == nil || w.o.yes || w.o.dryRun {
			w.skips[i] = problems
			return nil
		}
		where := slices.DeleteFunc(names(w.t.Fleet), func(name string) bool { return problems[name] == nil })
		w.p.Terminal.Show("%s, on %s: %v.", term.Name(plan.Account.Label()), term.List(where), problems[where[0]])
		label, err := w.p.Terminal.Ask("Another name for it, as ISSUER:ACCOUNT; Enter leaves it out there")
		if err != nil {
			return err
		}
		if label == "" {
			for name := range problems {
				problems[name] = errLeftOut
			}
			w.skips[i] = problems
			return nil
		}
		a, err := withLabel(plan.Account, label)
		if err != nil {
			w.p.Terminal.Show("%s.", term.Sentence(err))
			continue
		}
		w.accounts[i].Account = a
		*plan = fleet.Plan{Account: a, Secret: plan.Secret}
		w.t.Foresee(w.plans[i:i+1], w.p.Now) // who cannot be asked is known by now
	}
}

// rows say in a line for each account what would be done with it.
func (w *importing) rows() (rows [][]string) {
	for i := range w.plans {
		rows = append(rows, []string{string(w.plans[i].Account.ID()), w.fate(i)})
	}
	for _, r := range w.refused {
		rows = append(rows, []string{r.Label, "cannot be imported: " + r.Err.Error()})
	}
	return rows
}

// fate says what would be done with an account: once, if it is the same everywhere.
func (w *importing) fate(i int) string {
	var whats []string
	where := make(map[string][]string)
	for _, f := range w.plans[i].Forecasts {
		what := foretold(f, w.o.overwrite)
		if why := w.skips[i][f.Member.Name]; why != nil {
			what = "left out: " + why.Error()
		}
		if !slices.Contains(whats, what) {
			whats = append(whats, what)
		}
		where[what] = append(where[what], f.Member.Name)
	}
	if len(whats) == 1 {
		return whats[0]
	}
	for i, what := range whats {
		whats[i] = term.List(where[what]) + ": " + what
	}
	return cmp.Or(strings.Join(whats, "; "), "is in the file")
}
