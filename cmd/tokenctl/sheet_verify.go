package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

type sheetVerifyOptions struct {
	tokens tokenOptions
	from   sheetSource
	json   bool
}

func newSheetVerifyCommand(p *program) *cobra.Command {
	var o sheetVerifyOptions
	c := &cobra.Command{
		Use:   "verify [SCAN...]",
		Short: "Read a sheet back, and compare it with the tokens",
		Long: "Verify reads a sheet back, as restore does, and compares it with what the tokens\n" +
			"hold. The vault tells its secrets and codes. A key is given the same time as the\n" +
			"secret on the sheet, and must compute the same code; it may want a touch for that.\n" +
			"An account that counts its codes is not compared on a key: that would move the\n" +
			"counter.\n\n" +
			"If all that is on the sheet is right, it counts as verified. If something differs,\n" +
			"the exit status is 1. If something is missing from the scan, could not be compared,\n" +
			"or is not on the sheet, it is 9.",
		Example: "  tokenctl sheet verify scan.pdf",
		RunE: func(c *cobra.Command, args []string) error {
			o.from.scans = args
			return p.verifySheet(c.Context(), o)
		},
	}
	o.tokens.addFlags(c)
	o.from.addFlags(c)
	c.Flags().BoolVar(&o.json, "json", false, "print JSON")
	return c
}

func (p *program) verifySheet(ctx context.Context, o sheetVerifyOptions) error {
	contents, unread := p.openSheets(ctx, o.from)
	defer contents.Clear()
	if contents.IsEmpty() {
		return unread
	}
	t, err := p.openTokens(ctx, o.tokens, true)
	if err != nil {
		return err
	}
	defer t.close()
	r, err := p.newRecords()
	if err != nil {
		return err
	}
	v := newVerification(contents)
	if err := v.compare(p, t, r); err != nil {
		return err
	}
	accounts := v.settle(t.vault != nil)
	complete := len(contents.Missing) == 0 && unread == nil
	if complete && v.count(isOther, isNowhere, isUnknown, isOutdated) == 0 {
		v.verified, unread = true, p.recordRead(contents)
	}
	return p.reportVerification(v, accounts, o.json, unread)
}

// reportVerification tells what is equal and what is not.
func (p *program) reportVerification(v *verification, accounts []*verifiedAccount, asJSON bool, unread error) error {
	if asJSON {
		if err := p.printJSON(describeVerification(v, accounts)); err != nil {
			return err
		}
	} else {
		p.printColumns(v.rows(accounts))
	}
	unread = errors.Join(append(v.unanswered(), unread)...)
	switch {
	case v.count(isOther) > 0:
		return joinLines(errSheetDiffers, unread)
	case v.count(isMissed, isOutdated) > 0:
		return joinLines(fmt.Errorf("%w: %w, and lacks what is newer", errPartly, errSheetLacks), unread)
	case !v.verified || unread != nil:
		return joinLines(fmt.Errorf("%w: not all of the sheet was compared", errPartly), unread)
	}
	p.note("The sheet can be read back, and is right.")
	return nil
}

// joinLines puts an error and its causes, if there are any, on lines of their own.
func joinLines(err, causes error) error {
	if causes == nil {
		return err
	}
	return fmt.Errorf("%w:\n%w", err, causes)
}
