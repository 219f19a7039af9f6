package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/otpauth"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

// errNameTaken says that an account cannot get a name which another one has.
var errNameTaken = errors.New("an account of that name is already there")

// errNamesTooLong says that names do not fit a key, and that nothing was stored.
var errNamesTooLong = errors.New("nothing was stored: a name does not fit the key")

// fitNames makes sure, before anything is stored, that the names of accounts fit a key.
// One that does not is asked for anew, and handed to renamed.
func (p *program) fitNames(accounts []otpauth.Key, yes bool, renamed func(old, new oath.ID)) error {
	var failures []error
	for i := range accounts {
		a := &accounts[i].Account
		for {
			long := ykoath.CheckID(a.ID())
			if long == nil {
				break
			}
			long = fmt.Errorf("%q: %w", term.Printable(a.Label()), long)
			if p.Terminal == nil || yes {
				failures = append(failures, long)
				break
			}
			p.Terminal.Show("%v.", long)
			label, err := p.Terminal.Ask("Another name for it, as ISSUER:ACCOUNT")
			if err != nil {
				return err
			}
			named, err := withLabel(*a, label)
			isTaken := slices.ContainsFunc(accounts, func(k otpauth.Key) bool { return k.Account.ID() == named.ID() })
			if err == nil && isTaken {
				err = errNameTaken
			}
			if err != nil {
				p.Terminal.Show("%v.", err)
				continue
			}
			renamed(a.ID(), named.ID())
			*a = named
		}
	}
	if len(failures) > 0 {
		return fmt.Errorf("%w:\n%w", errNamesTooLong, errors.Join(failures...))
	}
	return nil
}

// withLabel returns the account under the name that a label gives it. A change
// from or to Steam's issuer would change what its codes look like.
func withLabel(a oath.Account, label string) (oath.Account, error) {
	if err := otpauth.CheckName(label); err != nil {
		return oath.Account{}, err
	}
	named := oath.ID(label).Account(oath.HOTP) // a label has no period to cut off
	renamed := a
	renamed.Issuer, renamed.Name = named.Issuer, named.Name
	if renamed.IsSteam() != a.IsSteam() {
		return oath.Account{}, term.Usagef("the issuer %q makes an account's codes Steam codes, and cannot be given or taken by renaming", oath.SteamIssuer)
	}
	valid := renamed.WithDefaults()
	return renamed, valid.Validate()
}

// accountsOn returns the accounts on tokens, as far as these can be asked. What keeps one
// from that shows when it is used.
func accountsOn(t *open.Tokens) []oath.Account {
	held, _ := t.List()
	return mapSlice(held, func(h fleet.Holding) oath.Account { return h.Account })
}

// noteShadows says which queries find an account since it got its name, and found one of
// those that were there until then.
func (p *program) noteShadows(there []oath.Account, named oath.Account) {
	for _, s := range oath.Shadows(there, named) {
		p.Note("%q found %s until now, and finds %s from now on.\nIf it should not: %s",
			s.Query, term.Printable(s.Before.Label()), term.Printable(named.Label()),
			term.Command("tokenctl rename", named.ID(), "")+" NEW-NAME")
	}
}
