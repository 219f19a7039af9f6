package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup/issuer"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
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
		Use:   "redeem --store STORE --user NAME",
		Short: "Take a backup code from a user, as a service does",
		Long: "Redeem is for those who run a service: it takes a backup code that was made with\n" +
			"tokenctl backup generate --store, and each of them once, however many ask at the\n" +
			"same time. Case, spaces and dashes do not matter, and O stands for 0. After five\n" +
			"wrong codes the user must wait, longer with each further one, and after 100 new\n" +
			"codes are needed.\n\n" +
			"The code is asked for on the terminal, or read from standard input.",
		Example: "  tokenctl backup redeem --store codes.db --user alice\n" +
			"  tokenctl backup redeem --store codes.db --user al --number 4 --code-stdin\n" +
			"  tokenctl backup redeem --store codes.db --user alice --status",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			o.numbered = c.Flags().Changed("number")
			return p.redeemBackupCode(c.Context(), o)
		},
	}
	o.issuer.addFlags(c)
	f := c.Flags()
	f.IntVar(&o.number, "number", 0, "take only the code of number `N`")
	f.BoolVar(&o.fromStdin, "code-stdin", false, "read the code from the first line of standard input")
	term.GroupFlags(f, term.OwnSecretFlags, "code-stdin")
	f.BoolVar(&o.status, "status", false, "take no code: show how many are left")
	f.BoolVar(&o.json, "json", false, "print JSON")
	c.MarkFlagsMutuallyExclusive("status", "number")
	c.MarkFlagsMutuallyExclusive("status", "code-stdin")
	return c
}

func (p *program) redeemBackupCode(ctx context.Context, o backupRedeemOptions) error {
	switch {
	case o.issuer.store == "" || o.issuer.user == "":
		return term.Usagef("--store and --user are required")
	case o.numbered && o.number < 1:
		return term.Usagef("--number %d: numbers begin at 1", o.number)
	}
	return p.withIssuer(ctx, o.issuer, issuer.Form{}, func(i *issuer.Issuer) error {
		if o.status {
			return p.printStatus(ctx, i, o.issuer.user, o.json)
		}
		code, err := p.readBackupCode(o)
		if err != nil {
			return err
		}
		var done issuer.Redeemed
		if o.numbered {
			done, err = i.RedeemNumber(ctx, o.issuer.user, o.number, code)
		} else {
			done, err = i.Redeem(ctx, o.issuer.user, code)
		}
		if o.json {
			err = errors.Join(p.printRedeemed(o.issuer.user, done, err), err)
		}
		if err != nil {
			return err
		}
		p.Note("Number %d of %s is redeemed; %s left.", done.Number, term.Printable(o.issuer.user), term.Are(done.Left, "code"))
		if done.Confirmed {
			p.Note("Its codes were waiting to be confirmed; they are valid now, and no earlier codes are.")
		}
		return nil
	})
}

// maxCodeLine bounds the line that a code is read from, in bytes: what is longer
// than that is no code, however it is spaced.
const maxCodeLine = 4 << 10

// readBackupCode returns what was typed, or is in standard input.
func (p *program) readBackupCode(o backupRedeemOptions) (string, error) {
	if o.fromStdin {
		line, err := bufio.NewReader(io.LimitReader(p.In, maxCodeLine)).ReadString('\n')
		if err != nil && err != io.EOF {
			return "", fmt.Errorf("reading the code: %w", err)
		}
		return line, nil
	}
	question := "Backup code (hidden)"
	if o.numbered {
		question = fmt.Sprintf("Backup code number %d (hidden)", o.number)
	}
	code, err := p.Terminal.AskSecret(question)
	if errors.Is(err, term.ErrNoTerminal) {
		return "", term.Usagef("%v: give the code with --code-stdin", err)
	}
	return code, err
}

// redeemedJSON says what became of a code, as other programs read it.
type redeemedJSON struct {
	User       string     `json:"user"`
	Redeemed   bool       `json:"redeemed"`
	Generation int        `json:"generation,omitempty"`
	Number     int        `json:"number,omitempty"`
	Left       *int       `json:"left,omitempty"`
	Confirmed  bool       `json:"confirmed,omitempty"`
	Reason     string     `json:"reason,omitempty"` // of issuer.Reason
	Used       *time.Time `json:"used,omitempty"`   // when, if it was
	Until      *time.Time `json:"until,omitempty"`  // throttled
}

// printRedeemed prints what became of a code. Of other failures JSON says nothing.
func (p *program) printRedeemed(user string, done issuer.Redeemed, failure error) error {
	j := redeemedJSON{User: user, Redeemed: failure == nil}
	if failure == nil {
		j.Generation, j.Number, j.Left, j.Confirmed = done.Generation, done.Number, &done.Left, done.Confirmed
		return p.PrintJSON(j)
	}
	if j.Reason = issuer.Reason(failure); j.Reason == "" {
		return nil
	}
	var used *issuer.UsedError
	var throttled *issuer.ThrottledError
	switch {
	case errors.As(failure, &used):
		j.Generation, j.Number, j.Used = used.Generation, used.Number, &used.At
	case errors.As(failure, &throttled) && !throttled.Until.IsZero():
		j.Until = &throttled.Until
	}
	return p.PrintJSON(j)
}
