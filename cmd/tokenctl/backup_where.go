package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup/services"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
)

func newBackupWhereCommand(p *program) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "where SERVICE",
		Short: "Show what is known of a service's backup codes",
		Long: "Where shows what is known of the backup codes of a SERVICE, by its name or its\n" +
			"domain, before any are recorded: whether it hands them out and how many, what using\n" +
			"one costs, where new ones are made and what becomes of the old ones; or what to do\n" +
			"where there are none. It asks no service, and marks what is only a guess.",
		Example: "  tokenctl backup where github\n  tokenctl backup where twitter",
		Args:    cobra.ExactArgs(1),
		RunE:    func(_ *cobra.Command, args []string) error { return p.whereBackupCodes(args[0], asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// errUnknownService says that no table has a service.
var errUnknownService = errors.New("unknown service")

// serviceJSON is what is known of a service; docs/json.md describes it.
type serviceJSON struct {
	Name        string `json:"name"`
	Codes       string `json:"codes"` // "yes", "no" or "unknown"
	Count       int    `json:"count,omitempty"`
	Renew       string `json:"renew,omitempty"`
	Hint        bool   `json:"hint"`
	Description string `json:"description"`
}

func (p *program) whereBackupCodes(query string, asJSON bool) error {
	s, known := p.open.Services().Lookup(query)
	if !known {
		return fmt.Errorf("%q: %w", query, errUnknownService)
	}
	if !asJSON {
		for _, sentence := range s.Describe() {
			if sentence != "" {
				p.PrintText(term.Plain, "%s", sentence)
			}
		}
		return nil
	}
	answers := [...]string{services.Yes: "yes", services.No: "no", services.Unknown: "unknown"}
	j := serviceJSON{Name: s.Name, Codes: answers[s.Codes], Count: s.Count, Renew: s.Where, Hint: s.Confidence == services.Hint}
	for _, sentence := range s.Describe() {
		j.Description += sentence + " "
	}
	j.Description = strings.TrimSpace(j.Description)
	return p.PrintJSON(j)
}
