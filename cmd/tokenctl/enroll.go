package main

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/otpauth"
	"github.com/tokenctl/tokenctl/oath/pcsc"
	"github.com/tokenctl/tokenctl/oath/vault"
)

type enrollOptions struct {
	tokens    tokenOptions
	to        []string
	allKeys   bool
	sources   []string
	typed     typedAccount
	touch     bool
	overwrite bool
	yes       bool
	json      bool
}

func newEnrollCommand(p *program) *cobra.Command {
	var o enrollOptions
	c := &cobra.Command{
		Use:   "enroll [SOURCE...]",
		Short: "Put an account on every key and in the vault",
		Long: "Enroll puts an account on every key that is plugged in, and in the vault: from an\n" +
			"otpauth URI, from a picture of the QR code that the service shows (PNG or JPEG),\n" +
			"from either of them on standard input (-), or from options and questions. Several\n" +
			"codes in one picture are several accounts.\n\n" +
			"Each key then computes a code, tokenctl computes the same one by itself, and if\n" +
			"they agree prints it, to be typed into the service at once.\n\n" +
			"Where an account is already, with the same secret, nothing changes: after a\n" +
			"failure halfway, the same command again does the rest.",
		Example: "  tokenctl enroll qr.png\n" +
			"  wl-paste --type image/png | tokenctl enroll -\n" +
			"  tokenctl enroll --issuer GitHub --account alice --touch",
		RunE: func(c *cobra.Command, args []string) error {
			o.sources = args
			if c.Flags().Changed("to") && len(o.to) == 0 {
				return usagef("--to names no token")
			}
			return p.enroll(c.Context(), o)
		},
	}
	o.tokens.addFlags(c)
	o.typed.addFlags(c)
	f := c.Flags()
	f.StringSliceVar(&o.to, "to", nil, "put it on these alone: `TOKEN` is key:SERIAL or vault; several parted by commas")
	f.BoolVar(&o.allKeys, "all-keys", false, "put it on every key that is plugged in, which is what happens without --to")
	f.BoolVarP(&o.touch, "touch", "t", false, "have the keys ask for a touch for each code")
	f.BoolVar(&o.overwrite, "overwrite", false, "replace the account where there is another of this name")
	f.BoolVarP(&o.yes, "yes", "y", false, "do not ask, and do not offer to wait for a spare key")
	f.BoolVar(&o.json, "json", false, "print JSON")
	for _, other := range []string{"device", "reader", "no-keys", "no-vault", "all-keys"} {
		c.MarkFlagsMutuallyExclusive("to", other)
	}
	return c
}

func (p *program) enroll(ctx context.Context, o enrollOptions) error {
	accounts, unread := p.accountsToEnroll(o)
	if len(accounts) == 0 {
		return unread
	}
	for i := range accounts {
		defer accounts[i].Secret.Clear()
		accounts[i].Account.Touch = o.touch
	}
	t, err := p.openTargets(ctx, o)
	if err != nil {
		return err
	}
	defer t.close()
	if err := t.unlockVault(); err != nil {
		return err
	}
	results := p.enrollAll(t.Fleet, accounts, o.overwrite)
	if p.mayOfferSpare(o, t, accounts) {
		p.offerSpare(ctx, t, o, accounts, results)
		p.renew(results, accounts)
	}
	return p.reportEnrolled(results, unread, o.json)
}

// accountsToEnroll returns the accounts, which may come with an error as those of
// readSources do.
func (p *program) accountsToEnroll(o enrollOptions) ([]otpauth.Key, error) {
	if len(o.sources) == 0 {
		key, err := p.readTyped(o.typed)
		if err != nil {
			return nil, err
		}
		return []otpauth.Key{key}, nil
	}
	if o.typed.describesCodes() || o.typed.secretStdin {
		return nil, usagef("a SOURCE tells type, secret and form of the codes; only --issuer and --account may change what it says")
	}
	accounts, unread := p.readSources(o.sources)
	if err := o.typed.rename(accounts); err != nil {
		return nil, err
	}
	accounts, err := withoutTwins(accounts)
	if err != nil {
		return nil, err
	}
	return accounts, unread
}

