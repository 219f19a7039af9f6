package issuer

import (
	"cmp"
	"context"
	"errors"
	"slices"
)

// Redeemed is a code that was taken, once and for all.
type Redeemed struct {
	Generation, Number int
	Left               int  // unused ones in this set, after all that were taken by then
	Confirmed          bool // the set had waited to be confirmed, and is current now
}

// Low reports whether new codes are due: two are left, or fewer.
func (r Redeemed) Low() bool { return r.Left <= lowLeft }

const lowLeft = 2

// Redeem takes a code that a user typed, in any case and with any spaces and dashes.
// The errors are a *[UsedError], ErrSuperseded, ErrUnknown or ErrMalformed, a
// *[ThrottledError], ErrNoCodes, ErrNoKey, the context's, or the store's own; after the
// last, the code may have been spent all the same.
//
// What a code is worth is found out first, and said only if one more may be tried at the
// very moment at which it is taken, or counted as a wrong one. So a right code, sent
// twice, is no wrong one, and of a thousand guesses at once no more are answered than of
// a thousand one after the other.
//
// How long it takes depends on how many sets the user has, and not on which code it is.
// Who may learn which users have codes is for the service to decide: ErrNoCodes comes
// at once, and is shown like an ErrUnknown where nobody may.
func (i *Issuer) Redeem(ctx context.Context, user, typed string) (Redeemed, error) {
	return i.redeem(ctx, user, guess{typed: typed})
}

// RedeemNumber is Redeem for a service that asks for codes by number, as with
// Status.Next: only the code of that number is taken.
func (i *Issuer) RedeemNumber(ctx context.Context, user string, number int, typed string) (Redeemed, error) {
	if number < 1 {
		return Redeemed{}, ErrUnknown
	}
	return i.redeem(ctx, user, guess{typed, number})
}

func (i *Issuer) redeem(ctx context.Context, user string, g guess) (done Redeemed, err error) {
	defer func() { i.observeTyped(ctx, user, done, err) }()
	r, err := i.load(ctx, user)
	if err != nil {
		return Redeemed{}, err
	}
	found, err := i.find(ctx, user, r, g)
	switch {
	case err != nil:
		return Redeemed{}, err
	case !found.code.Used.IsZero():
		return Redeemed{}, &UsedError{found.set.Generation, found.code.Number, found.code.Used}
	case found.set.State == Superseded:
		return Redeemed{}, ErrSuperseded
	}
	// What was read is old by now. Who spends it decides.
	err = i.whileAllowed(ctx, user, r.Attempts, func(seen, _ Attempts) error {
		done, err = i.Store.Spend(ctx, user, Claim{found.set.Generation, found.code, i.now(), seen})
		return err
	})
	return done, err
}

// whileAllowed has the store do something provided that one more code may be tried:
// only if the attempts are still those seen. It returns a *ThrottledError if none may.
func (i *Issuer) whileAllowed(ctx context.Context, user string, seen Attempts, do func(seen, next Attempts) error) error {
	for range maxChanges {
		next, err := i.Throttle.count(seen, i.now())
		if err != nil {
			return err
		}
		if err := do(seen, next); !errors.Is(err, ErrChanged) {
			return err
		}
		r, err := i.load(ctx, user)
		if err != nil {
			return err
		}
		seen = r.Attempts
	}
	return ErrChanged
}

// maxChanges is how often somebody else may be first. With the waits of a Throttle it
// is a handful.
const maxChanges = 1000

// A guess is what was typed, for the code of a number if that is not 0.
type guess struct {
	typed  string
	number int
}

// maxTyped bounds what is looked at of an input, in bytes: the longest code with
// each character a group of its own, generously.
const maxTyped = 1024

// meant returns the code of this set that the guess can be.
func (g guess) meant(s Set) (string, bool) {
	if len(g.typed) > maxTyped {
		return "", false
	}
	code, ok := s.Alphabet.normalize(g.typed)
	return code, ok && len(code) == s.Length
}

// A match is a code that a guess is.
type match struct {
	set  Set
	code Code
}

// find returns what a guess is among the sets, spent or not. If it can be a code and is
// none, it counts as a wrong one.
func (i *Issuer) find(ctx context.Context, user string, r Record, g guess) (match, error) {
	var live, old []Set
	for _, s := range r.Sets {
		switch _, ok := g.meant(s); {
		case !ok:
		case s.State == Superseded:
			old = append(old, s)
		default:
			live = append(live, s)
		}
	}
	if len(live)+len(old) == 0 {
		return match{}, ErrMalformed
	}
	if _, err := i.Throttle.count(r.Attempts, i.now()); err != nil { // which costs no hash
		return match{}, err
	}
	found, err := i.best(ctx, user, live, g)
	if errors.Is(err, ErrUnknown) { // what would be refused anyway costs the hashes of old sets
		found, err = i.best(ctx, user, old, g)
	}
	if !errors.Is(err, ErrUnknown) {
		return found, err
	}
	err = i.whileAllowed(ctx, user, r.Attempts, func(seen, next Attempts) error {
		return i.Store.Attempt(ctx, user, seen, next)
	})
	return match{}, cmp.Or(err, ErrUnknown)
}

// best returns the match that serves the owner best: an unused one, and rather of
// the set in force than of one that would thereby be confirmed. Short codes can be
// in two sets by chance.
func (i *Issuer) best(ctx context.Context, user string, sets []Set, g guess) (match, error) {
	var matches []match
	var unchecked error
	for _, s := range sets {
		codes := slices.DeleteFunc(slices.Clone(s.Codes), func(c Code) bool { return g.number != 0 && c.Number != g.number })
		hashes := make([]string, len(codes))
		for n, c := range codes {
			hashes[n] = c.Hash
		}
		text, _ := g.meant(s)
		matched, err := i.hasher().Match(ctx, user, text, hashes)
		if err != nil {
			unchecked = err
		}
		for n, is := range matched {
			if is {
				matches = append(matches, match{s, codes[n]})
			}
		}
	}
	switch {
	case len(matches) > 0:
		return slices.MinFunc(matches, func(a, b match) int {
			return cmp.Or(a.code.Used.Compare(b.code.Used), a.set.Generation-b.set.Generation)
		}), nil
	case unchecked != nil: // it may be one of those
		return match{}, unchecked
	}
	return match{}, ErrUnknown
}
