package issuer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// An Issuer makes and takes the backup codes of a service. Store, Now and Random
// must be set; the rest is good as it is. It is safe for concurrent use if what is in
// its fields is.
//
// Every method returns ErrUser for a name that no user can have, what its Store
// returns, and the context's error.
type Issuer struct {
	Store    Store
	Now      func() time.Time
	Random   io.Reader // cryptographically secure
	Form     Form      // of new sets; DefaultForm if zero
	Hasher   Hasher    // if nil, Argon2id{}, in this process GOMAXPROCS at once
	Throttle Throttle

	// Observe, if set, is called with what has happened, before the method returns.
	Observe func(context.Context, Event)
}

// Prepared is a new set, which is not in force yet. Printed, logged or marshalled, in
// whatever is around it, it shows no code.
type Prepared struct {
	Generation int // to Confirm or Abandon it by

	codes func() []string // which fmt cannot look into
}

// Codes returns the codes, to be shown to the owner, once. Their numbers are 1, 2, ....
func (p Prepared) Codes() []string {
	if p.codes == nil {
		return nil
	}
	return p.codes()
}

// Text returns the codes as a text to be downloaded, of lines like " 1. K7MPQ-3X9TW"
// under the title; tokenctl backup add reads it.
func (p Prepared) Text(title string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s\n\nEach code works once.\n\n", title)
	for n, code := range p.Codes() {
		fmt.Fprintf(&text, "%3d. %s\n", n+1, code)
	}
	return text.String()
}

// Prepare makes a new set of codes for a user, beside the one that is in force and
// instead of another that was prepared. To redeem one of them confirms them
// all: who prints new codes and forgets to say so is not locked out. It returns ErrForm
// for a Form that no codes can have.
func (i *Issuer) Prepare(ctx context.Context, user string) (Prepared, error) {
	if err := i.check(user); err != nil {
		return Prepared{}, err
	}
	form := i.Form
	if form == (Form{}) {
		form = DefaultForm
	}
	codes, err := Generate(form, i.Random)
	if err != nil {
		return Prepared{}, err
	}
	normal := make([]string, len(codes))
	for n, code := range codes {
		var ok bool
		if normal[n], ok = form.Alphabet.normalize(code); !ok {
			panic("issuer: a code is not of its alphabet")
		}
	}
	hashes, err := i.hasher().Hash(ctx, user, normal, i.Random)
	if err != nil {
		return Prepared{}, fmt.Errorf("hashing the backup codes: %w", err)
	}
	set := Set{State: Pending, Made: i.now(), Alphabet: form.Alphabet, Length: form.length()}
	for n, hash := range hashes {
		set.Codes = append(set.Codes, Code{Number: n + 1, Hash: hash})
	}
	generation, err := i.Store.Add(ctx, user, set)
	if err != nil {
		return Prepared{}, err
	}
	p := Prepared{generation, func() []string { return codes }}
	return p, i.observe(ctx, nil, Event{Kind: "prepared", User: user, Generation: generation, Left: len(codes)})
}

// Confirm puts a prepared set in force: from now on the one before is superseded.
// It returns ErrNotPending if the user has prepared another since.
func (i *Issuer) Confirm(ctx context.Context, user string, generation int) error {
	if err := i.check(user); err != nil {
		return err
	}
	return i.observe(ctx, i.Store.Confirm(ctx, user, generation), Event{Kind: "confirmed", User: user, Generation: generation})
}

// ConfirmByCode is Confirm for the set that one of its codes, typed by the owner,
// is of: proof that they have it on paper. The code stays unused. It counts and
// returns errors as Redeem does, and ErrNotPending if no set waits.
func (i *Issuer) ConfirmByCode(ctx context.Context, user, typed string) error {
	r, err := i.load(ctx, user)
	if err != nil {
		return err
	}
	waiting := slices.IndexFunc(r.Sets, func(s Set) bool { return s.State == Pending })
	if waiting < 0 {
		return ErrNotPending
	}
	r.Sets = r.Sets[waiting : waiting+1]
	found, err := i.find(ctx, user, r, guess{typed: typed})
	if err == nil { // it counts as wrong until it confirms
		err = i.whileAllowed(ctx, user, r.Attempts, func(seen, next Attempts) error {
			return i.Store.Attempt(ctx, user, seen, next)
		})
	}
	if err != nil {
		i.observeTyped(ctx, user, Redeemed{}, err)
		return err
	}
	return i.Confirm(ctx, user, found.set.Generation)
}

// Abandon forgets a prepared set. It returns ErrNotPending if that generation does not
// wait.
func (i *Issuer) Abandon(ctx context.Context, user string, generation int) error {
	if err := i.check(user); err != nil {
		return err
	}
	return i.observe(ctx, i.Store.Abandon(ctx, user, generation), Event{Kind: "abandoned", User: user, Generation: generation})
}

// Forgive lets a user try codes again who was throttled, after the service has made
// sure in another way of who it is. It returns ErrNoCodes for a user without codes.
func (i *Issuer) Forgive(ctx context.Context, user string) error {
	err := ErrChanged
	for n := 0; n < maxChanges && errors.Is(err, ErrChanged); n++ {
		r, failed := i.load(ctx, user)
		if failed != nil {
			return failed
		}
		err = i.Store.Attempt(ctx, user, r.Attempts, Attempts{})
	}
	return i.observe(ctx, err, Event{Kind: "forgiven", User: user})
}

// Remove forgets a user's codes, as when two-factor authentication is turned off,
// or the user deleted. It may be done again.
func (i *Issuer) Remove(ctx context.Context, user string) error {
	if err := i.check(user); err != nil {
		return err
	}
	return i.observe(ctx, i.Store.Remove(ctx, user), Event{Kind: "removed", User: user})
}

// load returns what is kept of a user, of whom there is one set at least.
func (i *Issuer) load(ctx context.Context, user string) (Record, error) {
	if err := i.check(user); err != nil {
		return Record{}, err
	}
	r, err := i.Store.Load(ctx, user)
	if err == nil && len(r.Sets) == 0 {
		err = ErrNoCodes
	}
	return r, err
}

// maxUser bounds the name of a user, in bytes: an address of e-mail has 254.
const maxUser = 512

func (i *Issuer) check(user string) error {
	switch {
	case i.Store == nil || i.Now == nil || i.Random == nil:
		return errors.New("issuer: Store, Now and Random must be set")
	case user == "" || len(user) > maxUser || !utf8.ValidString(user) || strings.ContainsRune(user, 0):
		return ErrUser
	}
	return i.Throttle.validate()
}

// argon2idAtOnce is shared by all issuers without a Hasher: memory is the process's.
var argon2idAtOnce = sync.OnceValue(func() Hasher { return AtOnce(runtime.GOMAXPROCS(0), Argon2id{}) })

func (i *Issuer) hasher() Hasher {
	if i.Hasher == nil {
		return argon2idAtOnce()
	}
	return i.Hasher
}

// now returns the time as every store keeps it.
func (i *Issuer) now() time.Time { return i.Now().UTC().Truncate(time.Microsecond) }