// withoutTwins leaves out accounts that come twice. Two of the same name with
// different secrets are an error, for one would take the other's place.
func withoutTwins(accounts []otpauth.Key) ([]otpauth.Key, error) {
	seen := make(map[oath.ID]oath.Secret, len(accounts))
	var distinct []otpauth.Key
	for _, key := range accounts {
		id := key.Account.ID()
		there, twin := seen[id]
		if twin && subtle.ConstantTimeCompare(there.Bytes(), key.Secret.Bytes()) == 0 {
			return nil, usagef("%q comes twice, with different secrets; enroll one by one, with another --account name", printable(string(id)))
		}
		if !twin {
			seen[id] = key.Secret
			distinct = append(distinct, key)
		}
	}
	return distinct, nil
}

// openTargets opens the tokens to enroll on.
func (p *program) openTargets(ctx context.Context, o enrollOptions) (*tokens, error) {
	if err := checkTargets(o.to); err != nil {
		return nil, err
	}
	if len(o.to) > 0 {
		o.tokens.noKeys = !slices.ContainsFunc(o.to, isKeyName)
		o.tokens.vault.none = !slices.Contains(o.to, vaultName)
	}
	t, err := p.openTokens(ctx, o.tokens, true)
	if isAbsence(err) && len(o.to) == 0 && !o.tokens.vault.none && !o.tokens.namesKey() {
		t, err = p.beginWithout(ctx, o.tokens, err)
	}
	if err != nil {
		return nil, err
	}
	if len(o.to) == 0 {
		return t, nil
	}
	var chosen fleet.Fleet
	for _, name := range o.to {
		i := slices.IndexFunc(t.Fleet, func(m *fleet.Member) bool { return m.Name == name })
		if i < 0 {
			t.close()
			return nil, missingTarget(name)
		}
		chosen = append(chosen, t.Fleet[i])
	}
	t.Fleet = chosen
	return t, nil
}

// beginWithout leads to init who has neither a key nor a vault yet, and opens the
// tokens again.
func (p *program) beginWithout(ctx context.Context, o tokenOptions, noKey error) (*tokens, error) {
	if p.terminal == nil {
		return nil, fmt.Errorf("%w: %w", errNoToken, noKey)
	}
	p.note("There is neither a key nor a vault to enroll on. Here is how to begin:\n")
	if err := p.init(ctx, vaultInitOptions{dir: o.vault.dir}); err != nil {
		return nil, err
	}
	p.note("")
	return p.openTokens(ctx, o, true)
}

func checkTargets(names []string) error {
	for i, name := range names {
		if name != vaultName && !isKeyName(name) {
			return usagef("--to %q is neither key:SERIAL nor vault", name)
		}
		if slices.Contains(names[:i], name) {
			return usagef("--to names %s twice", name)
		}
	}
	return nil
}

func isKeyName(name string) bool {
	serial, found := strings.CutPrefix(name, "key:")
	return found && serial != "" && strings.Trim(serial, "0123456789") == ""
}

func missingTarget(name string) error {
	if name == vaultName {
		return vault.ErrNoVault
	}
	return fmt.Errorf("%w: none is %s", errNoSuchKey, name)
}

// An enrolled account is one with what came of it on each token.
type enrolled struct {
	account  oath.Account
	code     oath.Code // that a token computed; zero if none could
	outcomes []fleet.Outcome
}

func (p *program) enrollAll(f fleet.Fleet, accounts []otpauth.Key, overwrite bool) []enrolled {
	results := make([]enrolled, len(accounts))
	for i, key := range accounts {
		results[i].account = key.Account
		if key.Account.Type == oath.HOTP && len(f) > 1 {
			p.note("%s counts its codes, and every token for itself. Use it on one token, or the counters drift apart.",
				printable(key.Account.Label()))
		}
		p.enrollOn(f, key, &results[i], overwrite)
	}
	return results
}

