package main

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

type enrollOptions struct {
	key       keyOptions
	to        string
	sources   []string
	typed     typedAccount
	touch     bool
	overwrite bool
	json      bool
}

func newEnrollCommand(p *program) *cobra.Command {
	var o enrollOptions
	c := &cobra.Command{
		Use:   "enroll [SOURCE...]",
		Short: "Put an account on the key",
		Long: "Enroll puts an account on the key: from an otpauth URI, from a picture of the QR\n" +
			"code that the service shows (PNG or JPEG), from either of them on standard input\n" +
			"(-), or from options and questions. Several codes in one picture are several\n" +
			"accounts.\n\n" +
			"The key then computes a code, tokenctl computes the same one by itself, and if\n" +
			"they agree prints it, to be typed into the service at once.",
		Example: "  tokenctl enroll qr.png\n" +
			"  wl-paste --type image/png | tokenctl enroll -\n" +
			"  tokenctl enroll --issuer GitHub --account alice --touch",
		RunE: func(c *cobra.Command, args []string) error {
			o.sources = args
			return p.enroll(c.Context(), o)
		},
	}
	o.key.addFlags(c)
	o.typed.addFlags(c)
	f := c.Flags()
	f.StringVar(&o.to, "to", "", "put it on the key with this serial number, as in `key:SERIAL`")
	f.BoolVarP(&o.touch, "touch", "t", false, "have the key ask for a touch for each code")
	f.BoolVar(&o.overwrite, "overwrite", false, "replace the account if there is one of this name")
	f.BoolVar(&o.json, "json", false, "print JSON")
	c.MarkFlagsMutuallyExclusive("to", "device")
	return c
}

func (p *program) enroll(ctx context.Context, o enrollOptions) error {
	if err := o.chooseTarget(); err != nil {
		return err
	}
	accounts, err := p.accountsToEnroll(o)
	if err != nil {
		return err
	}
	for i := range accounts {
		defer accounts[i].Secret.Clear()
		accounts[i].Account.Touch = o.touch
	}
	k, err := p.openKey(ctx, o.key)
	if err != nil {
		return err
	}
	defer k.close()
	entries, err := p.enrollAll(k, accounts, o.overwrite)
	if shown := p.showEnrolled(entries, o.json); shown != nil {
		return shown
	}
	return err
}

// chooseTarget turns --to into the choice of a key.
func (o *enrollOptions) chooseTarget() error {
	if o.to == "" {
		return nil
	}
	serial, found := strings.CutPrefix(o.to, "key:")
	n, err := strconv.ParseUint(serial, 10, 32)
	if !found || err != nil || n == 0 {
		return usagef("--to %q is not of the form key:SERIAL", o.to)
	}
	o.key.serial = uint32(n)
	return nil
}

func (p *program) accountsToEnroll(o enrollOptions) ([]otpauth.Key, error) {
	if len(o.sources) == 0 {
		key, err := p.readTyped(o.typed)
		return []otpauth.Key{key}, err
	}
	if o.typed.describesCodes() || o.typed.secretStdin {
		return nil, usagef("a SOURCE tells type, secret and form of the codes; only --issuer and --account may change what it says")
	}
	accounts, err := p.readSources(o.sources)
	if err != nil {
		return nil, err
	}
	return accounts, o.typed.rename(accounts)
}

// enrollAll enrolls one account after the other, until one fails. The error
// wraps errPartly if something was done before.
func (p *program) enrollAll(k *key, accounts []otpauth.Key, overwrite bool) ([]oath.Entry, error) {
	var entries []oath.Entry
	for _, account := range accounts {
		entry, err := p.enrollOne(k, account, overwrite)
		if err != nil && len(entries) > 0 && !errors.Is(err, errPartly) {
			err = fmt.Errorf("%w: %d of %d accounts are on the key; %w", errPartly, len(entries), len(accounts), err)
		}
		if err != nil {
			return entries, err
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

// enrollOne stores an account and checks it: the key's code must be the one that
// is computed here.
func (p *program) enrollOne(k *key, account otpauth.Key, overwrite bool) (oath.Entry, error) {
	a := account.Account
	label := printable(a.Label())
	store := k.Put
	if overwrite {
		store = k.Replace
	}
	if err := store(a, account.Secret); err != nil {
		return oath.Entry{}, fmt.Errorf("enrolling %q: %w", label, err)
	}
	at := p.now()
	expected, err := oath.Compute(a, account.Secret, at)
	if err != nil {
		return oath.Entry{}, err
	}
	entry, err := p.askCode(k, a, at)
	if err != nil {
		return oath.Entry{}, fmt.Errorf("%w: the account is on the key, but was not checked: %w", errPartly, err)
	}
	if subtle.ConstantTimeCompare([]byte(entry.Code.Value), []byte(expected.Value)) == 0 {
		return oath.Entry{}, withdraw(k, a)
	}
	return entry, nil
}

// withdraw removes an account whose codes are wrong.
func withdraw(k *key, a oath.Account) error {
	label := printable(a.Label())
	if err := k.Delete(a.ID()); err != nil {
		return fmt.Errorf("%w for %q, and cannot delete it: %w", errUnequal, label, err)
	}
	return fmt.Errorf("%w for %q; it is deleted from the key again", errUnequal, label)
}

// showEnrolled prints the codes that were checked.
func (p *program) showEnrolled(entries []oath.Entry, asJSON bool) error {
	switch {
	case asJSON:
		return p.printJSON(mapSlice(entries, describeEntry))
	case len(entries) == 1:
		e := entries[0]
		p.note("%s is on the key, which computes the right code%s", printable(e.Account.Label()), p.validity(e.Code))
		fmt.Fprintln(p.out, e.Code.Value)
	default:
		p.printColumns(mapSlice(entries, codeRow))
	}
	return nil
}
