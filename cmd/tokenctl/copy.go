package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/capture"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
)

var copyRemedies = []term.Remedy{
	{Of: capture.ErrNoCopy, Exit: term.ExitFailure, Hint: "Install it: sudo apt install wl-clipboard"},
}

// maxClearAfter is for how long a code may stay on the clipboard, in seconds: an hour.
const maxClearAfter = 3600

// holdCommand is the command that a copier runs, by a name that nobody types.
const holdCommand = "__hold-clipboard"

// newHoldCommand makes the command that holds the clipboard for another one that has ended.
func newHoldCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use: holdCommand + " SECONDS", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			p.silent = true
			seconds, _ := strconv.Atoi(args[0])
			if err := checkClearAfter(seconds); err != nil {
				return err
			}
			return capture.Hold(c.Context(), p.In, p.Out, time.Duration(seconds)*time.Second)
		},
	}
}

// A copying is a clipboard that is ready for a code. It is looked for before the code is
// asked for, which may take a touch, or move a counter for nothing.
type copying struct {
	p          *program
	copier     *capture.Copier // nil where the terminal copies
	clearAfter int             // seconds
}

func checkClearAfter(seconds int) error {
	if seconds < 1 || seconds > maxClearAfter {
		return term.Usagef("--clear-after must be 1 to %d seconds", maxClearAfter)
	}
	return nil
}

func (p *program) startCopying(clearAfter int) (*copying, error) {
	if err := checkClearAfter(clearAfter); err != nil {
		return nil, err
	}
	place, err := capture.FindPlace()
	if err == nil && place == capture.Terminal && p.Terminal == nil {
		err = capture.ErrNoClipboard
	}
	if err != nil {
		return nil, fmt.Errorf("copying: %w", err)
	}
	c := &copying{p: p, clearAfter: clearAfter}
	if place == capture.Terminal {
		return c, nil
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	holder := exec.Command(program, holdCommand, strconv.Itoa(clearAfter))
	holder.Args[0] = os.Args[0]
	if c.copier, err = capture.StartCopier(holder); err != nil {
		return nil, fmt.Errorf("copying: %w", err)
	}
	return c, nil
}

// copy copies an account's code, and returns what to say of it.
func (c *copying) copy(ctx context.Context, a oath.Account, code oath.Code) (string, error) {
	left := "valid until used"
	if !code.Until.IsZero() {
		left = fmt.Sprintf("%d s left", roundUp(code.Remaining(c.p.Now())))
	}
	if c.copier == nil {
		if err := capture.ByTerminal(ctx, c.p.Terminal, code.Value); err != nil {
			return "", fmt.Errorf("copying: %w", err)
		}
		return fmt.Sprintf("Sent %s to the terminal's clipboard, %s; not cleared, for it cannot be read back", a.Label(), left), nil
	}
	if err := c.copier.Copy(code.Value); err != nil {
		return "", fmt.Errorf("copying: %w", err)
	}
	return fmt.Sprintf("Copied %s, %s; cleared in %d s", a.Label(), left, c.clearAfter), nil
}

// Close gives up a clipboard that nothing was copied to.
func (c *copying) Close() {
	if c.copier != nil {
		c.copier.Close()
	}
}
