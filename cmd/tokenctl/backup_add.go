package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/recognize"
	"github.com/tokenctl/tokenctl/backup/store"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

type backupAddOptions struct {
	tokens        open.TokenOptions
	query, source string
	isNew         bool
	onPaper       int
	appends       bool
	appendsGiven  bool // --append was, with whatever value
	number        int  // whose code is replaced; 0 for none
	policy        string
	service       string
	verbatim      bool
	deleteFile    bool
	yes, json     bool
}

func newBackupAddCommand(p *program) *cobra.Command {
	var o backupAddOptions
	c := &cobra.Command{
		Use:   "add NAME [FILE|-]",
		Short: "Record the backup codes that a service handed out",
		Long: "Add records backup codes for the account that NAME fits: those in FILE, which the\n" +
			"service offered for download, on standard input, or pasted at the terminal. It\n" +
			"knows the layouts that are common, and compares the codes with what it knows of\n" +
			"the service. They go into the vault, which need not be unlocked for an account's\n" +
			"first codes.\n\n" +
			"New codes replace the previous ones, which services then refuse, unless the\n" +
			"service is known to add them to the others. With --on-paper, no code is stored:\n" +
			"only how many there are on your paper, so that their use can be recorded.\n\n" +
			"Further services can be described in ~/.config/tokenctl/services.tsv, a\n" +
			"table. Its first line names its columns, of name, domain, aliases, count, form (a\n" +
			"regular expression), policy, adds (yes or no), where and address, with a tab\n" +
			"between them. Each line below describes a service, and overrides what is known of it.",
		Example: "  tokenctl backup add github github-recovery-codes.txt --delete-file\n" +
			"  tokenctl backup add twitter\n" +
			"  tokenctl backup add 'Bank:alice' --new --on-paper 10",
		Args: cobra.RangeArgs(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			if o.query = args[0]; len(args) > 1 {
				o.source = args[1]
			}
			o.appendsGiven = c.Flags().Changed("append")
			if err := o.validate(c); err != nil {
				return err
			}
			return p.addBackupCodes(c.Context(), o)
		},
	}
	o.addFlags(c)
	return c
}

func (o *backupAddOptions) addFlags(c *cobra.Command) {
	o.tokens.AddFlags(c)
	f := c.Flags()
	f.BoolVar(&o.isNew, "new", false, "NAME is ISSUER:NAME of an account that no token holds")
	f.IntVar(&o.onPaper, "on-paper", 0, "store no code: `N` of them are on your paper")
	f.BoolVar(&o.appends, "append", false, "the service adds them to the previous ones; --append=false: it replaces those")
	f.IntVar(&o.number, "replace-number", 0, "the one code replaces number `N`")
	f.StringVar(&o.policy, "policy", "", "what the service does with its codes, `POLICY`: any, in-order, by-number, replaced,\ndisables-two-factor or reusable")
	f.StringVar(&o.service, "service", "", "treat it as the service `NAME`, whatever the account's issuer")
	f.BoolVar(&o.verbatim, "verbatim", false, "take each line as a code, whatever it looks like")
	f.BoolVar(&o.deleteFile, "delete-file", false, "delete FILE once its codes are read back from the vault")
	f.BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	f.BoolVar(&o.json, "json", false, "print JSON")
	c.MarkFlagsMutuallyExclusive("append", "replace-number")
	c.MarkFlagsMutuallyExclusive("on-paper", "delete-file")
	c.MarkFlagsMutuallyExclusive("on-paper", "verbatim")
	c.RegisterFlagCompletionFunc("policy", cobra.FixedCompletions(policyFlags, cobra.ShellCompDirectiveNoFileComp))
}

// policyFlags are the values of --policy, by backup.Policy.
var policyFlags = []string{
	backup.AnyOrder: "any", backup.InOrder: "in-order", backup.ByNumber: "by-number", backup.Replaced: "replaced",
	backup.DisablesTwoFactor: "disables-two-factor", backup.Reusable: "reusable",
}

