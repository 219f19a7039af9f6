package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// write puts the accounts on the tokens, one token after the other, but for what settled
// has ended otherwise.
func (w *planning) write(ctx context.Context, settled func(i int, m *fleet.Member) bool) {
	for _, plan := range w.plans {
		w.enrolling.add(otpauth.Key{Account: plan.Account, Secret: plan.Secret})
	}
	for _, m := range w.members {
		var here []*fleet.Result
		for i, r := range w.results {
			if w.skips[i][m.Name] == nil && !settled(i, m) {
				here = append(here, r)
			}
		}
		progress := w.p.Progress(m.Name, len(here))
		fleet.Enroll(ctx, here, []*fleet.Member{m}, func(*fleet.Result, fleet.Outcome) { progress.Step() })
		progress.Done()
	}
	w.addAway()
}

// report says in a line for each token what is there now.
func (w *planning) report() {
	for _, m := range w.members {
		var fresh, already, uncompared, sealed, failed, left int
		for i, r := range w.results {
			if w.skips[i][m.Name] != nil {
				left++
			}
			plan, _ := w.plans[i].On(m.Name)
			for _, o := range r.Outcomes {
				switch {
				case o.Member != m:
				case o.State == fleet.Failed:
					failed++
				case o.Already:
					already++
				case plan.Fate == fleet.Present && !o.IsSealed():
					uncompared++
				case o.IsSealed():
					sealed++
				default:
					fresh++
				}
			}
		}
		var parts []string
		for _, part := range []struct {
			n    int
			what string
		}{{fresh, "new"}, {sealed, "new, not checked, since it is locked"}, {already, "there before"}, {uncompared, "there, not compared"}, {left, "left out"}, {failed, "failed"}} {
			if part.n > 0 {
				parts = append(parts, fmt.Sprintf("%d %s", part.n, part.what))
			}
		}
		w.p.Note("%s: %s.", m.Name, strings.Join(parts, ", "))
	}
	counting := 0
	for _, r := range w.results {
		if r.Account.Type == oath.HOTP && len(r.Where()) > 1 {
			counting++
		}
	}
	if counting > 0 {
		w.p.Note("%s by counters, and every token counts for itself. Use each on one token, or the counters drift apart.", term.Are(counting, "account"))
	}
}

// maxFailures is how many accounts are named that failed; of more, what they failed of.
const maxFailures = 10

// failure returns what is not where it should be, and what else went wrong.
func (w *planning) failure(others error) error {
	type cause struct{ member, text string }
	failed := make(map[cause][]int)
	var causes []cause
	var errs []error
	n := 0
	for i, r := range w.results {
		for _, o := range r.Outcomes {
			if o.State == fleet.Checked || o.IsSealed() || o.IsAway() {
				continue
			}
			c := cause{o.Member.Name, o.Err.Error()}
			if failed[c] == nil {
				causes, errs = append(causes, c), append(errs, o.Err)
			}
			failed[c] = append(failed[c], i)
			n++
		}
	}
	if n <= maxFailures {
		return w.enrolling.failure(others)
	}
	for i, c := range causes {
		errs[i] = fmt.Errorf("%s: %s: %w", c.member, w.labels(failed[c]), errs[i])
	}
	for _, away := range w.away {
		errs = append(errs, w.missing(away))
	}
	err := errors.Join(append(errs, others)...)
	if w.anyStored() {
		return fmt.Errorf("%w:\n%w", errUnfinished, err)
	}
	return err
}

func (w *planning) describe() []enrolledJSON {
	accounts := []enrolledJSON{}
	for i, plan := range w.plans {
		account := describePlan(plan)
		if !w.dryRun {
			account.Tokens, account.Targets = names(w.results[i].Where()), mapSlice(w.results[i].Outcomes, describeOutcome)
		}
		for _, m := range w.members {
			why := w.skips[i][m.Name]
			at := slices.IndexFunc(account.Targets, func(t targetJSON) bool { return t.Token == m.Name })
			if f, _ := plan.On(m.Name); f.From != "" && at >= 0 && account.Targets[at].State != "failed" {
				account.Targets[at].From = string(f.From)
			}
			if why == nil {
				continue
			}
			if at < 0 {
				at = len(account.Targets)
				account.Targets = append(account.Targets, targetJSON{Token: m.Name, State: "left_out"})
			}
			account.Targets[at].Error = why.Error()
		}
		accounts = append(accounts, account)
	}
	return accounts
}
