package main

import (
	"errors"
	"strings"
	"testing"
)

// A remedy that stands behind one of an error which it wraps would never be seen.
func TestNoRemedyHidesAnother(t *testing.T) {
	for i, r := range remedies {
		for _, before := range remedies[:i] {
			if errors.Is(r.Of, before.Of) {
				t.Errorf("the remedy of %q hides the one of %q", before.Of, r.Of)
			}
		}
		if r.Exit == 0 {
			t.Errorf("%q has no exit status", r.Of)
		}
	}
}

// TestNoRemedyDeletesTheOnlyCopy shows that no advice is to delete something: an error
// does not know what else holds it.
func TestNoRemedyDeletesTheOnlyCopy(t *testing.T) {
	for _, r := range remedies {
		if hint := strings.ToLower(r.Hint); strings.Contains(hint, "delet") || strings.Contains(hint, "wipe") {
			t.Errorf("%v: %s", r.Of, r.Hint)
		}
	}
}
