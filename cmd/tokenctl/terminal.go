package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/term"
)

// A terminal asks questions of the person in front of it, wherever standard
// input and output go. A nil terminal answers every question with errNoTerminal.
type terminal struct {
	in, out *os.File
	saved   *term.State
}

// openTerminal opens the process's terminal, and returns nil if it has none.
func openTerminal() *terminal {
	in, out, err := openConsole()
	if err != nil {
		return nil
	}
	saved, err := term.GetState(int(in.Fd()))
	if err != nil {
		return nil
	}
	return &terminal{in: in, out: out, saved: saved}
}

// close leaves the terminal as it was found, echo included.
func (t *terminal) close() {
	if t != nil {
		term.Restore(int(t.in.Fd()), t.saved)
	}
}

// tell prints a line.
func (t *terminal) tell(format string, args ...any) {
	fmt.Fprintf(t.out, format+"\n", args...)
}

// askSecret reads a line without echo.
func (t *terminal) askSecret(question string) (string, error) {
	if t == nil {
		return "", errNoTerminal
	}
	fmt.Fprintf(t.out, "%s: ", question)
	answer, err := term.ReadPassword(int(t.in.Fd()))
	fmt.Fprintln(t.out)
	if err != nil {
		return "", fmt.Errorf("reading from the terminal: %w", err)
	}
	return string(answer), nil
}

// askNewSecret reads a line without echo, twice, until both are the same.
func (t *terminal) askNewSecret(question string) (string, error) {
	for {
		first, err := t.askSecret(question)
		if err != nil {
			return "", err
		}
		second, err := t.askSecret("Again")
		if err != nil {
			return "", err
		}
		if first == second {
			return first, nil
		}
		t.tell("They differ. Once more, please.")
	}
}

// ask reads a line.
func (t *terminal) ask(question string) (string, error) {
	if t == nil {
		return "", errNoTerminal
	}
	fmt.Fprintf(t.out, "%s: ", question)
	var line []byte
	for b := make([]byte, 1); ; {
		n, err := t.in.Read(b)
		if err != nil {
			return "", fmt.Errorf("reading from the terminal: %w", err)
		}
		if n == 0 || b[0] == '\n' {
			return strings.TrimSpace(string(line)), nil
		}
		line = append(line, b[0])
	}
}

// confirm asks a question that only "yes" or "y" agrees to. It returns
// errDeclined for any other answer, and asks nothing if yes is true.
func (t *terminal) confirm(yes bool, format string, args ...any) error {
	if yes {
		return nil
	}
	answer, err := t.ask(fmt.Sprintf(format, args...) + " [y/N]")
	if err != nil {
		return err
	}
	switch strings.ToLower(answer) {
	case "y", "yes":
		return nil
	}
	return errDeclined
}

// printable returns text from a key, a file or a picture as it may be shown: what
// is not printable, and could take over the terminal, is written as in Go.
func printable(s string) string {
	quoted := strconv.QuoteToGraphic(s)
	unquoted := quoted[1 : len(quoted)-1]
	return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(unquoted)
}

// awaitEnter returns when a line is read from the terminal, or the context is
// done. It reads by a handle of its own, which can be told to stop.
func awaitEnter(ctx context.Context) {
	in, _, err := openConsole()
	if err != nil {
		<-ctx.Done()
		return
	}
	defer in.Close()
	defer context.AfterFunc(ctx, func() { in.SetReadDeadline(time.Unix(1, 0)) })()
	for b := make([]byte, 1); b[0] != '\n'; {
		if _, err := in.Read(b); err != nil {
			return
		}
	}
}
