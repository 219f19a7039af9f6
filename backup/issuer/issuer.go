package issuer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// An Issuer makes and takes the backup codes of a service. Store, Now and Random
// must be set; the rest is good as it is. It may be used by many goroutines at once
// if its fields may.
type Issuer struct {
	Store    Store
	Now      func() time.Time
	Random   io.Reader // cryptographically secure
	Form     Form      // of new sets; DefaultForm if zero
	Hasher   Hasher    // Argon2id{} if nil
	Throttle Throttle
}

// Prepared is a new set, which is not in force yet.
type Prepared struct {
	Generation int      // to Confirm or Abandon it by
	Codes      []string // to be shown to the owner, once; their numbers are 1, 2, ...
}

// Prepare makes a new set of codes for a user, beside the one that is in force and
// in the place of another that was prepared. To redeem one of them confirms them
// all: who prints new codes and forgets to say so is not locked out.
func (i *Issuer) Prepare(ctx context.Context, user string) (Prepared, error) {
	if err := i.check(user); err != nil {
		return Prepared{}, err
	}
	form := i.form()
	codes, err := Generate(form, i.Random)
	if err != nil {
		return Prepared{}, err
	}
	hashes, err := i.hasher().Hash(user, mustNormalize(form.Alphabet, codes), i.Random)
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
	return Prepared{generation, codes}, nil
}

// mustNormalize takes the groups out of codes that were just made.
func mustNormalize(a Alphabet, codes []string) []string {
	normal := make([]string, len(codes))
	for n, code := range codes {
		var ok bool
		if normal[n], ok = a.normalize(code); !ok {
			panic("issuer: a code is not of its alphabet")
		}
	}
	return normal
}

// Confirm puts a prepared set in force: from now on the one before is superseded.
// It returns ErrNotPending if the user has prepared another since.
func (i *Issuer) Confirm(ctx context.Context, user string, generation int) error {
	if err := i.check(user); err != nil {
		return err
	}
	return i.Store.Confirm(ctx, user, generation)
}

// ConfirmByCode is Confirm for the set that one of its codes, typed by the owner,
// is of: proof that they have it on paper. The code stays unused. It counts and
// returns errors as Redeem does, and ErrNotPending if no set waits.
func (i *Issuer) ConfirmByCode(ctx context.Context, user, typed string) error {
	sets, err := i.sets(ctx, user)
	if err != nil {
		return err
	}
	sets = slices.DeleteFunc(sets, func(s Set) bool { return s.State != Pending })
	if len(sets) == 0 {
		return ErrNotPending
	}
	found, err := i.find(ctx, user, sets, guess{typed: typed})
	if err != nil {
		return err
	}
	return i.Store.Confirm(ctx, user, found.set.Generation)
}

// Abandon forgets a prepared set. It returns ErrNotPending if there is none of this
// generation.
func (i *Issuer) Abandon(ctx context.Context, user string, generation int) error {
	if err := i.check(user); err != nil {
		return err
	}
	return i.Store.Abandon(ctx, user, generation)
}

// Forgive lets a user try codes again who was throttled, after the service has made
// sure in another way of who it is.
func (i *Issuer) Forgive(ctx context.Context, user string) error {
	if err := i.check(user); err != nil {
		return err
	}
	return i.Store.Attempt(ctx, user, func(Attempts) (Attempts, error) { return Attempts{}, nil })
}

// Remove forgets a user's codes, as when two-factor authentication is turned off,
// or the user deleted.
func (i *Issuer) Remove(ctx context.Context, user string) error {
	if err := i.check(user); err != nil {
		return err
	}
	return i.Store.Remove(ctx, user)
}

// sets returns a user's sets, of which there is at least one.
func (i *Issuer) sets(ctx context.Context, user string) ([]Set, error) {
	if err := i.check(user); err != nil {
		return nil, err
	}
	sets, err := i.Store.Sets(ctx, user)
	if err == nil && len(sets) == 0 {
		err = ErrNoCodes
	}
	return sets, err
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
	return nil
}

func (i *Issuer) form() Form {
	if i.Form == (Form{}) {
		return DefaultForm
	}
	return i.Form
}

func (i *Issuer) hasher() Hasher {
	if i.Hasher == nil {
		return Argon2id{}
	}
	return i.Hasher
}

// now returns the time as every store keeps it.
func (i *Issuer) now() time.Time { return i.Now().UTC().Truncate(time.Microsecond) }