func parsePolicy(flag string) (backup.Policy, error) {
	for policy, name := range policyFlags {
		if name == flag {
			return backup.Policy(policy), nil
		}
	}
	return 0, term.Usagef("--policy %q must be one of %s", flag, strings.Join(policyFlags, ", "))
}

func (o backupAddOptions) validate(c *cobra.Command) error {
	switch isFile := o.source != "" && o.source != "-"; {
	case c.Flags().Changed("on-paper") && o.onPaper < 1:
		return term.Usagef("--on-paper %d: must be 1 or more", o.onPaper)
	case c.Flags().Changed("replace-number") && o.number < 1:
		return term.Usagef("--replace-number %d: numbers begin at 1", o.number)
	case o.number > 0 && o.onPaper > 1:
		return term.Usagef("--replace-number takes one code, and --on-paper says %d", o.onPaper)
	case o.onPaper > 0 && o.source != "":
		return term.Usagef("--on-paper stores no codes, so it takes no FILE") // which may be a code: unquoted
	case o.deleteFile && !isFile:
		return term.Usagef("--delete-file needs a FILE")
	}
	return nil
}

var (
	// errNoSuchService says that nothing is known of a service.
	errNoSuchService = errors.New("unknown service")

	// errNoAccountForCodes says that NAME fits nothing.
	errNoAccountForCodes = fmt.Errorf("%w", oath.ErrNotFound)
)

func (p *program) addBackupCodes(ctx context.Context, o backupAddOptions) error {
	a := store.Addition{Replaces: o.number, Named: o.service != "", Day: backup.Day(p.Now())}
	if o.policy != "" {
		policy, err := parsePolicy(o.policy)
		if err != nil {
			return err
		}
		a.Policy = &policy
	}
	if o.appendsGiven {
		a.Appends = &o.appends
	}
	s, err := p.open.Store(ctx, o.tokens.Vault)
	if err != nil {
		return err
	}
	defer s.Close()
	if s.Vault == nil && o.onPaper == 0 {
		return store.ErrNoVault
	}
	if a.ID, err = p.accountForCodes(ctx, s, o); err != nil {
		return err
	}
	label := term.Label(a.ID)
	if a.Service = s.Service(a.ID, s.Ledger.Known(a.ID).Record); o.service != "" {
		var known bool
		if a.Service, known = s.Services().Lookup(o.service); !known {
			return term.Usage(fmt.Errorf("%q: %w", o.service, errNoSuchService))
		}
	}
	p.noteOffered(s, &a, o.source)
	source, err := p.readCodes(&a, o)
	if err != nil {
		return err
	}
	if !a.OnPaper() {
		for _, hint := range a.Service.Check(source.found.Texts()) {
			p.Note("%s", term.Printable(hint))
		}
	}
	asks := p.Terminal != nil && !o.yes
	if n := len(source.found.Ignored); n > 0 && !asks {
		p.Note("%s not taken as codes.", term.Are(n, "line"))
	}
	if asks {
		if err := p.confirmAddition(s.Store, a, source.found); err != nil {
			return err
		}
	}
	added, record, err := s.Add(a)
	switch {
	case errors.Is(err, store.ErrNothingNew):
		p.Note("%s: these codes are recorded already. Nothing was changed.", label)
		record, err = s.Read(a.ID)
	case err == nil:
		p.Note("%s: %s", label, outcomeOf(added, record))
		if !a.OnPaper() {
			p.Note("Put them on paper: tokenctl sheet --only-new")
		}
	}
	if err != nil {
		return err
	}
	p.reminded[a.ID] = true
	if o.json {
		err = p.PrintJSON(describeRecord(s.Status(a.ID, record, store.KeptOf(record))))
	}
	return errors.Join(err, p.disposeOf(s, a, source, o))
}

