// Package open finds a person's keys and vault, and asks for what opens them.
//
// An [Opener] opens [Tokens], which are a fleet with its keys first and then the vault;
// one key; the [Vault], which unlocks itself when it must; and the store of backup
// codes. What is chosen, and where passwords come from, say [TokenOptions], [KeyOptions],
// [VaultOptions] and [Password], which have flags of the command line.
package open

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/keys"
	"github.com/tokenctl/tokenctl/oath/vault"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

// An Opener opens tokens, and asks their owner at a console.
type Opener struct {
	*term.Console
	Random io.Reader

	named        bool // the vault's conflicts are
	memory       memory
	head         head
	touchCommand string
	typed        map[string]ykoath.AccessKey // what opened keys, of passwords that were typed, by device ID
}

// NewOpener returns an Opener that asks at a console.
func NewOpener(c *term.Console, random io.Reader) *Opener {
	return &Opener{Console: c, Random: random, typed: make(map[string]ykoath.AccessKey)}
}

// Tokens are a person's tokens, in use: the keys first, then the vault.
type Tokens struct {
	fleet.Fleet
	Vault  *Vault               // nil if there is none
	Broken []*fleet.MemberError // members that are there, but cannot be opened

	o      *Opener
	keys   []*keys.Key
	used   []*sighting      // the same keys
	off    []*keys.OffError // keys without their OATH applet
	noKey  error            // why no key is in use
	chosen bool             // options chose the tokens, and no other is missed
}

// NoTokens are those of a person who has none at hand.
func (o *Opener) NoTokens() *Tokens { return &Tokens{o: o} }

// Close releases the tokens.
func (t *Tokens) Close() {
	t.ReleaseKeys()
	if t.Vault != nil {
		t.Vault.Close()
	}
}

// ReleaseKeys releases the keys alone, so that their other applets can be used, or they
// can be pulled out. One that is needed afterwards is opened anew, without asking for its
// password again.
func (t *Tokens) ReleaseKeys() {
	for _, k := range t.keys {
		k.Close()
	}
	for _, m := range t.Keys() {
		m.Reset()
	}
}

// Readers returns the readers of the keys.
func (t *Tokens) Readers() (names []string) {
	for _, k := range t.keys {
		names = append(names, k.Reader)
	}
	return names
}

// Keys returns the members that are keys.
func (t *Tokens) Keys() fleet.Fleet {
	return slices.DeleteFunc(slices.Clone(t.Fleet), func(m *fleet.Member) bool { return m.IsVault() })
}

// HasVault reports whether the vault is one of the tokens that were chosen.
func (t *Tokens) HasVault() bool {
	return t.Vault != nil && slices.ContainsFunc(t.Fleet, func(m *fleet.Member) bool { return m.IsVault() })
}

// BrokenVault returns why the vault cannot be opened, if that is so.
func (t *Tokens) BrokenVault() error {
	for _, b := range t.Broken {
		if b.Member == fleet.VaultName {
			return b
		}
	}
	return nil
}

// UnlockVault opens the vault if what opens it was given, so that nobody need be
// asked.
func (t *Tokens) UnlockVault() error {
	if t.Vault == nil || !t.Vault.options.isGiven() {
		return nil
	}
	return t.Vault.Unlock()
}

// addBroken adds a token that cannot be opened. It says so when it is needed, and
// does not stand in the way of the others.
func (t *Tokens) addBroken(name string, err error) {
	t.Broken = append(t.Broken, &fleet.MemberError{Member: name, Err: err})
	t.Fleet = append(t.Fleet, &fleet.Member{Name: name, Open: func() (oath.Token, error) { return nil, err }})
}

