package main

import (
	"context"
	"crypto/subtle"
	"errors"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/otpauth"
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

	sheet      sheetOutput
	wantsSheet bool
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
			"With --sheet, what was put on a token goes on a recovery sheet as well, while its\n" +
			"secret is in hand: for those who keep no vault.\n\n" +
			"Where an account is already, with the same secret, nothing changes: after a\n" +
			"failure halfway, the same command again does the rest.",
		Example: "  tokenctl enroll qr.png\n" +
			"  wl-paste --type image/png | tokenctl enroll -\n" +
			"  tokenctl enroll --issuer GitHub --account alice --touch",
		RunE: func(c *cobra.Command, args []string) error {
			o.sources = args
			o.wantsSheet = c.Flags().Changed("sheet")
			if c.Flags().Changed("to") && len(o.to) == 0 {
				return usagef("--to names no token")
			}
			return p.enroll(c.Context(), o)
		},
	}
	o.tokens.addFlags(c)
	o.typed.addFlags(c)
	o.addTargetFlags(c)
	c.Flags().StringVar(&o.sheet.file, "sheet", "", "put it on paper as well: write a recovery sheet to `FILE`, .pdf, .html or .txt")
	return c
}

// addTargetFlags adds the flags that say what to enroll on, and how.
func (o *enrollOptions) addTargetFlags(c *cobra.Command) {
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
}

func (p *program) enroll(ctx context.Context, o enrollOptions) error {
	if err := o.checkSheet(p); err != nil {
		return err
	}
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
	paper, unwritten := p.sheetEnrolled(ctx, accounts, results, o)
	if p.mayOfferSpare(o, t, accounts) {
		p.offerSpare(ctx, t, o, accounts, results)
		p.renew(results, accounts)
		if paper != nil {
			unwritten = paper.complete(ctx, p, accounts, results)
		}
	}
	err = p.reportEnrolled(results, errors.Join(unread, unwritten), o.json)
	if err != nil && paper != nil {
		p.note("The sheet is made. Leave out --sheet when you give the command again.")
	}
	return err
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
