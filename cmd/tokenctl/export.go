package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/paper"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/exchange"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/otpauth"
	"github.com/tokenctl/tokenctl/oath/vault"
)

type exportOptions struct {
	tokens    open.TokenOptions
	queries   []string // none chooses all
	format    string   // one of exchange.Words
	qr        bool     // QR codes instead
	file      string   // "" or "-" is standard output
	overwrite bool
	password  open.Password
	plain     bool // secrets in the clear are meant
}

func newExportCommand(p *program) *cobra.Command {
	var o exportOptions
	c := &cobra.Command{
		Use:   "export [NAME...]",
		Short: "Export accounts to another authenticator",
		Long: "Export writes the accounts of the vault that the NAMEs fit, or all of them, to a\n" +
			"file that other authenticators read: by default Aegis's, encrypted under a password.\n" +
			"docs/formats.md lists the formats, and who reads them. Secrets that are only on\n" +
			"keys cannot be read back, and so cannot be exported.\n\n" +
			"With --qr it shows a QR code for each account, or writes it to FILE, .png or .svg;\n" +
			"with --format google, those of Google Authenticator's export, ten accounts each.\n\n" +
			"A format that is not encrypted gives every secret to whoever reads it, and so must\n" +
			"be asked for with --plain. Only you can read the files.",
		Example: "  tokenctl export -o accounts.json\n" +
			"  tokenctl export github --qr\n" +
			"  tokenctl export --format uri --plain | gpg -e -r alice >accounts.gpg",
		RunE: func(c *cobra.Command, args []string) error {
			o.queries = args
			if err := o.check(c); err != nil {
				return err
			}
			return p.export(c.Context(), o)
		},
	}
	o.tokens.AddFlags(c)
	o.password.AddFlags(c, "export-password", "the password to encrypt FILE under")
	f := c.Flags()
	f.StringVar(&o.format, "format", "aegis", "`FORMAT`: "+strings.Join(exchange.Words(), ", "))
	f.BoolVar(&o.qr, "qr", false, "show a QR code for each account")
	f.StringVarP(&o.file, "output", "o", "", "write to `FILE`; - is standard output")
	f.BoolVar(&o.overwrite, "overwrite", false, "replace the file if it exists")
	f.BoolVar(&o.plain, "plain", false, "write the secrets in the clear")
	c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(exchange.Words(), cobra.ShellCompDirectiveNoFileComp))
	return c
}

func (o *exportOptions) check(c *cobra.Command) error {
	switch {
	case !slices.Contains(exchange.Words(), o.format):
		return term.Usagef("--format %q must be one of %s", o.format, strings.Join(exchange.Words(), ", "))
	case o.qr && o.password.IsGiven():
		return term.Usagef("a QR code is not encrypted, and takes no password")
	case o.plain && o.password.IsGiven():
		return term.Usagef("--plain writes without a password")
	case o.password.IsGiven() && !exchange.Encrypts(o.format):
		return term.Usagef("--format %s is not encrypted; choose another one, or --plain", o.format)
	case o.file == "" || o.file == "-":
		return nil
	}
	return paper.CheckFile(o.file, o.overwrite)
}

var (
	// errOnKeysAlone says that secrets cannot be exported.
	errOnKeysAlone = errors.New("on keys alone, which do not give secrets back")

	errNotPlain  = errors.New("it would hold every secret in the clear")
	errNoNewFile = errors.New("the encrypted file needs a password")
	errUnread    = errors.New("what was written does not read back the same")
)

var exportRemedies = []term.Remedy{
	{Of: errNotPlain, Exit: term.ExitUsage, Hint: "If that is meant: --plain. Encrypted: --format aegis"},
	{Of: errNoNewFile, Exit: term.ExitPassword, Hint: "Give it on a terminal, or with --export-password-file. Without one, with every secret in the clear: --plain"},
	{Of: errOnKeysAlone, Exit: term.ExitFailure, Hint: "To have such an account in the vault, have the service show a new secret, and enroll that: tokenctl enroll --overwrite"},
}

func (p *program) export(ctx context.Context, o exportOptions) error {
	isPlain := o.plain || !exchange.Encrypts(o.format) || o.qr
	if isPlain && !o.plain && !o.qr {
		return fmt.Errorf("--format %s: %w", o.format, errNotPlain)
	}
	if !isPlain && p.ShowsResults() && (o.file == "" || o.file == "-") {
		return term.Usagef("an encrypted file is not for a terminal; name one with --output")
	}
	t, err := p.open.Tokens(ctx, o.tokens, true)
	if isNowhere(err) && !o.tokens.NamesKey() {
		return vault.ErrNoVault
	}
	if err != nil {
		return err
	}
	defer t.Close()
	if !t.HasVault() {
		return vault.ErrNoVault
	}
	holdings, unasked := t.List()
	unasked = errors.Join(unasked, p.missed(t))
	if holdings, err = chosenOf(holdings, o.queries); err != nil {
		return errors.Join(err, unasked)
	}
	password := ""
	if !isPlain {
		if password, err = p.newFilePassword(ctx, o.password); err != nil {
			return err
		}
	}
	entries, onKeys, err := p.secretsOf(t, holdings)
	defer func() {
		for _, e := range entries {
			e.Secret.Clear()
		}
	}()
	if err != nil {
		return err
	}
	if len(entries) == 0 {
		return errors.Join(cmp.Or(onKeys, oath.ErrNotFound), unasked)
	}
	var refused error
	if o.qr {
		refused, err = p.exportQR(entries, o)
	} else {
		refused, err = p.exportFile(entries, password, o)
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Account.Type == oath.HOTP {
			p.Note("%s counts its codes, and each authenticator for itself. Use it in one place from now on.", term.Printable(e.Account.Label()))
		}
	}
	if len(o.queries) > 0 {
		unasked = nil // what was asked for is there
	}
	return term.Partly(errors.Join(refused, onKeys, unasked), len(entries))
}

