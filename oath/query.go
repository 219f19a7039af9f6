package oath

import (
	"strings"
)

// An AmbiguousError lists the accounts that a query fits. It wraps ErrAmbiguous.
type AmbiguousError struct {
	Query   string
	Matches []Account
}

func (e *AmbiguousError) Error() string { return ErrAmbiguous.Error() }
func (e *AmbiguousError) Unwrap() error { return ErrAmbiguous }

// queryTiers are the ways in which a query fits an account, the strictest first.
var queryTiers = []func(a Account, query string) bool{
	func(a Account, query string) bool { return string(a.ID()) == query },
	func(a Account, query string) bool {
		return compose(a.Name) == compose(query) || compose(a.Label()) == compose(query)
	},
	func(a Account, query string) bool {
		return hasPrefixFold(a.Label(), query) || hasPrefixFold(a.Name, query)
	},
	func(a Account, query string) bool { return strings.Contains(fold(a.Label()), fold(query)) },
}

// Match returns the accounts that fit the query best: those with that very ID;
// or else with that very name; or else that begin with it; or else that contain
// it. Case does not count in the latter two, nor, but for the ID, Unicode's normal
// form. It returns ErrNotFound if none does.
func Match(accounts []Account, query string) ([]Account, error) {
	for _, fits := range queryTiers {
		var matches []Account
		for _, a := range accounts {
			if fits(a, query) {
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

func hasPrefixFold(s, prefix string) bool { return strings.HasPrefix(fold(s), fold(prefix)) }