// Tokens opens the tokens that the options choose. With named, every key is asked for
// its serial number, which its member is then named by; otherwise a single key is just
// "key". It returns an error if there is no token, or none that can be opened.
func (o *Opener) Tokens(ctx context.Context, options TokenOptions, named bool) (*Tokens, error) {
	o.touchCommand = options.Vault.TouchCommand
	t := &Tokens{o: o, chosen: options.NoKeys || options.NamesKey()}
	if !options.NoKeys {
		t.findKeys(ctx, options.Key, named)
	}
	if options.NamesKey() && t.noKey != nil {
		return nil, t.noKey
	}
	if !options.NamesKey() && !options.Vault.None {
		if err := o.addVault(ctx, t, options.Vault); err != nil {
			t.Close()
			return nil, err
		}
	}
	switch {
	case len(t.Fleet) == 0 && options.NoKeys:
		return nil, vault.ErrNoVault
	case len(t.Fleet) == 0:
		return nil, t.noKey
	case len(t.Broken) == 1 && len(t.Fleet) == 1:
		return nil, t.Broken[0].Err
	case len(t.Broken) == len(t.Fleet):
		var failures []error
		for _, b := range t.Broken {
			failures = append(failures, b)
		}
		return nil, errors.Join(failures...)
	}
	return t, nil
}

func (o *Opener) addKeys(ctx context.Context, t *Tokens, options KeyOptions, named bool) error {
	f, err := o.connect(ctx)
	if err != nil {
		return err
	}
	defer f.Close()
	readers, err := f.Readers(options.Reader)
	if err != nil {
		return err
	}
	if options.Serial != 0 || len(readers) == 1 && !named {
		k, err := f.OneIn(readers, options.Choice)
		if errors.Is(err, ykoath.ErrNoApplet) && options.Serial == 0 {
			k, err = f.Identify(readers[0]) // which shows whether it is a key at all
		}
		if err != nil {
			return err
		}
		name := "key"
		if options.Serial != 0 {
			name = k.Name()
		}
		o.addKey(ctx, t, k, name, options.Password)
		return nil
	}
	found, failures := f.All(readers)
	for _, k := range found {
		password := options.Password
		if len(found) > 1 && !k.Locked() { // the password is for those that have one
			password = Password{}
		}
		o.addKey(ctx, t, k, k.Name(), password)
	}
	for _, failure := range failures {
		if off := new(keys.OffError); errors.As(failure, &off) {
			t.off = append(t.off, off)
			continue
		}
		t.addBroken("key:"+failure.Reader, failure.Err)
	}
	switch {
	case len(t.Fleet) == 0 && len(t.off) > 0:
		return t.off[0]
	case len(t.Fleet) == 0:
		return ykoath.ErrNoApplet
	}
	return nil
}

func (o *Opener) addKey(ctx context.Context, t *Tokens, k *keys.Key, name string, password Password) {
	t.keys = append(t.keys, k)
	seen := o.saw(k.Serial, k.DeviceID())
	t.used = append(t.used, seen)
	hasPassword := k.HasPassword()
	seen.notes(func(known *ledger.Key) { known.Password = hasPassword })
	asks := k.Locked() && !password.IsGiven()
	t.Fleet = append(t.Fleet, &fleet.Member{Name: name, Asks: asks, Open: func() (oath.Token, error) {
		if err := o.reopen(ctx, k); err != nil {
			return nil, err
		}
		if err := o.Unlock(ctx, k, password); err != nil {
			return nil, err
		}
		return heldKey{touchedKey{k, o}, seen}, nil
	}})
}

// Renew takes the keys that are plugged in now instead of those that were. The vault stays
// as it is, and a key that its owner opened is opened again without asking.
func (t *Tokens) Renew(ctx context.Context, options TokenOptions) {
	t.ReleaseKeys()
	vault := slices.DeleteFunc(t.Fleet, func(m *fleet.Member) bool { return !m.IsVault() })
	t.Fleet, t.Broken, t.keys, t.used, t.off, t.noKey = nil, nil, nil, nil, nil, nil
	if !options.NoKeys {
		t.findKeys(ctx, options.Key, true)
	}
	t.Fleet = append(t.Fleet, vault...)
}