// chosenOf returns the accounts that the queries fit, one each.
func chosenOf(holdings []fleet.Holding, queries []string) ([]fleet.Holding, error) {
	if len(queries) == 0 {
		return holdings, nil
	}
	accounts := mapSlice(holdings, func(h fleet.Holding) oath.Account { return h.Account })
	var chosen []fleet.Holding
	for _, query := range queries {
		a, err := oath.MatchOne(accounts, query)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", query, err)
		}
		i := slices.Index(accounts, a)
		if !slices.ContainsFunc(chosen, func(h fleet.Holding) bool { return h.Account == a }) {
			chosen = append(chosen, holdings[i])
		}
	}
	return chosen, nil
}

// secretsOf reads accounts from the vault. Those that are not there are an error of its
// own.
func (p *program) secretsOf(t *open.Tokens, holdings []fleet.Holding) (entries []exchange.Entry, onKeys, err error) {
	var elsewhere []string
	for _, h := range holdings {
		if !slices.ContainsFunc(h.Members, (*fleet.Member).IsVault) {
			elsewhere = append(elsewhere, term.Printable(h.Account.Label()))
			continue
		}
		a, secret, err := t.Vault.Secret(h.Account.ID())
		if err != nil {
			return entries, nil, fmt.Errorf("%q: %w", term.Printable(h.Account.Label()), err)
		}
		entries = append(entries, exchange.Entry{Key: otpauth.Key{Account: a, Secret: secret}})
	}
	if len(elsewhere) > 0 {
		onKeys = fmt.Errorf("%s: %w", term.List(elsewhere), errOnKeysAlone)
	}
	return entries, onKeys, nil
}

// newFilePassword returns the password to encrypt a file under.
func (p *program) newFilePassword(ctx context.Context, given open.Password) (password string, err error) {
	switch {
	case given.IsGiven():
		password, err = given.Read(ctx)
	case p.Terminal == nil:
		err = errNoNewFile
	default:
		password, err = p.Terminal.AskNewSecret("A password for the file")
	}
	if err == nil && password == "" {
		err = errNoNewFile
	}
	return oath.NormalPassword(password), err
}

// exportFile writes a file, and reads it back before it says so. Refused is an error
// about accounts that the format does not hold.
func (p *program) exportFile(entries []exchange.Entry, password string, o exportOptions) (refused, err error) {
	content, left, err := exchange.Write(o.format, entries, password, p.random)
	defer clear(content)
	if err != nil {
		return nil, err
	}
	refused = notIn(left)
	if len(left) == len(entries) {
		return nil, refused
	}
	read, err := exchange.Read(content, func() (string, error) { return password, nil })
	if err == nil && (len(read.Entries) != len(entries)-len(left) || !areAmong(read.Entries, entries)) {
		err = errUnread
	}
	if err != nil {
		return nil, err
	}
	if o.file == "" || o.file == "-" {
		if _, err := p.Out.Write(content); err != nil {
			return nil, fmt.Errorf("writing the result: %w", err)
		}
		return refused, nil
	}
	if err := paper.WriteFile(o.file, content); err != nil {
		return nil, err
	}
	how := "encrypted"
	if password == "" {
		how = "with every secret in the clear"
	}
	p.Note("%s: %s, %s.", term.Printable(o.file), term.Count(len(read.Entries), "account"), how)
	return refused, nil
}

// notIn returns an error for each account that a format does not hold.
func notIn(left []exchange.Refusal) error {
	var failures []error
	for _, r := range left {
		failures = append(failures, fmt.Errorf("%q is not in it: %w", term.Printable(r.Label), r.Err))
	}
	return errors.Join(failures...)
}

// areAmong reports whether accounts yield the codes of some of all, whatever they are
// called: not every format has room for a whole name.
func areAmong(some, all []exchange.Entry) bool {
	yields := func(e exchange.Entry) string {
		a := e.Account.WithDefaults()
		return fmt.Sprintf("%v %v %d %d %d %t %x", a.Type, a.Algorithm, a.Digits, a.Period, a.Counter, a.IsSteam(), e.Secret.Bytes())
	}
	known := make(map[string]bool, len(all))
	for _, e := range all {
		known[yields(e)] = true
	}
	return !slices.ContainsFunc(some, func(e exchange.Entry) bool { return !known[yields(e)] })
}