// accountForCodes returns the account that codes will be recorded for: the one
// of that very name, or else the one that the query fits best, keys included.
func (p *program) accountForCodes(ctx context.Context, s *open.Store, o backupAddOptions) (oath.ID, error) {
	accounts, err := s.Accounts()
	if err != nil {
		return "", err
	}
	for _, a := range accounts {
		if string(a.ID()) == o.query || a.Issuer != "" && a.Label() == o.query {
			return a.ID(), nil
		}
	}
	if o.isNew {
		if err := otpauth.CheckName(o.query); err != nil {
			return "", err
		}
		a := oath.ID(o.query).Account(oath.TOTP).WithDefaults()
		return a.ID(), a.Validate()
	}
	onKeys, away, failure := p.accountsOnKeys(ctx, o.tokens)
	for _, a := range away {
		failure = errors.Join(failure, a)
	}
	if accounts, err = s.Accounts(onKeys...); err != nil {
		return "", err
	}
	a, err := oath.MatchOne(accounts, o.query)
	switch {
	case errors.Is(err, oath.ErrNotFound) && failure != nil:
		return "", failure
	case errors.Is(err, oath.ErrNotFound):
		err = errNoAccountForCodes
	}
	if err != nil {
		return "", fmt.Errorf("%q: %w", o.query, err)
	}
	return a.ID(), nil
}

// accountsOnKeys returns those on the keys that are plugged in, and the keys that are
// known and are not. The error is about keys that could not be asked.
func (p *program) accountsOnKeys(ctx context.Context, o open.TokenOptions) (accounts []oath.Account, away []*fleet.MemberError, err error) {
	if o.NoKeys {
		return nil, nil, nil
	}
	o.Vault.None = true
	t, err := p.open.Tokens(ctx, o, false)
	if open.IsAbsence(err) && !o.NamesKey() {
		return nil, p.open.AwayWithout(o, err), nil
	}
	if err != nil {
		return nil, nil, err
	}
	defer t.Close()
	holdings, err := t.List()
	for _, h := range holdings {
		accounts = append(accounts, h.Account)
	}
	return accounts, t.AwayKeys(), err
}

// noteOffered notes which service offers a file of that name for download, if that is
// news, and takes the codes for those of that service if no other is known.
func (p *program) noteOffered(s *open.Store, a *store.Addition, source string) {
	offered, found := s.Services().OfFile(filepath.Base(source))
	_, isKnown := s.Services().Lookup(a.Service.Name)
	switch {
	case !found || offered.Name == a.Service.Name:
	case !isKnown && s.Ledger.Known(a.ID).Service == "":
		a.Service = offered
		p.Note("%s is what %s offers for download.", term.Printable(source), offered.Name)
	default:
		p.Note("%s is what %s offers for download. Are the codes those of %s?", term.Printable(source), offered.Name, term.Label(a.ID))
	}
}

// confirmAddition says what was found, and asks whether that is what was meant.
func (p *program) confirmAddition(s *store.Store, a store.Addition, found recognize.Found) error {
	effect := "" // on the codes before, as far as the ledger knows them
	if before := s.Ledger.Known(a.ID).Record; before.Left() > 0 || a.Replaces > 0 {
		switch mode, number := a.Mode(before); mode {
		case store.Replaces:
			effect = fmt.Sprintf(", replacing number %d", number)
		case store.Appends:
			effect = fmt.Sprintf(", in addition to the %d before", before.Left())
		default:
			effect = fmt.Sprintf(", replacing the %d before", before.Left())
		}
	}
	if a.OnPaper() {
		return p.Terminal.Agree(false, "Record for %s that %s on your paper%s?", term.Label(a.ID), term.Are(len(a.Codes), "code"), effect)
	}
	p.Terminal.Show("%s", describeFound(found))
	them := "them"
	if len(a.Codes) == 1 {
		them = "it"
	}
	return p.Terminal.Agree(false, "Record %s for %s%s?", them, term.Label(a.ID), effect)
}
