package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/backup/recovery"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/diagnose"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
)

var (
	// errUnreachable says that doctor found what keeps a key from being reached.
	errUnreachable = errors.New("a key cannot be reached, or its codes would be refused")

	// errAtRisk says that doctor found a risk that is not accepted.
	errAtRisk = errors.New("not all is safe")

	// errNoRisk says that there is no risk of a name, to accept or to accept no more.
	errNoRisk = errors.New("no such risk")
)

// doctorRemedies give doctor its exit status: what to do stands beside each finding.
var doctorRemedies = []term.Remedy{
	{Of: errUnreachable, Exit: term.ExitNoKey},
	{Of: errAtRisk, Exit: term.ExitPartial},
	{Of: errDrill, Exit: term.ExitPartial, Hint: "Print what is missing with: tokenctl sheet --only-new --print"},
	{Of: errNoRisk, Exit: term.ExitNotFound, Hint: "List them with: tokenctl doctor"},
}

type doctorOptions struct {
	json, drill      bool
	from             sheetSource // of a drill
	accept, unaccept string
}

func newDoctorCommand(p *program) *cobra.Command {
	var o doctorOptions
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Find out what could lock you out, or keeps a key from being reached",
		Long: "Doctor looks for what keeps keys from being reached, and says what to do about it:\n" +
			"the smart card service, who may use it, the driver, USB, the readers and the cards\n" +
			"in them, programs that hold a key, its firmware, and this computer's clock. It\n" +
			"changes nothing, ends no program and asks for no password.\n\n" +
			"Then it shows for every account which ways in remain: keys, the vault, checked\n" +
			"paper, backup codes; which single loss would lock you out; and each risk, with its\n" +
			"name and the command that removes it. What is not plugged in is known from before. The\n" +
			"exit status is 9 if there is a risk that you do not accept.\n\n" +
			"A risk that you can live with is accepted by its name, or all of a kind by what its\n" +
			"name begins with. It is shown as accepted from then on, and is no longer counted.\n\n" +
			"With --drill you restore from scans of the recovery sheet, or with --type from its\n" +
			"typed lines, into a vault and onto a key that are made for it and gone afterwards,\n" +
			"as on the day when nothing else is left. It says what is missing, changes nothing,\n" +
			"and records that it was done.",
		Example: "  tokenctl doctor\n  tokenctl doctor --accept no-codes\n  tokenctl doctor --drill page1.png page2.png\n  tokenctl doctor --json | jq '.risks[].name'",
		RunE: func(c *cobra.Command, args []string) error {
			o.from.scans = args
			switch {
			case o.drill:
				return p.drill(c.Context(), o.from)
			case len(args) > 0:
				return term.Usagef("a SCAN is for --drill")
			}
			if o.accept != "" || o.unaccept != "" {
				return p.acceptRisk(c.Context(), o)
			}
			return p.doctor(c.Context(), o)
		},
	}
	f := c.Flags()
	f.BoolVar(&o.json, "json", false, "print JSON")
	f.StringVar(&o.accept, "accept", "", "accept the risk `NAME`")
	f.StringVar(&o.unaccept, "unaccept", "", "stop accepting the risk `NAME`")
	f.BoolVar(&o.drill, "drill", false, "restore from nothing but the paper's scans, for practice")
	o.from.addFlags(c)
	c.MarkFlagsMutuallyExclusive("json", "accept", "unaccept", "drill")
	return c
}

func (p *program) doctor(ctx context.Context, o doctorOptions) error {
	p.silent = true
	findings := system().Keys(ctx, p.open)
	if !o.json {
		p.printFindings(findings)
	}
	isFault := func(f diagnose.Finding) bool { return f.Grade == diagnose.Fault }
	keepsKeys := func(f diagnose.Finding) bool { return isFault(f) && !strings.HasPrefix(f.Cause, "clock") }
	s, err := p.readiness(ctx, slices.ContainsFunc(findings, keepsKeys))
	if err != nil {
		return err
	}
	if o.json {
		err = p.PrintJSON(s.describe(findings))
	} else {
		p.printReadiness(s)
	}
	switch {
	case slices.ContainsFunc(findings, isFault):
		err = errors.Join(err, errUnreachable, s.failures)
	case s.failures != nil:
		err = errors.Join(err, term.Partly(s.failures, 1))
	}
	if n := len(s.Open()); n > 0 {
		err = errors.Join(err, fmt.Errorf("%w: %s not accepted", errAtRisk, term.Are(n, "risk")))
	}
	return err
}