// findKeys adds the keys that the options choose, or why there are none.
func (t *Tokens) findKeys(ctx context.Context, options KeyOptions, named bool) {
	t.noKey = t.o.addKeys(ctx, t, options, named)
	if t.noKey == nil || IsAbsence(t.noKey) || !options.IsAny() {
		return
	}
	name := "key"
	if off := new(keys.OffError); errors.As(t.noKey, &off) {
		name = off.Name()
	}
	t.addBroken(name, t.noKey)
}

// reopen opens a key anew that was released.
func (o *Opener) reopen(ctx context.Context, k *keys.Key) error {
	if k.IsOpen() {
		return nil
	}
	f, err := o.connect(ctx)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Reopen(k)
}

// addVault adds the vault, if there is one. It returns an error if there is none
// where an option or the environment says so.
func (o *Opener) addVault(ctx context.Context, t *Tokens, options VaultOptions) error {
	open := func() (oath.Token, error) {
		v, err := o.Vault(ctx, options)
		if err != nil {
			return nil, err
		}
		v.beforePIV = t.ReleaseKeys
		t.Vault = v
		return v, nil
	}
	if options.Late && len(t.Fleet) > 0 && options.exists() {
		t.Fleet = append(t.Fleet, &fleet.Member{Name: fleet.VaultName, Open: open})
		return nil
	}
	v, err := open()
	switch {
	case errors.Is(err, vault.ErrNoVault) && !options.isNamed():
		return nil
	case errors.Is(err, vault.ErrNoVault):
		return err
	case err != nil:
		t.addBroken(fleet.VaultName, err)
		return nil
	}
	t.Fleet = append(t.Fleet, &fleet.Member{Name: fleet.VaultName, Open: func() (oath.Token, error) { return v, nil }})
	return nil
}

// IsName reports whether a name is a token's: key:SERIAL, or vault.
func IsName(name string) bool {
	serial, isKey := strings.CutPrefix(name, "key:")
	return name == fleet.VaultName || isKey && serial != "" && strings.Trim(serial, "0123456789") == ""
}

// Targets opens the tokens that the options choose: those of --to, or all.
func (o *Opener) Targets(ctx context.Context, options TokenOptions, to []string) (*Tokens, error) {
	if len(to) == 0 {
		return o.Tokens(ctx, options, true)
	}
	options.NoKeys = true
	for i, name := range to {
		switch {
		case !IsName(name):
			return nil, term.Usagef("--to %q is neither key:SERIAL nor vault", name)
		case slices.Contains(to[:i], name):
			return nil, term.Usagef("%s is named twice", name)
		}
		options.NoKeys = options.NoKeys && name == fleet.VaultName
	}
	options.Vault.None = !slices.Contains(to, fleet.VaultName)
	t, err := o.Tokens(ctx, options, true)
	if err != nil {
		return nil, err
	}
	t.chosen = true
	var chosen fleet.Fleet
	for _, name := range to {
		i := slices.IndexFunc(t.Fleet, func(m *fleet.Member) bool { return m.Name == name })
		switch {
		case i >= 0:
			chosen = append(chosen, t.Fleet[i])
			continue
		case name == fleet.VaultName:
			err = vault.ErrNoVault
		default:
			err = fmt.Errorf("%w: none is %s", keys.ErrNoSuchKey, name)
		}
		t.Close()
		return nil, err
	}
	t.Fleet = chosen
	return t, nil
}

// Spare opens the key in a reader beside others, whose password it may have.
func (o *Opener) Spare(ctx context.Context, reader string, password Password) (*Tokens, error) {
	f, err := o.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	k, err := f.Identify(reader)
	if err != nil {
		return nil, err
	}
	if !k.Locked() {
		password = Password{} // it is the first key's
	}
	t := &Tokens{o: o, chosen: true}
	o.addKey(ctx, t, k, k.Name(), password)
	return t, nil
}
