package main

import (
	"errors"
	"regexp"
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

// TestNoRemedyDeletesTheOnlyCopy shows that no advice is to delete a thing that an error
// is about: it does not know what else holds it. To make room, an owner chooses.
func TestNoRemedyDeletesTheOnlyCopy(t *testing.T) {
	advice := regexp.MustCompile(`(?i)\b(delete (it|the|this|that|them)|wipe)`)
	for _, r := range remedies {
		if advice.MatchString(r.Hint) {
			t.Errorf("%v: %s", r.Of, r.Hint)
		}
	}
}
