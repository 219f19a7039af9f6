package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

type compareOptions struct {
	tokens open.TokenOptions
	names  []string
	from   sheetSource
	json   bool
}

func newCompareCommand(p *program) *cobra.Command {
	var o compareOptions
	c := &cobra.Command{
		Use:   "compare [TOKEN | SCAN]...",
		Short: "Prove that tokens hold the same secrets",
		Long: "Compare gives keys, vault and recovery sheet the same random challenge for every\n" +
			"account, and compares the responses. Equal ones prove that the secrets are the\n" +
			"same, and neither token reveals its own. A TOKEN is key:SERIAL or vault; a SCAN\n" +
			"is one of the sheet, as restore reads it. Without a TOKEN, all that is at hand is\n" +
			"compared.\n\n" +
			"An account that needs a touch is compared if you agree on a terminal. One that\n" +
			"counts is not compared on a key: that would move its counter, and two counters\n" +
			"need not agree. Challenges are times of the past, whose codes no service takes.\n\n" +
			"If all accounts are on every token with the same secret, the exit status is 0. If\n" +
			"something differs, it is 1. If something is missing on a token, or could not be\n" +
			"compared, it is 9.",
		Example: "  tokenctl compare\n" +
			"  tokenctl compare key:12345678 key:23456789\n" +
			"  tokenctl compare vault scan.pdf",
		RunE: func(c *cobra.Command, args []string) error {
			for _, arg := range args {
				if open.IsName(arg) {
					o.names = append(o.names, arg)
				} else {
					o.from.scans = append(o.from.scans, arg)
				}
			}
			if len(o.names) > 0 && (o.tokens.NamesKey() || o.tokens.NoKeys || o.tokens.Vault.None) {
				return term.Usagef("%s is named, and options choose tokens: use one or the other", o.names[0])
			}
			return p.compare(c.Context(), o)
		},
	}
	o.tokens.AddFlags(c)
	o.from.addFlags(c)
	c.Flags().BoolVar(&o.json, "json", false, "print JSON")
	return c
}

var (
	// errAlone says that there is only one token.
	errAlone = errors.New("nothing to compare it with")

	// errSecretsDiffer says that tokens do not hold the same.
	errSecretsDiffer = errors.New("tokens do not compute the same codes")

	// errLacking says that an account is not on every token that was compared.
	errLacking = errors.New("missing on a token")
)

var compareRemedies = []term.Remedy{
	{Of: errAlone, Exit: term.ExitUsage, Hint: "Plug in another key, or name a scan of the sheet: tokenctl compare SCAN"},
	{Of: errSecretsDiffer, Exit: term.ExitFailure, Hint: "Find out which is right: try a code of each at the service. Then replace the other: tokenctl sync --overwrite, or tokenctl enroll --overwrite"},
	{Of: fleet.ErrUntouched, Exit: term.ExitPartial, Hint: "On a terminal, tokenctl compare offers to ask for the touches."},
	{Of: fleet.ErrCounts, Exit: term.ExitPartial},
	{Of: errLacking, Exit: term.ExitPartial, Hint: "Put it there: tokenctl sync"},
}

// sheetName is what a recovery sheet is called among the tokens.
const sheetName = "sheet"

func (p *program) compare(ctx context.Context, o compareOptions) error {
	var sheet fleet.Secrets
	var unread error
	isRead := o.from.isGiven()
	if isRead {
		var contents readSheet
		contents, unread = p.readSheets(ctx, o.from)
		defer contents.Clear()
		if len(contents.Accounts) == 0 {
			return cmp.Or(unread, errNoSheet)
		}
		if missing := missingOf(contents.Contents); missing != nil {
			unread = errors.Join(unread, missing)
		}
		sheet = fleet.NewSecrets(mapSlice(contents.Accounts, func(k otpauth.Key) fleet.Plan { return fleet.Plan{Account: k.Account, Secret: k.Secret} }))
	}
	t, err := p.open.Targets(ctx, o.tokens, o.names)
	if err != nil {
		return err
	}
	defer t.Close()
	if t.HasVault() {
		if err := t.Vault.Unlock(); err != nil {
			return &fleet.MemberError{Member: fleet.VaultName, Err: err}
		}
	}
	members := slices.Clone(t.Fleet)
	if isRead {
		members = append(members, &fleet.Member{Name: sheetName, Open: func() (oath.Token, error) { return sheet, nil }})
	}
	if len(members) < 2 {
		return fmt.Errorf("%s: %w", members[0].Name, errAlone)
	}
	rows, failure := members.Compare(fleet.Comparison{Now: p.Now, Random: p.random, MayTouch: p.mayTouch})
	if len(o.names) == 0 {
		p.noteAway(t.AwayKeys())
	}
	if o.json {
		err = p.PrintJSON(compareJSON{names(members), mapSlice(rows, describeCompared)})
	} else {
		p.printCompared(rows, members)
	}
	return errors.Join(err, comparedFailure(rows, errors.Join(failure, unread)))
}

