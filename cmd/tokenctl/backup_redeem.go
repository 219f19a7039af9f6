package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup/issuer"
)

type backupRedeemOptions struct {
	issuer    issuerOptions
	number    int
	numbered  bool // --number was given
	fromStdin bool
	status    bool
	json      bool
}

func newBackupRedeemCommand(p *program) *cobra.Command {
	var o backupRedeemOptions
	c := &cobra.Command{
		Use:   "redeem --store FILE --user NAME",
		Short: "Take a backup code from a user, as a service does",
		Long: "Redeem is for those who run a service: it takes a backup code that was made with\n" +
			"tokenctl backup generate --store, and each of them once, however many ask at the\n" +
			"same time. Case, spaces and dashes do not matter, and O stands for 0. After five\n" +
			"wrong codes the user has to wait, longer with each further one, and after 100 there\n" +
			"have to be new codes.\n\n" +
			"The code is asked for on the terminal, or read from standard input.",
		Example: "  tokenctl backup redeem --store codes.json --user alice\n" +
			"  tokenctl backup redeem --store codes.json --user alice --number 4 --code-stdin\n" +
			"  tokenctl backup redeem --store codes.json --user alice --status",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			o.numbered = c.Flags().Changed("number")
			return p.redeemBackupCode(c.Context(), o)
		},
	}
	o.issuer.addFlags(c)
	f := c.Flags()
	f.IntVar(&o.number, "number", 0, "take the code of the number `N` alone")
	f.BoolVar(&o.fromStdin, "code-stdin", false, "read the code from the first line of standard input")
	f.BoolVar(&o.status, "status", false, "take no code: tell how many are left")
	f.BoolVar(&o.json, "json", false, "print JSON")
	c.MarkFlagsMutuallyExclusive("status", "number")
	c.MarkFlagsMutuallyExclusive("status", "code-stdin")
	return c
}

func (p *program) redeemBackupCode(ctx context.Context, o backupRedeemOptions) error {
	switch {
	case o.issuer.store == "" || o.issuer.user == "":
		return usagef("--store and --user say whose codes it may be one of")
	case o.numbered && o.number < 1:
		return usagef("--number %d: they count from 1", o.number)
	}
	i, err := p.issuer(o.issuer, issuer.Form{})
	if err != nil {
		return err
	}
	if o.status {
		return p.printStatus(ctx, i, o.issuer.user, o.json)
	}
	code, err := p.readBackupCode(o)
	if err != nil {
		return err
	}
	done, err := redeemWith(ctx, i, o, code)
	if o.json {
		err = errors.Join(p.printRedeemed(o.issuer.user, done, err), err)
	}
	if err != nil {
		return err
	}
	p.note("Number %d of %s is redeemed; %s left.", done.Number, printable(o.issuer.user), are(done.Left))
	if done.Confirmed {
		p.note("Its codes had waited to be confirmed; they are in force now, and no codes before them.")
	}
	return nil
}

func redeemWith(ctx context.Context, i *issuer.Issuer, o backupRedeemOptions, code string) (issuer.Redeemed, error) {
	if o.numbered {
		return i.RedeemNumber(ctx, o.issuer.user, o.number, code)
	}
	return i.Redeem(ctx, o.issuer.user, code)
}

// maxCodeLine bounds the line that a code is read from, in bytes: what is longer
// than that is no code, however it is spaced.
const maxCodeLine = 4 << 10

// readBackupCode returns what was typed, or is in standard input.
func (p *program) readBackupCode(o backupRedeemOptions) (string, error) {
	if o.fromStdin {
		line, err := bufio.NewReader(io.LimitReader(p.in, maxCodeLine)).ReadString('\n')
		if err != nil && err != io.EOF {
			return "", fmt.Errorf("reading the code: %w", err)
		}
		return line, nil
	}
	question := "Backup code (it does not show)"
	if o.numbered {
		question = fmt.Sprintf("Backup code number %d (it does not show)", o.number)
	}
	code, err := p.terminal.askSecret(question)
	if errors.Is(err, errNoTerminal) {
		return "", usagef("%v: give the code with --code-stdin", err)
	}
	return code, err
}
