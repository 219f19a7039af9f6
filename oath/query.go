package oath

import (
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
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
// neither case nor the form in which Unicode writes a letter counts. It returns
// ErrNotFound if none fits.
func Match(accounts []Account, query string) ([]Account, error) {
	exact, folded := make([]names, len(accounts)), make([]names, len(accounts))
	for i, a := range accounts {
		n := names{string(a.ID()), a.Label(), a.Issuer, a.Name}
		exact[i], folded[i] = n, names{fold(n.id), fold(n.label), fold(n.issuer), fold(n.name)}
	}
	for tier, fits := range queryTiers {
		called := exact
		if tier >= 2 {
			called = folded
		}
		if tier == 2 {
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

// fold returns what texts have in common that differ in case alone, or in whether an
// accent is a character of its own (Unicode, section 3.13, D145).
func fold(s string) string {
	return norm.NFC.String(cases.Fold().String(norm.NFD.String(s)))
}