// mayTouch asks whether to compare accounts that take a touch each.
func (p *program) mayTouch(touches int) bool {
	return p.Terminal != nil && p.Terminal.Agree(false, "Some accounts ask for a touch to be compared, %d in all. Compare them, too?", touches) == nil
}

// printCompared prints what is not the same everywhere, and counts the rest.
func (p *program) printCompared(rows []fleet.Compared, members fleet.Fleet) {
	same := 0
	table := term.Table{Header: append([]string{"ACCOUNT"}, names(members)...), Group: true, Styles: map[string]term.Style{"missing": term.Yellow}}
	for _, row := range rows {
		if row.Verdict() == fleet.Alike {
			same++
			continue
		}
		line := []string{string(row.Account.ID())}
		for _, m := range members {
			line = append(line, comparedCell(row, m))
		}
		table.Rows = append(table.Rows, line)
	}
	if len(table.Rows) > 0 {
		p.PrintTable(table)
	}
	if same > 0 {
		p.PrintText(term.Green, "%s the same on %s.", term.Are(same, "account"), term.List(names(members)))
	}
	p.noteCompared(rows)
}

// comparedCell says in a word or two what a token has of an account.
func comparedCell(row fleet.Compared, m *fleet.Member) string {
	verdict, compared := row.Verdict(), 0
	for _, a := range row.Answers {
		if a.Group > 0 {
			compared++
		}
	}
	for _, a := range row.Answers {
		switch {
		case a.Member != m:
		case len(row.Answers) == 1 || a.Group > 0 && compared == 1:
			return "there"
		case a.Group == 0:
			return "not compared"
		case verdict == fleet.Apart:
			return "secret " + string(rune('A'+(a.Group-1)%26))
		case verdict == fleet.Reshaped:
			return fmt.Sprintf("%d digits", a.Digits())
		default:
			return "same"
		}
	}
	for _, twin := range row.Twins {
		switch {
		case twin.Member != m:
		case twin.ID.Label() == row.Account.Label():
			return fmt.Sprintf("period %d", twin.ID.Account(oath.TOTP).Period)
		default:
			return "other name"
		}
	}
	if slices.Contains(row.Missing, m) {
		return "missing"
	}
	return "-"
}

// noteCompared says why accounts were not compared, and what else there is to know.
func (p *program) noteCompared(rows []fleet.Compared) {
	type uncompared struct{ why, on string }
	var order []uncompared
	labels := make(map[uncompared][]string)
	twins := make(map[[2]oath.ID]bool)
	present, chance := 0, 0.0
	for _, row := range rows {
		chance = max(chance, row.Chance)
		if row.AtPresent {
			present++
		}
		id := row.Account.ID()
		var others []string
		for _, twin := range row.Twins {
			if twin.ID.Label() != id.Label() && !twins[[2]oath.ID{twin.ID, id}] {
				twins[[2]oath.ID{id, twin.ID}] = true
				others = append(others, term.Label(twin.ID)+" on "+twin.Member.Name)
			}
		}
		if len(others) > 0 {
			p.Note("%s has the same secret as %s.", term.Label(id), term.Few(others))
		}
		on := make(map[string][]string)
		for _, a := range row.Answers {
			if a.Err != nil && len(row.Answers) > 1 {
				on[a.Err.Error()] = append(on[a.Err.Error()], a.Member.Name)
			}
		}
		for _, why := range slices.Sorted(maps.Keys(on)) {
			u := uncompared{why, term.List(on[why])}
			if labels[u] == nil {
				order = append(order, u)
			}
			labels[u] = append(labels[u], term.Label(id))
		}
	}
	for _, u := range order {
		p.Note("Not compared on %s: %s.\n  %s.", u.on, term.Few(labels[u]), term.Sentence(errors.New(u.why)))
	}
	if present > 0 {
		p.Note("%s compared for the present time only: a token computes nothing for an earlier one.", term.Are(present, "account"))
	}
	if chance > 0 {
		p.Note("A token shows only codes. The chance that other secrets give the same ones is 1 in 10^%d.", int(math.Round(-math.Log10(chance))))
	}
}

