package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/settings"
)

// TestSettingsAreFlags makes sure that every setting is a flag of each of its commands.
func TestSettingsAreFlags(t *testing.T) {
	root := newRootCommand(&program{})
	for _, k := range settings.Keys {
		for _, command := range slices.Concat([]string{k.Command}, k.Also) {
			c, _, err := root.Find(strings.Fields(command))
			if err != nil || c == root {
				t.Errorf("%s: there is no command %q", k, command)
			} else if c.Flag(k.Flag) == nil {
				t.Errorf("%s: %s has no flag --%s", k, c.CommandPath(), k.Flag)
			}
		}
	}
}