// enrollOn puts an account on tokens, and tells what is there as it happens.
func (p *program) enrollOn(f fleet.Fleet, key otpauth.Key, r *enrolled, overwrite bool) {
	e := fleet.Enrollment{Account: key.Account, Secret: key.Secret, Replace: overwrite, Now: p.now}
	for _, m := range f {
		o := e.On(m)
		r.outcomes = append(r.outcomes, o)
		if o.State == fleet.Checked {
			r.code = o.Code
		}
		p.noteOutcome(key.Account, o)
	}
}

func (p *program) noteOutcome(a oath.Account, o fleet.Outcome) {
	label := printable(a.Label())
	switch {
	case o.Already:
		p.note("%s: %s was there before, and computes the right code.", o.Member.Name, label)
	case o.State == fleet.Checked:
		p.note("%s: %s is there, and computes the right code.", o.Member.Name, label)
	case isSealed(o):
		p.note("%s: %s is there. It is locked, and computed no code.", o.Member.Name, label)
	}
}

// reportEnrolled prints the codes, and returns what went wrong.
func (p *program) reportEnrolled(results []enrolled, unread error, asJSON bool) error {
	if err := p.printEnrolled(results, asJSON); err != nil {
		return err
	}
	return enrollError(results, unread)
}

// renew computes the codes that a wait let expire. The tokens have shown already
// that they compute the same.
func (p *program) renew(results []enrolled, accounts []otpauth.Key) {
	for i, r := range results {
		if now := p.now(); !r.code.Until.IsZero() && r.code.Remaining(now) == 0 {
			if code, err := oath.Compute(r.account, accounts[i].Secret, now); err == nil {
				results[i].code = code
			}
		}
	}
}

// isSealed reports whether a token took the account, and was not checked only
// because it is locked.
func isSealed(o fleet.Outcome) bool {
	return o.State == fleet.Stored && errors.Is(o.Err, oath.ErrLocked)
}

func (p *program) printEnrolled(results []enrolled, asJSON bool) error {
	var rows [][]string
	for _, r := range results {
		if !r.code.IsZero() {
			rows = append(rows, []string{printable(string(r.account.ID())), r.code.Value})
		}
	}
	switch {
	case asJSON:
		return p.printJSON(mapSlice(results, describeEnrolled))
	case len(results) == 1 && len(rows) == 1:
		p.printLine(rows[0][1])
		p.note("The code%s", p.validity(results[0].code))
	default:
		p.printColumns(rows)
	}
	return nil
}

// enrollError tells which account is not where it should be, besides those that
// were not even read.
func enrollError(results []enrolled, unread error) error {
	var failures []error
	if unread != nil {
		failures = append(failures, unread)
	}
	done := 0
	for _, r := range results {
		for _, o := range r.outcomes {
			if o.State != fleet.Failed {
				done++
			}
			if failure := outcomeError(r.account, o); failure != nil {
				failures = append(failures, failure)
			}
		}
	}
	switch err := errors.Join(failures...); {
	case err == nil:
		return nil
	case done == 0:
		return err
	default:
		return fmt.Errorf("%w:\n%w", errUnfinished, err)
	}
}

// outcomeError tells what is where, unless all is well.
func outcomeError(a oath.Account, o fleet.Outcome) error {
	on := fmt.Sprintf("%s: %q", o.Member.Name, printable(a.Label()))
	switch {
	case o.State == fleet.Checked || isSealed(o):
		return nil
	case o.State == fleet.Stored:
		return fmt.Errorf("%s is there, but was not checked: %w", on, o.Err)
	case errors.Is(o.Err, oath.ErrExists):
		return fmt.Errorf("%s: %w", on, o.Err)
	case errors.Is(o.Err, oath.ErrRemoved) || errors.Is(o.Err, pcsc.ErrRemoved):
		return fmt.Errorf("%s may be there or not: %w", on, o.Err)
	}
	return fmt.Errorf("%s is not there: %w", on, o.Err)
}
