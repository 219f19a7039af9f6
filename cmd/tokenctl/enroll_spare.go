package main

import (
	"context"
	"errors"
	"slices"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/otpauth"
	"github.com/tokenctl/tokenctl/oath/pcsc"
)

// mayOfferSpare reports whether to offer to wait for another key: to a person who
// named no token, has one key plugged in, and enrolls what a spare is good for.
func (p *program) mayOfferSpare(o enrollOptions, t *tokens, accounts []otpauth.Key) bool {
	free := len(o.to) == 0 && !o.tokens.namesKey() && !o.yes && !o.json
	timed := slices.ContainsFunc(accounts, func(k otpauth.Key) bool { return k.Account.Type == oath.TOTP })
	return free && timed && p.terminal != nil && p.showsResults() && len(t.keys) == 1
}

// offerSpare enrolls on each further key that is plugged in, until its owner has
// no more. The first key may be pulled out to make room.
func (p *program) offerSpare(ctx context.Context, t *tokens, o enrollOptions, accounts []otpauth.Key, results []enrolled) {
	seen := []string{t.keys[0].reader}
	t.releaseKeys()
	p.terminal.tell("A secret cannot be read back from a key. If you have a spare key, plug it in now,\nand it gets the same account. Otherwise, press Enter.")
	for {
		reader, err := p.awaitKey(ctx, &seen)
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				p.note("tokenctl: %v", err)
			}
			return
		}
		seen = append(seen, reader)
		if err := p.enrollSpare(ctx, o, accounts, results, reader); err != nil {
			p.report(err)
		}
		p.terminal.tell("Another one? Otherwise, press Enter.")
	}
}

// awaitKey returns the reader of a key that is plugged in from now on. It takes
// those that were empty meanwhile off the readers that were seen before. It returns
// context.Canceled if Enter is pressed.
func (p *program) awaitKey(ctx context.Context, seen *[]string) (reader string, err error) {
	service, err := pcsc.Connect()
	if err != nil {
		return "", err
	}
	defer service.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		awaitEnter(ctx)
		cancel()
	}()
	_, err = service.Wait(ctx, func(readers []pcsc.Reader) bool {
		var occupied []string
		for _, r := range readers {
			if r.Present {
				occupied = append(occupied, r.Name)
			}
		}
		*seen = slices.DeleteFunc(*seen, func(name string) bool { return !slices.Contains(occupied, name) })
		i := slices.IndexFunc(occupied, func(name string) bool { return !slices.Contains(*seen, name) })
		if i >= 0 {
			reader = occupied[i]
		}
		return i >= 0
	})
	return reader, err
}

func (p *program) enrollSpare(ctx context.Context, o enrollOptions, accounts []otpauth.Key, results []enrolled, reader string) error {
	f, err := p.newFinder(ctx)
	if err != nil {
		return err
	}
	defer f.close()
	k, err := f.identified(reader)
	if err != nil {
		return err
	}
	spare := &tokens{}
	defer spare.close()
	password := o.tokens.key.password
	if !k.Locked() {
		password = passwordSource{} // it is the first key's
	}
	p.addKey(ctx, spare, k, k.name(), password)
	for i, key := range accounts {
		r := &results[i]
		if k.serial != 0 && r.isOn(k.name()) {
			p.note("%s is the same key.", k.name())
			continue
		}
		r.forget(k.name())
		p.enrollOn(spare.Fleet, key, r, o.overwrite)
	}
	return nil
}

// isOn reports whether the account is on a token, and was checked there.
func (r *enrolled) isOn(token string) bool {
	return slices.ContainsFunc(r.outcomes, func(o fleet.Outcome) bool {
		return o.Member.Name == token && o.State == fleet.Checked
	})
}

// forget forgets what went wrong on a token, which is tried again.
func (r *enrolled) forget(token string) {
	r.outcomes = slices.DeleteFunc(r.outcomes, func(o fleet.Outcome) bool {
		return o.Member.Name == token && o.State != fleet.Checked
	})
}
