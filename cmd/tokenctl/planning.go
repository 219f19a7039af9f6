package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
)

var (
	errNameTwice = errors.New("the name appears twice, with different secrets")
	errLeftOut   = errors.New("left out")
	errTaken     = fmt.Errorf("%w, with another secret", oath.ErrExists)
)

// A planning is many accounts on their way to tokens, which their owner sees beforehand.
type planning struct {
	*enrolling
	members fleet.Fleet  // that they are for
	plans   []fleet.Plan // in the order in which a full key is filled
	skips   []skips      // by plan
	dryRun  bool
	agreed  bool // their owner has seen where each account goes
}

// skips are the members that an account is kept from, with why.
type skips map[string]error

// makeRoom has its owner choose which of the new accounts go on a key that has no room for all.
func (w *planning) makeRoom(m *fleet.Member) error {
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
	if w.p.Terminal != nil && !w.o.yes && !w.dryRun && room > 0 {
		w.p.Terminal.Show("%s has room for %d of %s:", m.Name, room, term.Count(len(fresh), "new account"))
		for n, i := range fresh {
			w.p.Terminal.Show("%4d  %s", n+1, term.Name(w.plans[i].Account.Label()))
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
			w.p.Terminal.Show("%s.", term.Sentence(err))
		}
	}
	for _, i := range fresh {
		if !slices.Contains(chosen, i) {
			w.skip(i, m.Name, oath.ErrNoSpace)
		}
	}
	return nil
}

func (w *planning) skip(i int, member string, why error) {
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
			return nil, fmt.Errorf("invalid numbers %q: must be from 1 to %d", part, max)
		}
		for n := first; n <= last; n++ {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return slices.Compact(numbers), nil
}

// agree shows what is about to be done, and asks, if there is a question.
func (w *planning) agree(rows [][]string, question string) error {
	if w.p.Terminal == nil || w.o.yes {
		w.agreed = w.o.yes
		return nil
	}
	for _, row := range rows {
		row[0] = term.Name(row[0])
	}
	w.p.Terminal.TellTable(term.Table{Rows: rows, Group: true})
	w.agreed = true
	if question == "" {
		return nil
	}
	if w.o.overwrite {
		return w.p.Terminal.Confirm(false, "%s", question)
	}
	return w.p.Terminal.Agree(false, "%s", question)
}

// changing returns how many accounts would change a token.
func (w *planning) changing() (n int) {
	for i, plan := range w.plans {
		if slices.ContainsFunc(plan.Forecasts, func(f fleet.Forecast) bool { return f.Fate != fleet.Same && w.skips[i][f.Member.Name] == nil }) {
			n++
		}
	}
	return n
}

// planned returns how many accounts would be on a token.
func (w *planning) planned() (n int) {
	for _, s := range w.skips {
		if len(s) < max(1, len(w.members)) { // without a token, each could be
			n++
		}
	}
	return n
}

// kept returns an error for the accounts that were kept from tokens without their owner's
// word.
func (w *planning) kept() error {
	var failures []error
	for _, m := range w.members {
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
func (w *planning) labels(list []int) string {
	return term.Few(mapSlice(list, func(i int) string { return strconv.Quote(term.Name(w.plans[i].Account.Label())) }))
}
