package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// A stray is an account on a token that is not among those it is brought up to date from.
type stray struct {
	fleet.Stray
	gone   string  // what was done to it elsewhere while the token was away: "deleted" or "renamed"
	to     oath.ID // the name that it got; it stays until the account is proved under that
	agreed bool    // to delete it here
}

// plan foresees what bringing the tokens up to date comes to. The first error is about
// tokens that could not be asked; the second leaves nothing to be done.
func (w *syncing) plan(wanted []otpauth.Key) (unasked, err error) {
	all := mapSlice(wanted, func(k otpauth.Key) fleet.Plan { return fleet.Plan{Account: k.Account, Secret: k.Secret} })
	chosen, err := w.choose(all)
	if err != nil {
		return nil, err
	}
	comparison := fleet.Comparison{Now: w.p.Now, Random: w.p.random}
	if !w.o.dryRun && !w.o.yes {
		comparison.MayTouch = w.p.mayTouch
	}
	strays, unasked := w.members.ForeseeSync(all, comparison)
	known := w.p.open.KnownKeys()
	on := func(m *fleet.Member) map[oath.ID]ledger.Held {
		i := slices.IndexFunc(known, func(k ledger.Key) bool { return k.Name() == m.Name })
		if i < 0 {
			return nil
		}
		return known[i].Accounts
	}
	for _, s := range strays {
		if slices.Contains(w.unread, s.Account.ID()) {
			continue
		}
		held := on(s.Member)[s.Account.ID()]
		one := stray{Stray: s}
		to := slices.IndexFunc(all, func(p fleet.Plan) bool { return held.Renamed != "" && p.Account.ID() == held.Renamed })
		switch {
		case to >= 0:
			one.gone, one.to = "renamed", held.Renamed
			i := slices.IndexFunc(all[to].Forecasts, func(f fleet.Forecast) bool { return f.Member == s.Member && f.Fate == fleet.Absent })
			if i >= 0 && s.Account.Touch { // without a touch, its secret does not show that it is the one
				all[to].Forecasts[i].Fate, all[to].Forecasts[i].From = fleet.Moved, s.Account.ID()
				continue
			}
		case held.Deleted:
			one.gone = "deleted"
		case w.source != fleet.VaultName: // a sheet may hold a part
			continue
		}
		if !fleet.IsLeftover(s.Account) {
			w.strays = append(w.strays, one)
		}
	}
	counting := 0
	for _, i := range chosen {
		if all[i].Account.Type == oath.HOTP && !w.o.counters {
			counting++
			continue
		}
		w.plans = append(w.plans, all[i])
	}
	if counting > 0 {
		w.p.Note("Left out: %s, as every token counts for itself. To put them on a key all the same: --counters", term.Count(counting, "HOTP account"))
	}
	w.skips = make([]skips, len(w.plans))
	for i, plan := range w.plans {
		for _, f := range plan.Forecasts {
			switch {
			case f.Fate == fleet.Unfit:
				w.skip(i, f.Member.Name, f.Err)
			case f.Fate != fleet.Taken || w.o.overwrite:
			case on(f.Member)[plan.Account.ID()].Replaced && w.asksToReplace(plan, f.Member):
				w.fresh[plan.Account.ID()] = true
			default:
				w.skip(i, f.Member.Name, errOther)
			}
		}
	}
	for _, m := range w.members {
		if err := w.makeRoom(m); err != nil {
			return unasked, err
		}
	}
	return unasked, nil
}

// asksToReplace asks whether to replace an account that got another secret while
// the token was away.
func (w *syncing) asksToReplace(plan fleet.Plan, m *fleet.Member) bool {
	return w.p.Terminal != nil && !w.o.yes && !w.o.dryRun &&
		w.p.Terminal.Confirm(false, "%s has the old secret of %s, which was replaced while it was away. Replace it there, too?", m.Name, term.Printable(plan.Account.Label())) == nil
}

