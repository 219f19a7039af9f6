package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup/recovery"
	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/fleet"
)

type sheetVerifyOptions struct {
	tokens open.TokenOptions
	from   sheetSource
	json   bool
}

func newSheetVerifyCommand(p *program) *cobra.Command {
	var o sheetVerifyOptions
	c := &cobra.Command{
		Use:   "verify [SCAN...]",
		Short: "Read a sheet back, and compare it with the tokens",
		Long: "Verify reads a sheet back, as restore does, and compares it with what the tokens\n" +
			"hold. The vault gives its secrets and codes. A key is given the same time as the\n" +
			"secret on the sheet, and must compute the same code; it may need a touch for that.\n" +
			"An account that counts its codes is not compared on a key: that would move the\n" +
			"counter.\n\n" +
			"If all of the sheet was read, and all that is on it is right, it counts as verified,\n" +
			"and as being on paper: the file that tokenctl wrote is known, and is not taken for\n" +
			"a scan. If something differs, the exit status is 1. If something is missing from\n" +
			"the scan, could not be compared, or is not on the sheet, it is 9.\n\n" +
			"One share of a split sheet is verified alone: that it is right, and that all is there\n" +
			"that it opens with the others. The contents cannot be compared.",
		Example: "  tokenctl sheet verify scan.pdf",
		RunE: func(c *cobra.Command, args []string) error {
			o.from.scans = args
			return p.verifySheet(c.Context(), o)
		},
	}
	o.tokens.AddFlags(c)
	o.from.addFlags(c)
	c.Flags().BoolVar(&o.json, "json", false, "print JSON")
	return c
}

var (
	// errSheetDiffers says that a sheet would restore something else than is there.
	errSheetDiffers = errors.New("the sheet does not agree with the tokens")

	// errSheetLacks says that a sheet is right, and lacks something that is there.
	errSheetLacks = errors.New("the sheet is right as far as it goes, and lacks what is newer")

	// errNotPaper says that a file was read that a sheet was written to.
	errNotPaper = errors.New("this is the file as it was written, and not the paper, which is still to be checked")

	// errUnseen says that a sheet was not read as a whole.
	errUnseen = errors.New("not all of the sheet was seen")
)

var verifyRemedies = []term.Remedy{
	{Of: errSheetDiffers, Exit: term.ExitFailure, Hint: "Find out which is right: try a code of each at the service. If the tokens are, print a new sheet: tokenctl sheet"},
	{Of: errNotPaper, Exit: term.ExitPartial, Hint: "Print it, scan or photograph what was printed, and give that: tokenctl sheet verify SCAN"},
	{Of: errUnseen, Exit: term.ExitPartial, Hint: "Scan all of its pages, and give all scans at once."},
	{Of: errSheetLacks, Exit: term.ExitFailure, Hint: "Print what it lacks: tokenctl sheet --only-new"},
}

func (p *program) verifySheet(ctx context.Context, o sheetVerifyOptions) error {
	contents, unread := p.readSheets(ctx, o.from)
	defer contents.Clear()
	var odd *sheet.ShareError
	switch {
	case errors.Is(unread, errBare):
		unread = nil // all of it was read
	case contents.IsEmpty() && len(contents.Sheets) == 1 && len(contents.Sheets[0].Whole) > 0 && !errors.As(unread, &odd):
		return p.verifyShares(contents, o.json)
	case contents.IsEmpty():
		return unread
	}
	t, err := p.open.Tokens(ctx, o.tokens, true)
	if err != nil {
		return err
	}
	defer t.Close()
	s, err := p.open.StoreOf(t)
	if err != nil {
		return err
	}
	v, err := recovery.Verify(contents.Contents, p.sources(t, s), t.BrokenVault())
	if err != nil {
		return err
	}
	p.noteAway(t.AwayKeys())
	isFile := len(s.Ledger.SheetsOf(contents.files)) > 0
	verified := unread == nil && v.IsRight() && !isFile
	if verified {
		unread = recovery.MarkRead(s, contents.Contents, p.Now())
	}
	if o.json {
		if err := p.PrintJSON(describeVerification(v, verified)); err != nil {
			return err
		}
	} else {
		p.printVerification(v)
	}
	unread = errors.Join(v.Failures(), unread)
	var reasons []error
	for _, reason := range []struct {
		err error
		is  bool
	}{
		{errNotPaper, isFile},
		{errUnseen, len(contents.Missing) > 0},
		{errSheetLacks, v.Count(recovery.Lacking, recovery.Outdated) > 0},
		{keysAlone(v.CountAccounts(recovery.KeysOnly)), v.Count(recovery.KeysOnly) > 0},
		{fmt.Errorf("%s named alone: %w", term.Are(v.Bare, "account"), errKeysAlone), v.Bare > 0 && v.Count(recovery.KeysOnly) == 0},
		{errors.New("not all of the sheet was compared"), v.Count(recovery.Nowhere, recovery.Unknown) > 0 || contents.IsEmpty()},
	} {
		if reason.is {
			reasons = append(reasons, reason.err)
		}
	}
	switch reasons := errors.Join(append(reasons, unread)...); {
	case v.Count(recovery.Differs) > 0 && unread != nil:
		return fmt.Errorf("%w:\n%w", errSheetDiffers, unread)
	case v.Count(recovery.Differs) > 0:
		return errSheetDiffers
	case reasons != nil:
		return fmt.Errorf("%w:\n%w", term.ErrPartly, reasons)
	}
	p.Note("The sheet can be read back, and is right.")
	return nil
}

