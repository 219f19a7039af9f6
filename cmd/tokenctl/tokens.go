package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/pcsc"
	"github.com/tokenctl/tokenctl/oath/vault"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

// tokenOptions choose the tokens that a command works with: every key that is
// plugged in and the vault, unless they say otherwise.
type tokenOptions struct {
	key    keyOptions
	vault  vaultOptions
	noKeys bool
}

func (o *tokenOptions) addFlags(c *cobra.Command) {
	o.key.addFlags(c)
	o.vault.addFlags(c)
	f := c.Flags()
	f.BoolVar(&o.noKeys, "no-keys", false, "leave the keys out: the vault alone")
	f.BoolVar(&o.vault.none, "no-vault", false, "leave the vault out: the keys alone")
	c.MarkFlagsMutuallyExclusive("no-keys", "no-vault")
	c.MarkFlagsMutuallyExclusive("no-keys", "device")
	c.MarkFlagsMutuallyExclusive("no-keys", "reader")
}

// namesKey reports whether one key was chosen, and the vault so left out.
func (o tokenOptions) namesKey() bool { return o.key.serial != 0 || o.key.reader != "" }

// tokens are a person's tokens, in use: the keys first, then the vault.
type tokens struct {
	fleet.Fleet
	keys   []*key
	vault  *vaultToken          // nil if there is none
	broken []*fleet.MemberError // members that are there, but cannot be opened
}

// close lets go of the tokens.
func (t *tokens) close() {
	t.releaseKeys()
	if t.vault != nil {
		t.vault.close()
	}
}

// releaseKeys lets go of the keys alone, so that their other applets can be used.
func (t *tokens) releaseKeys() {
	for _, k := range t.keys {
		k.close()
	}
	t.keys = nil
}

// addBroken adds a token that cannot be opened. It says so when it is needed, and
// does not stand in the way of the others.
func (t *tokens) addBroken(name string, err error) {
	t.broken = append(t.broken, &fleet.MemberError{Member: name, Err: err})
	t.Fleet = append(t.Fleet, &fleet.Member{Name: name, Open: func() (oath.Token, error) { return nil, err }})
}

// unlockVault opens the vault if what opens it was given, so that nobody need be
// asked.
func (t *tokens) unlockVault() error {
	if t.vault == nil || !t.vault.options.isGiven() {
		return nil
	}
	return t.vault.unlock()
}

// openTokens finds the tokens that the options choose. With named, every key is
// asked for its serial number, which its member is then named by; otherwise a
// single key is just "key". It returns an error if there is no token, or none that
// can be opened.
func (p *program) openTokens(ctx context.Context, o tokenOptions, named bool) (*tokens, error) {
	t := &tokens{}
	var noKey error
	if !o.noKeys {
		noKey = p.addKeys(ctx, t, o, named)
	}
	if o.namesKey() && noKey != nil {
		return nil, noKey
	}
	if noKey != nil && !isAbsence(noKey) {
		t.addBroken("key", noKey)
	}
	if !o.namesKey() && !o.vault.none {
		if err := p.addVault(ctx, t, o.vault); err != nil {
			t.close()
			return nil, err
		}
	}
	switch {
	case len(t.Fleet) == 0 && o.noKeys:
		return nil, vault.ErrNoVault
	case len(t.Fleet) == 0:
		return nil, noKey
	case len(t.broken) == len(t.Fleet):
		return nil, t.failure()
	}
	return t, nil
}

// failure tells why no token can be opened.
func (t *tokens) failure() error {
	if len(t.broken) == 1 {
		return t.broken[0].Err
	}
	var failures []error
	for _, b := range t.broken {
		failures = append(failures, b)
	}
	return errors.Join(failures...)
}

// isAbsence reports whether there just is no key, as for those who use a vault
// alone.
func isAbsence(err error) bool {
	return slices.ContainsFunc([]error{
		pcsc.ErrNoReader, pcsc.ErrNoCard, pcsc.ErrNoService, pcsc.ErrUnavailable, ykoath.ErrNoApplet,
	}, func(absence error) bool { return errors.Is(err, absence) })
}

func (p *program) addKeys(ctx context.Context, t *tokens, o tokenOptions, named bool) error {
	f, err := p.newFinder(ctx)
	if err != nil {
		return err
	}
	defer f.close()
	readers, err := f.occupied(o.key.reader)
	if err != nil {
		return err
	}
	switch {
	case o.key.serial != 0:
		k, err := f.withSerial(readers, o.key.serial)
		if err != nil {
			return err
		}
		p.addKey(ctx, t, k, k.name(), o.key.password)
	case len(readers) == 1 && !named:
		k, err := f.in(readers[0])
		if err != nil {
			return err
		}
		p.addKey(ctx, t, k, "key", o.key.password)
	default:
		return p.addAllKeys(ctx, t, f, readers, o.key.password)
	}
	return nil
}

// addAllKeys adds the keys in several readers. A password is for those that have
// one.
func (p *program) addAllKeys(ctx context.Context, t *tokens, f finder, readers []string, password passwordSource) error {
	keys, failures := f.all(readers)
	for _, k := range keys {
		source := password
		if len(keys) > 1 && !k.Locked() {
			source = passwordSource{}
		}
		p.addKey(ctx, t, k, k.name(), source)
	}
	for _, reader := range readers {
		if err := failures[reader]; err != nil {
			t.addBroken("key:"+reader, err)
		}
	}
	if len(t.Fleet) == 0 {
		return ykoath.ErrNoApplet
	}
	return nil
}

func (p *program) addKey(ctx context.Context, t *tokens, k *key, name string, password passwordSource) {
	t.keys = append(t.keys, k)
	t.Fleet = append(t.Fleet, &fleet.Member{Name: name, Open: func() (oath.Token, error) {
		if err := p.unlock(ctx, k.Session, password); err != nil {
			return nil, err
		}
		return touchedKey{k.Session, p}, nil
	}})
}

// A touchedKey is a key that tells its holder when it waits for a touch.
type touchedKey struct {
	*ykoath.Session
	p *program
}

// touchNotice is how long a key may take to answer before it is safe to say that
// it waits for a touch. It does not tell beforehand for every account.
var touchNotice = 400 * time.Millisecond

// Code computes a code as ykoath.Session does.
func (k touchedKey) Code(a oath.Account, at time.Time) (oath.Code, error) {
	if a.Touch {
		k.p.askTouch()
	} else {
		defer k.p.awaitTouch()()
	}
	return k.Session.Code(a, at)
}

func (p *program) askTouch() { p.note("Touch the key, please.") }

// awaitTouch asks for a touch if the key is still silent a while from now.
func (p *program) awaitTouch() (done func()) {
	timer := time.AfterFunc(touchNotice, p.askTouch)
	return func() { timer.Stop() }
}