// choose returns the indexes of the accounts that are wanted, in the order in which they
// go on a key.
func (w *syncing) choose(all []fleet.Plan) (chosen []int, err error) {
	if len(w.o.queries) == 0 {
		for i := range all {
			chosen = append(chosen, i)
		}
		return chosen, nil
	}
	accounts := mapSlice(all, func(p fleet.Plan) oath.Account { return p.Account })
	for _, query := range w.o.queries {
		matches, err := oath.Match(accounts, query)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", query, err)
		}
		for _, a := range matches {
			if i := slices.Index(accounts, a); !slices.Contains(chosen, i) {
				chosen = append(chosen, i)
			}
		}
	}
	return chosen, nil
}

// rows say what would be done with each account, a row for the tokens of the same fate.
func (w *syncing) rows() (rows [][]string) {
	for i, plan := range w.plans {
		var whats []string
		where := make(map[string][]string)
		for _, f := range plan.Forecasts {
			what := foretold(f, w.o.overwrite || w.fresh[plan.Account.ID()])
			if f.Fate == fleet.Present {
				what = "is there, and not compared"
			}
			if why := w.skips[i][f.Member.Name]; why != nil && f.Fate != fleet.Unfit && !errors.Is(why, errTaken) {
				what = "left out: " + why.Error()
			}
			if where[what] == nil {
				whats = append(whats, what)
			}
			where[what] = append(where[what], f.Member.Name)
		}
		for _, what := range whats {
			rows = append(rows, []string{string(plan.Account.ID()), term.List(where[what]), what})
		}
	}
	for _, s := range w.strays {
		what := "is not in the " + w.source + ", and stays"
		switch {
		case s.gone != "" && w.o.remove:
			what = "was " + s.gone + " elsewhere, and would be deleted"
		case s.gone != "":
			what = "was " + s.gone + " elsewhere"
		}
		rows = append(rows, []string{string(s.Account.ID()), s.Member.Name, what})
	}
	return rows
}

// agree shows what is about to be done, and asks.
func (w *syncing) agree() error {
	question := ""
	for i, plan := range w.plans {
		for _, f := range plan.Forecasts {
			isChange := f.Fate == fleet.Absent || f.Fate == fleet.Moved || f.Fate == fleet.Taken
			if isChange && w.skips[i][f.Member.Name] == nil {
				question = fmt.Sprintf("Bring %s up to date?", term.List(names(w.members)))
			}
		}
	}
	there := foretold(fleet.Forecast{Fate: fleet.Same}, false) // which is no news
	rows := slices.DeleteFunc(w.rows(), func(row []string) bool { return row[2] == there })
	if err := w.planning.agree(rows, question); err != nil {
		return err
	}
	w.agreed = w.agreed && !w.o.yes // --yes chooses nothing
	for i := range w.strays {
		s := &w.strays[i]
		if s.gone == "" {
			continue
		}
		s.agreed = w.o.remove
		if s.agreed || w.p.Terminal == nil || w.o.yes {
			continue
		}
		err := w.p.Terminal.Confirm(false, "%s was %s elsewhere while %s was away. Delete it and its secret there?", term.Label(s.Account.ID()), s.gone, s.Member.Name)
		if s.agreed = err == nil; err != nil && !errors.Is(err, term.ErrDeclined) {
			return err
		}
	}
	return nil
}

// rename gives accounts the names on a token that they got elsewhere. Where a token has no
// way to, the account is put there under its new name, and the old one is a stray.
func (w *syncing) rename(ctx context.Context) {
	for _, m := range w.members {
		var lost error
		for i := range w.plans {
			id, f := w.plans[i].Account.ID(), w.plans[i].Forecasts
			at := slices.IndexFunc(f, func(f fleet.Forecast) bool { return f.Member == m && f.Fate == fleet.Moved })
			if at < 0 {
				continue
			}
			token, err := m.Token()
			if err = cmp.Or(ctx.Err(), lost, err); err != nil {
				f[at].Err = &fleet.SkippedError{Reason: err}
				continue
			}
			switch err = token.Rename(f[at].From, id); {
			case err == nil:
				f[at].Fate = fleet.Same
				w.p.Note("%s: %s is renamed to %s.", m.Name, term.Label(f[at].From), term.Label(id))
			case errors.Is(err, oath.ErrUnsupported):
				old := fleet.Stray{Member: m, Account: f[at].From.Account(w.plans[i].Account.Type)}
				w.strays = append(w.strays, stray{Stray: old, gone: "renamed", to: id, agreed: w.o.remove})
				f[at].Fate, f[at].From = fleet.Absent, ""
			default:
				f[at].Err = fmt.Errorf("renaming %q: %w", term.Label(f[at].From), err)
				if errors.Is(err, oath.ErrRemoved) || errors.Is(err, oath.ErrUnsure) {
					lost = err
				}
			}
		}
	}
}