func (p *program) printFindings(findings []diagnose.Finding) {
	styles := map[diagnose.Grade]term.Style{diagnose.Good: term.Green, diagnose.Fault: term.Red}
	for _, f := range findings {
		p.PrintText(styles[f.Grade], "%v: %s.", f.Grade, f.Text)
		if f.Advice != "" {
			p.PrintText(term.Plain, "  %s", strings.ReplaceAll(f.Advice, "\n", "\n  "))
		}
	}
}

// printReadiness prints what there is, the ways into each account, and the risks.
func (p *program) printReadiness(s *standing) {
	p.PrintLine("")
	p.PrintColumns(s.overview())
	p.noteUnlooked(s)
	if len(s.Accounts) > 0 {
		p.PrintLine("")
		table := term.Table{Header: []string{"ACCOUNT", "WAYS IN", "LOST WITH"}, Group: true}
		for _, a := range s.Accounts {
			table.Rows = append(table.Rows, []string{a.ID.Label(), term.Dash(strings.Join(waysOf(a), " ")), term.Dash(strings.Join(s.lostWith(a.ID), " "))})
		}
		p.PrintTable(table)
	}
	var accepted, without []string // risks, and accounts without backup codes
	for _, r := range s.Risks {
		switch {
		case !r.Accepted.IsZero():
			accepted = append(accepted, r.Name())
		case r.Kind == recovery.NoCodes:
			without = append(without, term.Label(r.Accounts[0]))
		}
	}
	isCounted := p.ShowsResults() && len(without) > 3
	for _, r := range s.Risks {
		isAccepted := !r.Accepted.IsZero()
		if isAccepted && p.ShowsResults() || !isAccepted && isCounted && r.Kind == recovery.NoCodes {
			continue
		}
		p.PrintLine("")
		if isAccepted {
			p.PrintText(term.Plain, "accepted %s: %s", r.Accepted, r.Name())
			continue
		}
		what, remedy := s.wordsOf(r)
		p.printRisk(r.Name(), what, remedy)
	}
	if isCounted {
		p.PrintLine("")
		p.printRisk(string(recovery.NoCodes), fmt.Sprintf("no backup codes of %s are recorded: %s", term.Count(len(without), "account"), term.Few(without)), "tokenctl backup where NAME")
	}
	if len(accepted) > 0 && p.ShowsResults() {
		p.PrintText(term.Plain, "\nAccepted: %s.", term.Few(accepted))
	}
}

func (p *program) printRisk(name, what, remedy string) {
	p.PrintText(term.Yellow, "risk: %s", name)
	p.PrintText(term.Plain, "%s\n  %s", term.Wrap("  "+what+".", cmp.Or(p.Width(), term.LineWidth)), remedy)
}

// waysOf names the ways into an account, each once; one in brackets is not counted on.
func waysOf(a recovery.Account) (names []string) {
	for _, w := range a.Ways {
		name := string(w.Kind)
		switch w.Kind {
		case recovery.ByKey:
			name = fmt.Sprintf("key:%d", w.Serial)
		case recovery.BySheet:
			name = fmt.Sprintf("sheet:%d", w.Sheet)
		case recovery.ByCodes:
			name = fmt.Sprintf("codes:%d", w.Codes)
		}
		if w.Unproved {
			name = "(" + name + ")"
		}
		if !slices.Contains(names, name) && !slices.Contains(names, strings.Trim(name, "()")) {
			names = append(names, name)
		}
	}
	return names
}

// acceptRisk accepts a risk by its name or kind, or accepts it no more.
func (p *program) acceptRisk(ctx context.Context, o doctorOptions) error {
	s, err := p.readiness(ctx, false)
	if err != nil {
		return err
	}
	accepts := func(r recovery.Risk) bool { return r.Name() == o.accept || string(r.Kind) == o.accept }
	known, err := p.open.Store(ctx, open.VaultOptions{None: true})
	if err != nil {
		return err
	}
	_, accepted := s.Ledger.Accepted[o.unaccept]
	switch {
	case o.accept != "" && !slices.ContainsFunc(s.Risks, accepts):
		return fmt.Errorf("%q: %w", o.accept, errNoRisk)
	case o.unaccept != "" && !accepted:
		return fmt.Errorf("%q: %w", o.unaccept, errNoRisk)
	}
	err = known.Update(func(l *ledger.Ledger) error {
		l.Accepted = maps.Clone(l.Accepted)
		if l.Accepted == nil {
			l.Accepted = make(map[string]backup.Date)
		}
		if delete(l.Accepted, o.unaccept); o.accept != "" {
			l.Accepted[o.accept] = backup.Date(backup.Day(p.Now()))
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case o.accept != "":
		p.Note("The risk %s is accepted. To undo: tokenctl doctor --unaccept NAME", term.Printable(o.accept))
	default:
		p.Note("The risk %s is no longer accepted.", term.Printable(o.unaccept))
	}
	return nil
}
