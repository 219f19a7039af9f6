package main

import (
	"cmp"
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
)

func newStatusCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show where you stand, and the one thing to do next",
		Long: "Status shows on one screen which accounts there are, on which keys, in the vault and\n" +
			"on paper, what is the worst that a single loss could do, and the one thing to do\n" +
			"next. It looks at what is plugged in, asks for no password, and knows the rest from\n" +
			"before: each fact is as old as it says. For all of it: tokenctl doctor",
		Example: "  tokenctl status",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return p.status(c.Context()) },
	}
}

func (p *program) status(ctx context.Context) error {
	s, err := p.readiness(ctx, false)
	if err != nil {
		return err
	}
	p.silent = true
	s.failures = errors.Join(s.noKey, s.failures)
	if len(s.Accounts) == 0 && s.Vault == nil && s.failures == nil {
		return p.howToBegin(s)
	}
	p.PrintColumns(s.overview())
	p.noteUnlooked(s)
	p.PrintLine("")
	risks := s.Open()
	switch {
	case len(risks) == 0 && s.failures == nil && len(s.Accounts) > 0:
		p.PrintText(term.Green, "No single loss locks you out, as far as is known.")
	case len(risks) == 0:
	default:
		what, remedy := s.wordsOf(risks[0])
		p.PrintText(term.Yellow, "%s", term.Wrap("At risk: "+what+".", cmp.Or(p.Width(), term.LineWidth)))
		if more := len(risks) - 1; more > 0 {
			p.PrintText(term.Plain, "And %s: tokenctl doctor", term.Count(more, "more risk"))
		}
		p.PrintLine("")
		p.PrintText(term.Plain, "Next: %s", remedy)
	}
	if len(s.Accounts) == 0 {
		p.PrintLine("Next: tokenctl enroll picture.png")
	}
	return term.Partly(s.failures, 1)
}

// howToBegin is for who has nothing yet.
func (p *program) howToBegin(s *standing) error {
	p.PrintLine("Nothing is set up yet.")
	if n := len(s.plugged); n > 0 {
		p.PrintText(term.Plain, "%s plugged in, with no account that tokenctl can see.", term.Are(n, "key"))
	}
	p.noteUnlooked(s)
	p.PrintLine("")
	p.PrintLine("Next: tokenctl init")
	return nil
}
