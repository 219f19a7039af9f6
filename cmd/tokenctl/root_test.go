package main

import (
	"errors"
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
