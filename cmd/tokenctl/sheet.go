package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup/sheet"
)

type sheetOptions struct {
	tokens    tokenOptions
	output    sheetOutput
	seal      sheetSeal
	accounts  []string // queries
	onlyNew   bool
	noSecrets bool
	yes, json bool
}

func newSheetCommand(p *program) *cobra.Command {
	var o sheetOptions
	c := &cobra.Command{
		Use:   "sheet",
		Short: "Print the recovery sheet, which brings everything back",
		Long: "Sheet puts on paper what is in the vault: every account as a QR code that any\n" +
			"authenticator takes, and in lines to be typed in; the backup codes; and the vault's\n" +
			"own key. An account that is on keys alone is named, but its secret cannot be read\n" +
			"back from them. \"tokenctl restore\" brings all of it back from a scan.\n\n" +
			"A sheet takes the place of those before, unless it holds a part: with --only-new,\n" +
			"--account or --no-secrets. Once it is printed, scan it and see that it can be read\n" +
			"back: tokenctl sheet verify SCAN\n\n" +
			"Whoever has the sheet has the accounts. With --encrypt it is worth nothing without\n" +
			"a passphrase, which is not on it. With --split, any K of N sheets open everything,\n" +
			"and fewer open nothing; each is to be kept in another place.",
		Example: "  tokenctl sheet --print\n" +
			"  tokenctl sheet --output letter.pdf --encrypt\n" +
			"  tokenctl sheet --print --split 2-of-3",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.sheet(c.Context(), o) },
	}
	o.tokens.addFlags(c)
	o.output.addFlags(c)
	o.seal.addFlags(c)
	f := c.Flags()
	f.BoolVar(&o.onlyNew, "only-new", false, "print what the sheets since the last full one lack")
	f.StringArrayVar(&o.accounts, "account", nil, "print the account alone that `QUERY` fits; may be given again")
	f.BoolVar(&o.noSecrets, "no-secrets", false, "print the backup codes alone")
	f.BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	f.BoolVar(&o.json, "json", false, "print JSON")
	c.MarkFlagsMutuallyExclusive("only-new", "account")
	c.AddCommand(newSheetVerifyCommand(p))
	return c
}

func (p *program) sheet(ctx context.Context, o sheetOptions) error {
	if err := o.check(p); err != nil {
		return err
	}
	content, err := p.sheetContent(ctx, o)
	if err != nil {
		return err
	}
	defer content.Clear()
	if o.onlyNew && len(content.Entries) == 0 {
		return p.reportNothingNew(o, content.lacking)
	}
	if err := o.seal.prepare(ctx, p, o.yes); err != nil {
		return err
	}
	made, err := p.makeSheet(ctx, content.Sheet, o.seal, o.output)
	if err != nil && len(made.done) == 0 {
		return err
	}
	return p.reportSheet(made, o, content.lacking, err)
}

// check finds what is wrong with the options, before anybody is asked for anything.
func (o *sheetOptions) check(p *program) error {
	if err := o.output.check(p); err != nil {
		return err
	}
	if err := o.seal.check(); err != nil {
		return err
	}
	switch {
	case o.output.file == "-" && o.json:
		return usagef("standard output takes the sheet or the JSON, not both")
	case o.output.file == "-" && o.seal.sheets() > 1:
		return usagef("--split makes several sheets, which would run into one on standard output")
	}
	return o.output.checkFiles(p, o.seal.sheets())
}

// A sheetContent is what a sheet is to hold.
type sheetContent struct {
	sheet.Sheet
	lacking error // why something is not on it that should be
}

// sheetContent returns what the options want on the sheet.
func (p *program) sheetContent(ctx context.Context, o sheetOptions) (sheetContent, error) {
	r, err := p.newRecords()
	if err == nil {
		err = r.damaged
	}
	if err != nil {
		return sheetContent{}, err
	}
	t, err := p.openTokens(ctx, o.tokens, true)
	if err != nil {
		return sheetContent{}, err
	}
	defer t.close()
	content, err := p.collectSheet(t, r)
	if err == nil {
		err = o.choose(&content, r.ledger)
	}
	if err != nil {
		content.Clear()
	}
	return content, err
}
