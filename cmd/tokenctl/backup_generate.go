package main

import (
	"context"
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup/issuer"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
)

type backupGenerateOptions struct {
	issuer                    issuerOptions
	form                      issuer.Form
	alphabet                  string
	prepare, confirm, abandon bool
	json                      bool
}

func newBackupGenerateCommand(p *program) *cobra.Command {
	o := backupGenerateOptions{form: issuer.DefaultForm}
	c := &cobra.Command{
		Use:   "generate",
		Short: "Make backup codes, as a service does",
		Long: "Generate is for those who run a service: it makes backup codes for its users, one a\n" +
			"line. Every code is as likely as any other. They are not stored, unless --store\n" +
			"names a file, or a PostgreSQL database, that keeps hashes of them, for: tokenctl\n" +
			"backup redeem. A password for PostgreSQL is read from ~/.pgpass, or from the file\n" +
			"that PGPASSFILE names.\n\n" +
			"A user's new codes replace the previous ones. With --prepare, those stay valid\n" +
			"until the new ones are known to be on paper: until the same is given with\n" +
			"--confirm, or one of the new codes is redeemed.\n\n" +
			"A code has 20 bits at least, beside a password. If it alone recovers an account,\n" +
			"it should have 64, as with --groups 3.",
		Example: "  tokenctl backup generate\n" +
			"  tokenctl backup generate --store codes.db --user alice --prepare\n" +
			"  tokenctl backup generate --store codes.db --user alice --confirm",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.generateBackupCodes(c.Context(), o) },
	}
	o.addFlags(c)
	return c
}

func (o *backupGenerateOptions) addFlags(c *cobra.Command) {
	f := c.Flags()
	form := []string{"count", "alphabet", "groups", "group-size", "separator"}
	f.IntVar(&o.form.Count, "count", o.form.Count, "make `N` codes")
	f.StringVar(&o.alphabet, "alphabet", "crockford", "of the `CHARACTERS`, each once, or of those named crockford, digits or hex")
	f.IntVar(&o.form.Groups, "groups", o.form.Groups, "`N` groups make a code")
	f.IntVar(&o.form.GroupSize, "group-size", o.form.GroupSize, "`N` characters make a group")
	f.StringVar(&o.form.Separator, "separator", o.form.Separator, "`TEXT` between groups: spaces, dashes, or nothing")
	o.issuer.addFlags(c)
	term.GroupFlags(f, term.FormFlags, form...)
	f.BoolVar(&o.prepare, "prepare", false, "keep the previous codes valid until --confirm")
	f.BoolVar(&o.confirm, "confirm", false, "make no codes: activate the prepared ones")
	f.BoolVar(&o.abandon, "abandon", false, "make no codes: discard the prepared ones")
	f.BoolVar(&o.json, "json", false, "print JSON")
	c.MarkFlagsMutuallyExclusive("prepare", "confirm", "abandon")
	c.MarkFlagsRequiredTogether("store", "user")
	for _, name := range form {
		c.MarkFlagsMutuallyExclusive("confirm", name)
		c.MarkFlagsMutuallyExclusive("abandon", name)
	}
	c.RegisterFlagCompletionFunc("alphabet", cobra.FixedCompletions([]string{"crockford", "digits", "hex"}, cobra.ShellCompDirectiveNoFileComp))
}

func (p *program) generateBackupCodes(ctx context.Context, o backupGenerateOptions) error {
	o.form.Alphabet = parseAlphabet(o.alphabet)
	if o.issuer.store == "" {
		if o.prepare || o.confirm || o.abandon || o.issuer.keyFile != "" {
			return term.Usagef("--prepare, --confirm, --abandon and --server-key-file are for a --store")
		}
		codes, err := issuer.Generate(o.form, p.random)
		if err != nil {
			return err
		}
		return p.printGenerated(o, codes, 0)
	}
	if o.confirm || o.abandon {
		return p.withIssuer(ctx, o.issuer, issuer.Form{}, func(i *issuer.Issuer) error { return p.settlePrepared(ctx, i, o) })
	}
	return p.withIssuer(ctx, o.issuer, o.form, func(i *issuer.Issuer) error { return p.issueBackupCodes(ctx, i, o) })
}

func parseAlphabet(name string) issuer.Alphabet {
	switch strings.ToLower(name) {
	case "crockford":
		return issuer.Crockford
	case "digits":
		return issuer.Digits
	case "hex":
		return issuer.Hex
	}
	return issuer.Alphabet(name)
}

// issueBackupCodes makes a set, and puts it in force once it is shown: if the disk
// that it goes to is full, the codes before stay good.
func (p *program) issueBackupCodes(ctx context.Context, i *issuer.Issuer, o backupGenerateOptions) error {
	prepared, err := i.Prepare(ctx, o.issuer.user)
	if err != nil {
		return err
	}
	err = p.printGenerated(o, prepared.Codes(), prepared.Generation)
	if err != nil || p.Unwritten != nil {
		return errors.Join(err, i.Abandon(ctx, o.issuer.user, prepared.Generation))
	}
	user := term.Printable(o.issuer.user)
	if o.prepare {
		p.Note("They are prepared for %s. Once they are on paper, activate them with --confirm.", user)
		return nil
	}
	if err := i.Confirm(ctx, o.issuer.user, prepared.Generation); err != nil {
		return err
	}
	p.Note("They are valid for %s now, and no earlier codes are.", user)
	return nil
}

// settlePrepared confirms or abandons the set that waits.
func (p *program) settlePrepared(ctx context.Context, i *issuer.Issuer, o backupGenerateOptions) error {
	status, err := i.Status(ctx, o.issuer.user)
	if err != nil {
		return err
	}
	settle, done := i.Confirm, "The new codes of %s are valid now, and no earlier codes are."
	if o.abandon {
		settle, done = i.Abandon, "The prepared codes of %s are discarded."
	}
	if err := settle(ctx, o.issuer.user, status.Pending); err != nil {
		return err
	}
	p.Note(done, term.Printable(o.issuer.user))
	if !o.json {
		return nil
	}
	return p.printStatus(ctx, i, o.issuer.user, true)
}

// generatedJSON is a set of codes as other programs read it.
type generatedJSON struct {
	Codes      []string `json:"codes"`
	Bits       float64  `json:"bits"` // of one code
	User       string   `json:"user,omitempty"`
	Generation int      `json:"generation,omitempty"`
	Pending    bool     `json:"pending,omitempty"`
}

func (p *program) printGenerated(o backupGenerateOptions, codes []string, generation int) error {
	bits := math.Floor(o.form.Entropy()*10) / 10
	p.Note("%s of %s bits each.", term.Count(len(codes), "code"), strconv.FormatFloat(bits, 'f', -1, 64))
	if o.json {
		return p.PrintJSON(generatedJSON{
			Codes: codes, Bits: bits,
			User: o.issuer.user, Generation: generation, Pending: o.prepare,
		})
	}
	for _, code := range codes {
		p.PrintLine(code)
	}
	return nil
}