// settled reports whether there is nothing to be put on a token, and records why.
func (w *syncing) settled(i int, m *fleet.Member) bool {
	f, found := w.plans[i].On(m.Name)
	r := w.results[i]
	r.Replace = w.o.overwrite || w.fresh[r.Account.ID()]
	switch {
	case !found: // it was not asked, which is an error of its own
	case f.Fate == fleet.Same:
		r.Outcomes = append(r.Outcomes, fleet.Outcome{Member: m, State: fleet.Checked, Already: true})
	case f.Fate == fleet.Moved:
		r.Outcomes = append(r.Outcomes, fleet.Outcome{Member: m, Err: f.Err})
	case f.Fate == fleet.Present && r.Account.Type == oath.HOTP:
		w.p.Note("%s: %s is there, and counts for itself.", m.Name, term.Label(r.Account.ID()))
	case f.Fate == fleet.Present:
		r.Outcomes = append(r.Outcomes, fleet.Outcome{Member: m, State: fleet.Stored, Err: f.Err})
	default:
		return false
	}
	return true
}

// delete deletes the strays that are agreed to be, but for one whose account is not proved
// under its new name.
func (w *syncing) delete(ctx context.Context) error {
	var failures []error
	w.strays = slices.DeleteFunc(w.strays, func(s stray) bool {
		isProved := func(r *fleet.Result) bool { return r.Account.ID() == s.to && r.IsOn(s.Member.Name) }
		if !s.agreed || s.to != "" && !slices.ContainsFunc(w.results, isProved) {
			return false
		}
		token, err := s.Member.Token()
		if err = cmp.Or(ctx.Err(), err); err == nil {
			err = token.Delete(s.Account.ID())
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("%s: %q is not deleted: %w", s.Member.Name, term.Label(s.Account.ID()), err))
			return true
		}
		w.p.Note("%s: %s is deleted.", s.Member.Name, term.Label(s.Account.ID()))
		w.gone = append(w.gone, s)
		return true
	})
	return errors.Join(failures...)
}

// remains returns what is on tokens still that was deleted elsewhere, and what is on some
// keys alone and cannot be brought to the others.
func (w *syncing) remains() error {
	var failures []error
	on := make(map[oath.ID][]string)
	var order []oath.ID
	for _, s := range w.strays {
		id := s.Account.ID()
		switch {
		case s.gone != "" && !(w.dryRun && w.o.remove):
			failures = append(failures, fmt.Errorf("%s: %q was %s %w", s.Member.Name, term.Label(id), s.gone, errStale))
		case s.gone != "":
		default:
			if on[id] == nil {
				order = append(order, id)
			}
			on[id] = append(on[id], s.Member.Name)
		}
	}
	for _, id := range order {
		w.p.Note("%s is on %s alone, and not in the %s.", term.Label(id), term.List(on[id]), w.source)
		if len(on[id]) < len(w.members) {
			failures = append(failures, fmt.Errorf("%q cannot be put on the other tokens: %w", term.Label(id), errUnsyncable))
		}
	}
	return errors.Join(failures...)
}

// syncJSON is what bringing tokens up to date came to, or would; docs/json.md describes it.
type syncJSON struct {
	DryRun   bool           `json:"dry_run"`
	From     string         `json:"from"`
	Accounts []enrolledJSON `json:"accounts"`
	Deleted  []strayJSON    `json:"deleted"`
	Strays   []strayJSON    `json:"strays"`
}

type strayJSON struct {
	Token string `json:"token"`
	idJSON
	Elsewhere string `json:"elsewhere,omitempty"` // "deleted" or "renamed"
}

func (w *syncing) describe() syncJSON {
	describe := func(s stray) strayJSON { return strayJSON{s.Member.Name, describeID(s.Account.ID()), s.gone} }
	return syncJSON{w.dryRun, w.source, w.planning.describe(), mapSlice(w.gone, describe), mapSlice(w.strays, describe)}
}