// An uncomparedError says how many accounts were not compared. It wraps the reasons.
type uncomparedError struct {
	accounts int
	reasons  []error
}

func (e *uncomparedError) Error() string   { return term.Are(e.accounts, "account") + " not compared" }
func (e *uncomparedError) Unwrap() []error { return e.reasons }

// comparedFailure returns what keeps the comparison from being a proof of all.
func comparedFailure(rows []fleet.Compared, others error) error {
	counts := make(map[fleet.Verdict]int)
	var reasons []error
	for _, row := range rows {
		counts[row.Verdict()]++
		for _, a := range row.Answers {
			if a.Err != nil && len(row.Answers) > 1 {
				reasons = append(reasons, a.Err)
			}
		}
	}
	if n := counts[fleet.Uncompared]; n > 0 {
		others = errors.Join(&uncomparedError{n, reasons}, others)
	}
	if n := counts[fleet.Lacking]; n > 0 {
		others = errors.Join(fmt.Errorf("%s %w", term.Are(n, "account"), errLacking), others)
	}
	if differ := counts[fleet.Apart] + counts[fleet.Reshaped]; differ > 0 {
		return errors.Join(fmt.Errorf("%s: %w", term.Count(differ, "account"), errSecretsDiffer), others)
	}
	return term.Partly(others, len(rows))
}

// compareJSON is what comparing tokens came to; docs/json.md describes it.
type compareJSON struct {
	Tokens   []string       `json:"tokens"`
	Accounts []comparedJSON `json:"accounts"`
}

type comparedJSON struct {
	idJSON
	Result    string         `json:"result"`
	Same      [][]string     `json:"same"` // tokens that have the same secret
	Missing   []string       `json:"missing,omitempty"`
	Twins     []twinJSON     `json:"same_secret_as,omitempty"`
	Unknown   []uncomparedOn `json:"not_compared,omitempty"`
	Digits    map[string]int `json:"digits,omitempty"`
	Chance    float64        `json:"chance,omitempty"`
	AtPresent bool           `json:"at_present,omitempty"`
}

type twinJSON struct {
	Token string `json:"token"`
	idJSON
}

type uncomparedOn struct {
	Token string `json:"token"`
	Error string `json:"error"`
}

func describeCompared(c fleet.Compared) comparedJSON {
	results := [...]string{fleet.Alike: "same", fleet.Apart: "differs", fleet.Reshaped: "digits", fleet.Uncompared: "unknown", fleet.Lacking: "missing"}
	j := comparedJSON{idJSON: describeID(c.Account.ID()), Result: results[c.Verdict()], Same: [][]string{}, Missing: names(c.Missing), Chance: c.Chance, AtPresent: c.AtPresent}
	for _, a := range c.Answers {
		switch {
		case a.Err != nil:
			j.Unknown = append(j.Unknown, uncomparedOn{a.Member.Name, a.Err.Error()})
		case a.Group > len(j.Same):
			j.Same = append(j.Same, []string{a.Member.Name})
		default:
			j.Same[a.Group-1] = append(j.Same[a.Group-1], a.Member.Name)
		}
		if c.Verdict() == fleet.Reshaped && a.Digits() > 0 {
			if j.Digits == nil {
				j.Digits = make(map[string]int)
			}
			j.Digits[a.Member.Name] = a.Digits()
		}
	}
	j.Twins = mapSlice(c.Twins, func(t fleet.Twin) twinJSON { return twinJSON{t.Member.Name, describeID(t.ID)} })
	return j
}
