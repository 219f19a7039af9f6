package backup

import "fmt"

// A Policy is what a service does with its codes. The zero value is AnyOrder, as
// most do.
type Policy byte

const (
	// AnyOrder: each code is good once, whichever comes first.
	AnyOrder Policy = iota

	// InOrder: each is good once, and using one voids those before it.
	InOrder

	// ByNumber: the service asks for the code of a number. Each is good once.
	ByNumber

	// Replaced: each is good once; the service then shows a new one in its place.
	// Record.ReplaceCode records that.
	Replaced

	// DisablesTwoFactor: each is good once, and using it turns two-factor
	// authentication off for the account. Warn before.
	DisablesTwoFactor

	// Reusable: a code stays good however often it is used. The date of its last
	// use is kept.
	Reusable
)

var policyNames = [...]string{
	AnyOrder: "any order", InOrder: "in order", ByNumber: "by number", Replaced: "replaced",
	DisablesTwoFactor: "disables two-factor", Reusable: "reusable",
}

// String returns the policy as a Record's text and the ledger have it: "any
// order", "in order", "by number", "replaced", "disables two-factor", "reusable".
func (p Policy) String() string {
	if int(p) < len(policyNames) {
		return policyNames[p]
	}
	return fmt.Sprintf("policy %d", byte(p))
}

// ParsePolicy reads what String returns.
func ParsePolicy(text string) (Policy, error) {
	for p, name := range policyNames {
		if text == name {
			return Policy(p), nil
		}
	}
	return 0, fmt.Errorf("%q is none of the policies for backup codes: %q", text, policyNames)
}

// MarshalText returns the same as String, or an error for a number that is none of
// the policies.
func (p Policy) MarshalText() ([]byte, error) {
	if int(p) >= len(policyNames) {
		return nil, fmt.Errorf("%v is not known", p)
	}
	return []byte(p.String()), nil
}

// UnmarshalText reads what MarshalText writes.
func (p *Policy) UnmarshalText(text []byte) error {
	parsed, err := ParsePolicy(string(text))
	if err == nil {
		*p = parsed
	}
	return err
}
