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
	Left               int  // unused ones in this set
	Confirmed          bool // the set had waited to be confirmed, and is current now
}

// Redeem takes a code that a user typed, in any case and with any spaces and dashes.
// The errors are ErrUsed, ErrSuperseded, ErrUnknown, ErrThrottled, ErrNoCodes, or
// the store's own; after the last, the code may have been spent all the same.
//
// How long it takes tells how many sets the user has, and nothing of the codes. Who
// may learn which users have codes is for the service to decide: ErrNoCodes comes
// at once, and is told like an ErrUnknown where nobody may.
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

func (i *Issuer) redeem(ctx context.Context, user string, g guess) (Redeemed, error) {
	sets, err := i.sets(ctx, user)
	if err != nil {
		return Redeemed{}, err
	}
	found, err := i.find(ctx, user, sets, g)
	if err != nil {
		return Redeemed{}, err
	}
	generation, number, now := found.set.Generation, found.code.Number, i.now()
	switch {
	case !found.code.Used.IsZero():
		return Redeemed{}, &UsedError{generation, number, found.code.Used}
	case found.set.State == Superseded:
		return Redeemed{}, ErrSuperseded
	}
	// What was read is old by now. Who spends it decides.
	err = i.Store.Spend(ctx, user, generation, found.code, now)
	if errors.Is(err, ErrUsed) {
		return Redeemed{}, &UsedError{generation, number, now}
	}
	if err != nil {
		return Redeemed{}, err
	}
	return Redeemed{generation, number, found.set.Left() - 1, found.set.State == Pending}, nil
}

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

// find returns what a guess is among the sets, spent or not. It counts the guess
// first, if it can be a code.
func (i *Issuer) find(ctx context.Context, user string, sets []Set, g guess) (match, error) {
	sets = slices.DeleteFunc(slices.Clone(sets), func(s Set) bool { _, ok := g.meant(s); return !ok })
	if len(sets) == 0 {
		return match{}, ErrMalformed
	}
	err := i.Store.Attempt(ctx, user, func(a Attempts) (Attempts, error) {
		return i.Throttle.count(a, i.now())
	})
	if err != nil {
		return match{}, err
	}
	live := func(s Set) bool { return s.State != Superseded }
	found, err := i.best(user, slices.DeleteFunc(slices.Clone(sets), func(s Set) bool { return !live(s) }), g)
	if !errors.Is(err, ErrUnknown) {
		return found, err
	}
	// Only what would be refused anyway costs the hashes of old sets.
	return i.best(user, slices.DeleteFunc(sets, live), g)
}

// best returns the match that serves the owner best: an unused one, and rather of
// the set in force than of one that would thereby be confirmed. Short codes can be
// in two sets by chance.
func (i *Issuer) best(user string, sets []Set, g guess) (match, error) {
	var matches []match
	var unchecked error
	for _, s := range sets {
		matched, err := i.matches(user, s, g)
		if err != nil {
			unchecked = err
		}
		matches = append(matches, matched...)
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

func (i *Issuer) matches(user string, s Set, g guess) ([]match, error) {
	codes := s.Codes
	if g.number != 0 {
		codes = slices.DeleteFunc(slices.Clone(codes), func(c Code) bool { return c.Number != g.number })
	}
	hashes := make([]string, len(codes))
	for n, c := range codes {
		hashes[n] = c.Hash
	}
	text, _ := g.meant(s)
	matched, err := i.hasher().Match(user, text, hashes)
	if err != nil {
		return nil, err
	}
	var found []match
	for n, is := range matched {
		if is {
			found = append(found, match{s, codes[n]})
		}
	}
	return found, nil
}
