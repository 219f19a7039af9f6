package term

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/term"
)

var (
	// ErrNoTerminal says that a question cannot be asked.
	ErrNoTerminal = errors.New("no terminal to ask on")

	// ErrDeclined says that the user answered no.
	ErrDeclined = errors.New("nothing was done")
)

// PasswordTries is how often a wrong password may be typed.
const PasswordTries = 3

// A Terminal asks questions of a person. A nil Terminal answers every question with
// ErrNoTerminal.
type Terminal struct {
	in, out *os.File
	saved   *term.State
	screen  *Screen // nil if it was not asked for
}

// OpenTerminal opens the process's terminal, and returns nil if it has none.
func OpenTerminal() *Terminal {
	in, out, err := openConsole()
	if err != nil {
		return nil
	}
	saved, err := term.GetState(int(in.Fd()))
	if err != nil {
		return nil
	}
	return &Terminal{in: in, out: out, saved: saved}
}

// Close leaves the terminal as it was found, echo included.
func (t *Terminal) Close() {
	if t != nil {
		if t.screen != nil {
			t.screen.end()
		}
		term.Restore(int(t.in.Fd()), t.saved)
	}
}

// Show prints a line.
func (t *Terminal) Show(format string, args ...any) {
	fmt.Fprintln(t.out, Wrap(printableLines(format, args...), widthOf(t.out)))
}

// prompt asks for what is typed behind it.
func (t *Terminal) prompt(question string) {
	fmt.Fprint(t.out, Wrap(printableLines("%s:", question), widthOf(t.out)), " ")
}

// Write writes bytes as they are: control sequences of this program's own. Anything else
// is for Show.
func (t *Terminal) Write(b []byte) (int, error) { return t.out.Write(b) }

// Ask reads a line.
func (t *Terminal) Ask(question string) (string, error) {
	if t == nil {
		return "", ErrNoTerminal
	}
	t.prompt(question)
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

// ExpandHome returns the name of a file as a shell would understand it that was typed at
// a question: with the home folder for ~/, and without quotation marks around it.
func ExpandHome(file string) string {
	if n := len(file); n > 1 && (file[0] == '\'' || file[0] == '"') && file[n-1] == file[0] {
		return file[1 : n-1]
	}
	home, err := os.UserHomeDir()
	if rest, found := strings.CutPrefix(file, "~/"); found && err == nil {
		return filepath.Join(home, rest)
	}
	return file
}

// Confirm asks a question about what destroys or discloses something: only "yes" or "y"
// agrees to it. It returns ErrDeclined for any other answer, and asks nothing if yes is
// true.
func (t *Terminal) Confirm(yes bool, format string, args ...any) error {
	return t.agree(yes, "n", fmt.Sprintf(format, args...)+" [y/N]")
}

// Agree is Confirm for what is safe and usual: Enter agrees to it as well.
func (t *Terminal) Agree(yes bool, format string, args ...any) error {
	return t.agree(yes, "y", fmt.Sprintf(format, args...)+" [Y/n]")
}

func (t *Terminal) agree(yes bool, enter, question string) error {
	if yes {
		return nil
	}
	answer, err := t.Ask(question)
	if err != nil {
		return err
	}
	switch strings.ToLower(cmp.Or(answer, enter)) {
	case "y", "yes":
		return nil
	}
	return ErrDeclined
}

// AskSecret reads a line without echo.
func (t *Terminal) AskSecret(question string) (string, error) {
	if t == nil {
		return "", ErrNoTerminal
	}
	t.prompt(question)
	answer, err := term.ReadPassword(int(t.in.Fd()))
	fmt.Fprintln(t.out)
	if err != nil {
		return "", fmt.Errorf("reading from the terminal: %w", err)
	}
	return string(answer), nil
}

// AskNewSecret reads a line without echo, twice, until both are the same.
func (t *Terminal) AskNewSecret(question string) (string, error) {
	for {
		first, err := t.AskSecret(question)
		if err != nil {
			return "", err
		}
		second, err := t.AskSecret("Again")
		if err != nil {
			return "", err
		}
		if first == second {
			return first, nil
		}
		t.Show("They differ. Please try again.")
	}
}

// TryPassword asks for a password until it opens something, PasswordTries times at
// most. A wrong one is an error that wraps wrong.
func (t *Terminal) TryPassword(question string, wrong error, open func(password string) error) error {
	for try := 1; ; try++ {
		password, err := t.AskSecret(question)
		if err != nil {
			return err
		}
		err = open(password)
		if !errors.Is(err, wrong) || try == PasswordTries {
			return err
		}
		t.Show("That is not it.")
	}
}

// pasteGap is how long a paste may pause after an empty line that is in it, and
// not its end.
const pasteGap = 400 * time.Millisecond

// Paste reads lines, until Ctrl-D or an empty line that nothing follows: lists of
// codes have empty lines in them, and the rest would be taken for the next answer.
// It stops after max bytes and one line. What is typed shows: nobody could see
// otherwise whether the paste came through.
func (t *Terminal) Paste(question string, max int) ([]byte, error) {
	if t == nil {
		return nil, ErrNoTerminal
	}
	in, _, err := openConsole() // a handle of its own, whose reads can be ended
	if err != nil {
		return nil, err
	}
	defer in.Close()
	mayPause := in.SetReadDeadline(time.Time{}) == nil
	if mayPause {
		t.Show("%s, and then an empty line:", question)
	} else {
		t.Show("%s, and then end-of-file (Ctrl-D, or Ctrl-Z and Enter on Windows):", question)
	}
	var text []byte
	for b := make([]byte, 4096); len(text) <= max; {
		if mayPause {
			in.SetReadDeadline(endOfPaste(text))
		}
		n, err := in.Read(b)
		text = append(text, b[:n]...)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded) || err == io.EOF:
			return text, nil
		case err != nil:
			return nil, fmt.Errorf("reading from the terminal: %w", err)
		}
	}
	return text, nil
}

// endOfPaste returns when a paste is over if nothing more comes: never, unless it
// ends in an empty line.
func endOfPaste(text []byte) time.Time {
	lines, ended := bytes.CutSuffix(text, []byte("\n"))
	last := lines[bytes.LastIndexByte(lines, '\n')+1:]
	if ended && len(bytes.TrimSpace(last)) == 0 {
		return time.Now().Add(pasteGap)
	}
	return time.Time{}
}

// AwaitEnter returns when a line is read from the terminal, or the context is done.
// It reads by a handle of its own, whose reads can be ended.
func AwaitEnter(ctx context.Context) {
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
