package main

import (
	"errors"
	"regexp"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
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

// TestNoOptionTakesASecret shows that what is secret has no place on the command line:
// options say where it comes from, a file, a command or standard input, or how it is used.
func TestNoOptionTakesASecret(t *testing.T) {
	secret := regexp.MustCompile(`pass|secret|\bpin\b|\bkey\b|\bcode\b|identity|token`)
	source := regexp.MustCompile(`-(file|command|stdin|policy)$`)
	seen := 0
	walkCommands(newRootCommand(&program{}), func(c *cobra.Command) {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if !secret.MatchString(f.Name) {
				return
			}
			seen++
			if f.Value.Type() != "bool" && !source.MatchString(f.Name) {
				t.Errorf("%s --%s takes a %s", c.CommandPath(), f.Name, f.Value.Type())
			}
		})
	})
	if seen < 20 {
		t.Errorf("%d such options were found", seen)
	}
}
