package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/tokenctl/tokenctl/oath"
)

// A program is what the commands share with the world.
type program struct {
	in       io.Reader
	out, err io.Writer
	now      func() time.Time
	random   io.Reader
	terminal *terminal // nil if there is none
	command  string    // that was given, as in "tokenctl vault unlock"
	unshown  error     // why a result could not be written, if so

	told    map[oath.ID]bool // the accounts whose backup codes this command is about
	toldAll bool             // it is about all of them
}

// execute runs a command line and returns the exit status.
func (p *program) execute(ctx context.Context, args []string) int {
	var started *cobra.Command
	root := newRootCommand(p)
	root.PersistentPreRunE = func(c *cobra.Command, _ []string) error {
		if err := c.ValidateFlagGroups(); err != nil { // which cobra does only after this
			return err
		}
		started = c
		return nil
	}
	root.SetArgs(args)
	root.SetIn(p.in)
	root.SetOut(p.out)
	root.SetErr(p.err)
	p.command = root.CommandPath()
	if c, _, err := root.Find(args); err == nil {
		p.command = c.CommandPath()
	}
	err := unknownCommand(root, args)
	if err == nil {
		err = root.ExecuteContext(ctx)
	}
	if err == nil && p.unshown != nil {
		err = fmt.Errorf("writing the result: %w", p.unshown)
	}
	if err != nil && started == nil { // the command line itself was wrong
		err = usageError{err}
	}
	status := p.report(err)
	p.remind(started)
	return status
}

// unknownCommand returns an error for a command that a group does not have. Cobra
// would answer with the group's help, as if all were well.
func unknownCommand(root *cobra.Command, args []string) error {
	group, rest, err := root.Find(args)
	if err != nil || group.Runnable() || len(rest) == 0 || strings.HasPrefix(rest[0], "-") {
		return nil
	}
	return fmt.Errorf("unknown command %q for %q", rest[0], group.CommandPath())
}

func newRootCommand(p *program) *cobra.Command {
	root := &cobra.Command{
		Use:   "tokenctl",
		Short: "Two-factor accounts on a hardware key",
		Long: "Tokenctl keeps TOTP and HOTP accounts on hardware keys, any with the YubiKey OATH\n" +
			"applet, and in a vault that stands in where there is no key. A new account goes to\n" +
			"all of them at once, so that losing one locks nobody out.",
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetVersionTemplate("tokenctl {{.Version}}\n")
	root.SetHelpTemplate(root.HelpTemplate() + "\nExit status:\n" + exitStatuses)
	root.AddCommand(
		newEnrollCommand(p),
		newCodeCommand(p),
		newListCommand(p),
		newRenameCommand(p),
		newDeleteCommand(p),
		newKeysCommand(p),
		newPasswordCommand(p),
		newResetCommand(p),
		newInitCommand(p),
		newVaultCommand(p),
		newBackupCommand(p),
		newSheetCommand(p),
		newRestoreCommand(p),
	)
	return root
}

// note tells the user something that is not the result.
func (p *program) note(format string, args ...any) {
	fmt.Fprintf(p.err, format+"\n", args...)
}

// printLine writes a line of the result.
func (p *program) printLine(line string) {
	if _, err := fmt.Fprintln(p.out, line); err != nil {
		p.unshown = err
	}
}

// printJSON writes a result for other programs to read.
func (p *program) printJSON(v any) error {
	encoder := json.NewEncoder(p.out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

// showsResults reports whether a person is looking at the results.
func (p *program) showsResults() bool { return isTerminal(p.out) }

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
