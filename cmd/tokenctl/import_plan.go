package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
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
			w.p.Terminal.Tell("%s.", term.Sentence(err))
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
		w.p.Terminal.Tell("%s, on %s: %v.", term.Name(plan.Account.Label()), term.List(where), problems[where[0]])
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
			w.p.Terminal.Tell("%s.", term.Sentence(err))
			continue
		}
		w.accounts[i].Account = a
		*plan = fleet.Plan{Account: a, Secret: plan.Secret}
		w.t.Foresee(w.plans[i:i+1], w.p.Now) // who cannot be asked is known by now
	}
}

// makeRoom has its owner choose which of the new accounts go on a key that has no room for all.
func (w *importing) makeRoom(m *fleet.Member) error {
	room, known, err := m.Room()
	if err != nil {
		return nil // as it says when it is given accounts
	}
	var fresh []int
	for i, plan := range w.plans {
		if f, found := plan.On(m.Name); found && f.Fate == fleet.Absent && w.skips[i][m.Name] == nil {
			fresh = append(fresh, i)
		}
	}
	if !known || len(fresh) <= room {
		return nil
	}
	chosen := fresh[:room]
	if w.p.Terminal != nil && !w.o.yes && !w.o.dryRun && room > 0 {
		w.p.Terminal.Tell("%s has room for %d of %s:", m.Name, room, term.Count(len(fresh), "new account"))
		for n, i := range fresh {
			w.p.Terminal.Tell("%4d  %s", n+1, term.Name(w.plans[i].Account.Label()))
		}
		for {
			answer, err := w.p.Terminal.Ask(fmt.Sprintf("Which go on %s, as in 1-3,7? Enter takes the first %d", m.Name, room))
			if err != nil {
				return err
			}
			if answer == "" {
				break
			}
			numbers, err := parseNumbers(answer, len(fresh))
			if err == nil && len(numbers) > room {
				err = fmt.Errorf("these are %d, and it has room for %d", len(numbers), room)
			}
			if err == nil {
				chosen = mapSlice(numbers, func(n int) int { return fresh[n-1] })
				break
			}
			w.p.Terminal.Tell("%s.", term.Sentence(err))
		}
	}
	for _, i := range fresh {
		if !slices.Contains(chosen, i) {
			w.skip(i, m.Name, oath.ErrNoSpace)
		}
	}
	return nil
}

func (w *importing) skip(i int, member string, why error) {
	if w.skips[i] == nil {
		w.skips[i] = make(skips)
	}
	w.skips[i][member] = why
}

// parseNumbers reads numbers from 1 to max, as in "1-3,7".
func parseNumbers(text string, max int) (numbers []int, err error) {
	for part := range strings.SplitSeq(strings.ReplaceAll(text, " ", ""), ",") {
		from, to, isRange := strings.Cut(part, "-")
		if !isRange {
			to = from
		}
		first, err1 := strconv.Atoi(from)
		last, err2 := strconv.Atoi(to)
		if err1 != nil || err2 != nil || first < 1 || last > max || first > last {
			return nil, fmt.Errorf("invalid numbers %q: they go from 1 to %d", part, max)
		}
		for n := first; n <= last; n++ {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return slices.Compact(numbers), nil
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

// maxRows is how many accounts are shown one by one before the question; of more, those
// are that need a look.
const maxRows = 60

// agree shows what is about to be done, and asks.
func (w *importing) agree() error {
	if w.p.Terminal == nil || w.o.yes {
		w.agreed = w.o.yes
		return nil
	}
	rows, usual := w.rows(), 0
	for _, row := range rows {
		row[0] = term.Name(row[0])
	}
	if len(rows) > maxRows {
		rows = slices.DeleteFunc(rows, func(row []string) bool {
			isUsual := row[1] == foretold(fleet.Forecast{Fate: fleet.Absent}, false) || row[1] == foretold(fleet.Forecast{Fate: fleet.Same}, false)
			if isUsual {
				usual++
			}
			return isUsual
		})
	}
	for _, line := range term.Columns(rows) {
		w.p.Terminal.Tell("%s", line)
	}
	if usual > 0 {
		w.p.Terminal.Tell("%s: new, or there already.", term.Count(usual, "account"))
	}
	w.agreed = true
	changes := 0
	for i, plan := range w.plans {
		if slices.ContainsFunc(plan.Forecasts, func(f fleet.Forecast) bool { return f.Fate != fleet.Same && w.skips[i][f.Member.Name] == nil }) {
			changes++
		}
	}
	if changes == 0 {
		return nil
	}
	return w.p.Terminal.Confirm(false, "Import %s to %s?", term.Count(changes, "account"), term.List(names(w.t.Fleet)))
}

// planned returns how many accounts would be on a token.
func (w *importing) planned() (n int) {
	for _, s := range w.skips {
		if len(s) < len(w.t.Fleet) {
			n++
		}
	}
	return n
}

// kept returns an error for the accounts that were kept from tokens without their owner's
// word.
func (w *importing) kept() error {
	var failures []error
	for _, m := range w.t.Fleet {
		causes := make(map[string][]int)
		for i := range w.skips {
			switch why := w.skips[i][m.Name]; {
			case why == nil, errors.Is(why, errLeftOut):
			case w.agreed && !errors.Is(why, errTaken) && !errors.Is(why, errNameTwice):
			default:
				causes[why.Error()] = append(causes[why.Error()], i)
			}
		}
		for _, list := range causes {
			failures = append(failures, fmt.Errorf("%s: %s: %w", m.Name, w.labels(list), w.skips[list[0]][m.Name]))
		}
	}
	return errors.Join(failures...)
}

// labels names a few accounts, and counts the others.
func (w *importing) labels(list []int) string {
	const few = 5
	var labels []string
	for _, i := range list[:min(few, len(list))] {
		labels = append(labels, strconv.Quote(term.Name(w.plans[i].Account.Label())))
	}
	if n := len(list) - few; n > 0 {
		return fmt.Sprintf("%s, and %d more", strings.Join(labels, ", "), n)
	}
	return term.List(labels)
}
