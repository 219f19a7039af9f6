package main

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/services"
	"github.com/tokenctl/tokenctl/oath"
)

type backupAddOptions struct {
	tokens        tokenOptions
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
			"New codes take the place of those before, which services then refuse, unless the\n" +
			"service is known to add them to the others. With --on-paper, no code is stored:\n" +
			"only how many there are on your paper, so that their use can be recorded.\n\n" +
			"What you know of further services can go into ~/.config/tokenctl/services.tsv, a\n" +
			"table. Its first line names its columns, of name, domain, aliases, count, form (a\n" +
			"regular expression), policy, adds (yes or no), where and address, with a tab\n" +
			"between them. Each line below is a service, and comes before what is known of it.",
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
	o.tokens.addFlags(c)
	f := c.Flags()
	f.BoolVar(&o.isNew, "new", false, "NAME is ISSUER:NAME of an account that no token holds")
	f.IntVar(&o.onPaper, "on-paper", 0, "store no code: `N` of them are on your paper")
	f.BoolVar(&o.appends, "append", false, "the service takes them beside those before; --append=false: in their place")
	f.IntVar(&o.number, "replace-number", 0, "the one code takes the place of number `N`")
	f.StringVar(&o.policy, "policy", "", "what the service does with its codes, `POLICY`: any, in-order, by-number, replaced,\ndisables-two-factor or reusable")
	f.StringVar(&o.service, "service", "", "take it for the service `NAME`, whatever the account's issuer is called")
	f.BoolVar(&o.verbatim, "verbatim", false, "take each line for a code as it stands, whatever it looks like")
	f.BoolVar(&o.deleteFile, "delete-file", false, "delete FILE, once its codes were read back from the vault")
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
	return 0, usagef("--policy %q is none of %s", flag, strings.Join(policyFlags, ", "))
}

func (o backupAddOptions) validate(c *cobra.Command) error {
	switch isFile := o.source != "" && o.source != "-"; {
	case c.Flags().Changed("on-paper") && o.onPaper < 1:
		return usagef("--on-paper %d is no number of codes", o.onPaper)
	case c.Flags().Changed("replace-number") && o.number < 1:
		return usagef("--replace-number %d: they count from 1", o.number)
	case o.number > 0 && o.onPaper > 1:
		return usagef("--replace-number takes one code, and --on-paper says %d", o.onPaper)
	case o.onPaper > 0 && o.source != "":
		return usagef("--on-paper stores no codes, so it takes no FILE") // which may be a code: unquoted
	case o.deleteFile && !isFile:
		return usagef("--delete-file is for a FILE, and there is none")
	}
	return nil
}

func (p *program) addBackupCodes(ctx context.Context, o backupAddOptions) error {
	a := addition{replaces: o.number, named: o.service != "", day: backup.Day(p.now())}
	if o.policy != "" {
		policy, err := parsePolicy(o.policy)
		if err != nil {
			return err
		}
		a.policy = &policy
	}
	if o.appendsGiven {
		a.appends = &o.appends
	}
	r, err := p.openRecords(ctx, o.tokens.vault)
	if err != nil {
		return err
	}
	defer r.close()
	if r.vault == nil && o.onPaper == 0 {
		return errNoVaultForCodes
	}
	if a.id, err = p.accountForCodes(ctx, r, o); err != nil {
		return err
	}
	if a.service, err = r.serviceNamed(o.service, a.id); err != nil {
		return err
	}
	p.noteOffered(r, &a, o.source)
	source, err := p.readCodes(&a, o)
	if err != nil {
		return err
	}
	if err := p.confirmAddition(r, a, source, o); err != nil {
		return err
	}
	record, err := r.add(&a)
	if errors.Is(err, errNothingNew) {
		p.note("%s: these codes are recorded already. Nothing was changed.", printable(labelOf(a.id)))
		record, err = r.read(a.id)
	}
	if err != nil {
		return err
	}
	return errors.Join(p.reportAddition(r, a, record, o.json), p.disposeOf(r, a, source, o))
}

// errNoVaultForCodes says that there is nothing to keep codes in.
var errNoVaultForCodes = errors.New("there is no vault to keep backup codes in")

// errNoSuchService says that nothing is known of a service.
var errNoSuchService = errors.New("nothing is known of that service")

// serviceNamed returns what is known of a service by that name, or else of the one
// that the account is at.
func (r *records) serviceNamed(name string, id oath.ID) (services.Service, error) {
	if name == "" {
		return r.service(id, r.ledger.Known(id).Record), nil
	}
	s, found := r.known.Lookup(name)
	if !found {
		return s, usageError{about(oath.ID(name), errNoSuchService)}
	}
	return s, nil
}

// reportAddition tells what is recorded now.
func (p *program) reportAddition(r *records, a addition, record backup.Record, asJSON bool) error {
	p.reminded(a.id)
	if a.done != "" {
		p.note("%s: %s", printable(labelOf(a.id)), a.done)
	}
	if a.done != "" && !a.onPaper() {
		p.note("Put them on paper: tokenctl sheet --only-new")
	}
	if !asJSON {
		return nil
	}
	if l, err := readLedger(); err == nil {
		r.ledger = l
	}
	return p.printJSON(r.describeRecord(a.id, record, keptOf(record)))
}
