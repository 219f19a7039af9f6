package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/diagnose"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
)

// errUnreachable says that doctor found what keeps a key from being reached.
var errUnreachable = errors.New("a key cannot be reached, or its codes would be refused")

// doctorRemedies give doctor its exit status: what to do stands beside each finding.
var doctorRemedies = []term.Remedy{{Of: errUnreachable, Exit: term.ExitNoKey}}

func newDoctorCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Find out why a key cannot be reached",
		Long: "Doctor looks for what keeps keys from being reached, and says what to do about it:\n" +
			"the smart card service, who may use it, the driver, USB, the readers and the cards\n" +
			"in them, programs that hold a key, its firmware, and this computer's clock. It\n" +
			"changes nothing, ends no program and asks for no password.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.doctor(c.Context()) },
	}
}

func (p *program) doctor(ctx context.Context) error {
	findings := system().Keys(ctx, p.open)
	for _, f := range findings {
		p.PrintLine(f.Grade.String() + ": " + f.Text + ".")
		if f.Advice != "" {
			for line := range strings.SplitSeq(f.Advice, "\n") {
				p.PrintLine("  " + line)
			}
		}
	}
	if slices.ContainsFunc(findings, func(f diagnose.Finding) bool { return f.Grade == diagnose.Fault }) {
		return errUnreachable
	}
	return nil
}
