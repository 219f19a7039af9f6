package issuer

import (
	"context"
	"fmt"
	"io"
)

// A Hasher makes of codes what a store keeps. Codes come to it normalised. What it
// returns are strings of the PHC format ("$name$parameters$salt$hash"), which say
// by themselves how they were made. Hash and Match return the context's error if they
// end for that. A Hasher is safe for concurrent use.
type Hasher interface {
	// Hash returns a string for each code of a new set.
	Hash(ctx context.Context, user string, codes []string, random io.Reader) ([]string, error)

	// Knows reports whether Match can check such a string.
	Knows(hash string) bool

	// Match reports for each of the strings whether it is the code's. It looks at all of
	// them, in a time that does not depend on which it is. It returns ErrNoKey for a
	// string that it does not know, and ErrDamaged for one that is cut.
	Match(ctx context.Context, user, code string, hashes []string) ([]bool, error)
}

// AtOnce returns a Hasher that has another one compute for n callers at a time, and
// the others wait, as long as their contexts let them. It is what bounds the memory that
// Argon2id takes: n times as much as one hash does. Fewer than 1 counts as 1.
func AtOnce(n int, h Hasher) Hasher { return atOnce{h, make(chan struct{}, max(n, 1))} }

type atOnce struct {
	Hasher
	computing chan struct{}
}

func (a atOnce) enter(ctx context.Context) error {
	select {
	case a.computing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (a atOnce) leave() { <-a.computing }

func (a atOnce) Hash(ctx context.Context, user string, codes []string, random io.Reader) ([]string, error) {
	if err := a.enter(ctx); err != nil {
		return nil, err
	}
	defer a.leave()
	return a.Hasher.Hash(ctx, user, codes, random)
}

func (a atOnce) Match(ctx context.Context, user, code string, hashes []string) ([]bool, error) {
	if err := a.enter(ctx); err != nil {
		return nil, err
	}
	defer a.leave()
	return a.Hasher.Match(ctx, user, code, hashes)
}

// AnyOf returns a Hasher that makes what the first one does, and knows what any of
// them does: the way from one to another, while codes of both are out.
func AnyOf(hashers ...Hasher) Hasher { return anyOf(hashers) }

type anyOf []Hasher

func (a anyOf) Hash(ctx context.Context, user string, codes []string, random io.Reader) ([]string, error) {
	if len(a) == 0 {
		return nil, fmt.Errorf("%w: no hasher", ErrNoKey)
	}
	return a[0].Hash(ctx, user, codes, random)
}

func (a anyOf) Knows(hash string) bool { return a.index(hash) < len(a) }

// index returns the first hasher that knows a hash, or one past the last.
func (a anyOf) index(hash string) int {
	for i, h := range a {
		if h.Knows(hash) {
			return i
		}
	}
	return len(a)
}

func (a anyOf) Match(ctx context.Context, user, code string, hashes []string) ([]bool, error) {
	parts := make([][]string, len(a)+1) // by who knows them
	for _, hash := range hashes {
		i := a.index(hash)
		parts[i] = append(parts[i], hash)
	}
	if len(parts[len(a)]) > 0 {
		return nil, ErrNoKey
	}
	matched := make([][]bool, len(a))
	for i, h := range a {
		var err error
		if len(parts[i]) == 0 {
			continue
		}
		if matched[i], err = h.Match(ctx, user, code, parts[i]); err != nil {
			return nil, err
		}
	}
	all := make([]bool, len(hashes))
	for n, hash := range hashes {
		i := a.index(hash)
		all[n], matched[i] = matched[i][0], matched[i][1:]
	}
	return all, nil
}