// verifyShares reports that copies of a split sheet are right, too few to open it.
func (p *program) verifyShares(contents readSheet, json bool) error {
	s, err := p.open.StoreOf(&open.Tokens{})
	if err != nil {
		return err
	}
	if json {
		if err := p.PrintJSON(describeVerification(&recovery.Verification{Contents: contents.Contents}, false)); err != nil {
			return err
		}
	}
	if len(s.Ledger.SheetsOf(contents.files)) > 0 {
		return fmt.Errorf("%w: %w", term.ErrPartly, errNotPaper)
	}
	one := contents.Sheets[0]
	numbers := mapSlice(one.Whole, strconv.Itoa)
	which, are := "Share "+numbers[0], "is"
	if len(numbers) > 1 {
		which, are = "Shares "+term.List(numbers), "are"
	}
	p.Note("%s of %d %s right, and all sealed parts are there: any %d such sheets restore everything.", which, one.Shares, are, one.Need)
	p.Note("What is sealed was not compared with the tokens: that takes %d of the sheets.", one.Need)
	return nil
}

// verdicts is the order in which a person is shown them.
var verdicts = []recovery.Verdict{recovery.Equal, recovery.Differs, recovery.Outdated, recovery.Lacking, recovery.Unseen,
	recovery.KeysOnly, recovery.Nowhere, recovery.Counted, recovery.Unknown}

var verdictWords = map[recovery.Verdict]string{
	recovery.Equal:    "equal",
	recovery.Differs:  "differs",
	recovery.Counted:  "not compared, since that would move its counter",
	recovery.Lacking:  "not on the sheet",
	recovery.Unseen:   "not on these pages",
	recovery.KeysOnly: "not on the sheet, since a key does not reveal its secret",
	recovery.Outdated: "older on the sheet: there are new ones",
	recovery.Nowhere:  "not compared, since it is on no token here",
	recovery.Unknown:  "not compared",
}

const keyOfVault = "the vault's key"

// printVerification prints a row for each comparison. A person is shown how many accounts
// are equal wherever they are, and the others by what is the matter.
func (p *program) printVerification(v *recovery.Verification) {
	var rows [][]string
	isEqual := make(map[string]bool)
	for _, one := range v.Accounts {
		id := string(one.ID)
		isEqual[id] = true
		for _, c := range one.Comparisons {
			rows = append(rows, []string{id, c.Where, verdictWords[c.Verdict]})
			isEqual[id] = isEqual[id] && c.Verdict == recovery.Equal
		}
	}
	if v.VaultKey != "" {
		rows = append(rows, []string{keyOfVault, fleet.VaultName, verdictWords[v.VaultKey]})
	}
	if !p.ShowsResults() {
		p.PrintColumns(rows)
		return
	}
	for _, verdict := range verdicts {
		var group [][]string
		for _, row := range rows {
			name, where := "  "+row[0], row[1]
			switch n := len(group); {
			case row[2] != verdictWords[verdict], verdict == recovery.Equal && row[0] != keyOfVault && !isEqual[row[0]]:
			case n > 0 && group[n-1][0] == name:
				group[n-1][1] += ", " + where
			default:
				group = append(group, []string{name, where})
			}
		}
		p.printVerdict(verdict, group)
	}
}

// printVerdict prints the accounts that have a verdict, and where: a screen of them at most.
func (p *program) printVerdict(verdict recovery.Verdict, group [][]string) {
	if len(group) == 0 {
		return
	}
	words := verdictWords[verdict]
	words = strings.ToUpper(words[:1]) + words[1:]
	if verdict == recovery.Equal {
		var equal []string
		if group[len(group)-1][0] == "  "+keyOfVault {
			group, equal = group[:len(group)-1], []string{keyOfVault}
		}
		if n := len(group); n > 0 {
			equal = slices.Insert(equal, 0, term.Count(n, "account"))
		}
		p.PrintText(term.Green, "%s: %s.", words, term.List(equal))
		return
	}
	p.PrintText(term.Yellow, "%s:", words)
	const most = 15
	more := len(group) - most
	group = group[:min(len(group), most)]
	p.PrintColumns(group)
	if more > 0 {
		p.PrintText(term.Plain, "  and %d more; --json prints them all", more)
	}
}

// verificationJSON is what comparing a sheet with the tokens came to.
type verificationJSON struct {
	sheetsJSON
	Verified       bool                  `json:"verified"`
	VaultKeyResult recovery.Verdict      `json:"vault_key_result,omitempty"`
	Accounts       []verifiedAccountJSON `json:"accounts"`
}

type verifiedAccountJSON struct {
	ID       string           `json:"id"`
	OnSheet  bool             `json:"on_sheet"`
	Compared []comparisonJSON `json:"compared"`
}

type comparisonJSON struct {
	Where  string           `json:"where,omitempty"` // a token, or "codes"
	Result recovery.Verdict `json:"result"`
	Error  string           `json:"error,omitempty"`
}

func describeVerification(v *recovery.Verification, verified bool) verificationJSON {
	return verificationJSON{
		sheetsJSON: describeContents(v.Contents), Verified: verified, VaultKeyResult: v.VaultKey,
		Accounts: mapSlice(v.Accounts, func(a *recovery.VerifiedAccount) verifiedAccountJSON {
			return verifiedAccountJSON{string(a.ID), a.Key != nil, mapSlice(a.Comparisons, describeComparison)}
		}),
	}
}

func describeComparison(c recovery.Comparison) comparisonJSON {
	j := comparisonJSON{Where: c.Where, Result: c.Verdict}
	if c.Err != nil {
		j.Error = c.Err.Error()
	}
	if c.Verdict == recovery.Nowhere && c.Where != recovery.CodesPlace {
		j.Where = ""
	}
	return j
}
