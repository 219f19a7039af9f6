package oath

import (
	"slices"
	"strings"
)

// An AmbiguousError lists the accounts that a query fits. It wraps ErrAmbiguous.
type AmbiguousError struct {
	Query   string
	Matches []Account
}

func (e *AmbiguousError) Error() string { return ErrAmbiguous.Error() }
func (e *AmbiguousError) Unwrap() error { return ErrAmbiguous }

// queryTiers are the ways in which a query fits an account, the strictest first. From
// the third on, query and names are folded.
var queryTiers = []func(a names, query string) bool{
	func(a names, query string) bool { return a.id == query },
	names.has,
	func(a names, query string) bool { return a.id == query || a.has(query) },
	func(a names, query string) bool {
		return strings.HasPrefix(a.label, query) || strings.HasPrefix(a.name, query)
	},
	func(a names, query string) bool { return strings.Contains(a.label, query) },
}

// names are what an account may be called.
type names struct{ id, label, issuer, name string }

func (n names) has(query string) bool {
	return n.label == query || n.name == query || n.issuer != "" && n.issuer == query
}

// Match returns the accounts that fit the query best: those with that very ID; or else
// with that very label, issuer or name; or else with the same but for case; or else
// those that begin with it, and last those that contain it. In the latter three,
// case does not count; nor, but for the ID, does the form in which Unicode writes a letter. It returns
// ErrNotFound if none fits.
func Match(accounts []Account, query string) ([]Account, error) {
	exact, folded := make([]names, len(accounts)), make([]names, len(accounts))
	for i, a := range accounts {
		id := string(a.ID())
		exact[i] = names{id, compose(a.Label()), compose(a.Issuer), compose(a.Name)}
		folded[i] = names{fold(id), fold(a.Label()), fold(a.Issuer), fold(a.Name)}
	}
	for tier, fits := range queryTiers {
		called := exact
		if tier >= 2 {
			called = folded
		}
		switch tier {
		case 1:
			query = compose(query)
		case 2:
			query = fold(query)
		}
		var matches []Account
		for i, a := range accounts {
			if fits(called[i], query) {
				matches = append(matches, a)
			}
		}
		if len(matches) > 0 {
			return matches, nil
		}
	}
	return nil, ErrNotFound
}

// MatchOne returns the one account that fits the query best. It returns
// ErrNotFound if there is none, and an *AmbiguousError if there are several.
func MatchOne(accounts []Account, query string) (Account, error) {
	matches, err := Match(accounts, query)
	if err != nil {
		return Account{}, err
	}
	if len(matches) > 1 {
		return Account{}, &AmbiguousError{Query: query, Matches: matches}
	}
	return matches[0], nil
}

// A Shadow is a query that found one account, and finds another since that was added.
type Shadow struct {
	Query  string
	Before Account
}

// Shadows returns what the name of an account that is added hides: its label, issuer or
// name, as queries that found another one until then, if not as well.
func Shadows(accounts []Account, added Account) (shadows []Shadow) {
	after := append(slices.Clone(accounts), added)
	for _, query := range []string{added.Label(), added.Issuer, added.Name} {
		before, err := MatchOne(accounts, query)
		if query == "" || err != nil || slices.ContainsFunc(shadows, func(s Shadow) bool { return s.Query == query }) {
			continue
		}
		now, err := MatchOne(after, query)
		if err == nil && now.ID() == added.ID() && before.ID() != added.ID() {
			shadows = append(shadows, Shadow{query, before})
		}
	}
	return shadows
}
