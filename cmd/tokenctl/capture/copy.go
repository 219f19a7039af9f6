package capture

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

var (
	// ErrNoCopy is returned where copying takes a program that is not there.
	ErrNoCopy = errors.New("writing to the clipboard needs wl-copy, which was not found")

	// ErrNoClipboard says that there is nothing that could be pasted from.
	ErrNoClipboard = errors.New("neither a desktop nor a terminal with a clipboard")
)

// A Place is where copying goes.
type Place byte

const (
	Desktop  Place = iota + 1 // its clipboard, by a [Copier]
	Terminal                  // the clipboard of whoever looks at the terminal, by [ByTerminal]
)

// maxText is how long a text can be that is copied, in bytes: a code is far shorter.
const maxText = 1 << 10

// A Copier is a process that puts one text on the desktop's clipboard, and takes it off
// again. On X11 and Wayland what is copied is there for as long as a program holds it; so
// this one continues on its own when the program that started it ends. It is given the text
// through a pipe, where no other program sees it.
type Copier struct {
	text   io.WriteCloser
	answer *bufio.Reader
}

// answers of a process that holds the clipboard, a line each. Any other is an error.
const (
	ready  = "ready"
	copied = "copied"
)

// StartCopier starts a program that calls Hold, and returns once it has reached the
// clipboard.
func StartCopier(holder *exec.Cmd) (*Copier, error) {
	detach(holder)
	text, err := holder.StdinPipe()
	if err != nil {
		return nil, err
	}
	answer, err := holder.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := holder.Start(); err != nil {
		return nil, err
	}
	go holder.Process.Wait() // lest it stays a zombie
	c := newCopier(text, answer)
	if err := c.await(ready); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func newCopier(text io.WriteCloser, answer io.Reader) *Copier {
	return &Copier{text, bufio.NewReader(answer)}
}

// Copy copies a text. It may be called once.
func (c *Copier) Copy(text string) error {
	if _, err := io.WriteString(c.text, text); err != nil {
		return err
	}
	c.Close()
	return c.await(copied)
}

// Close ends a process that was given no text to copy.
func (c *Copier) Close() { c.text.Close() }

func (c *Copier) await(want string) error {
	line, err := c.answer.ReadString('\n')
	switch line = strings.TrimSpace(line); {
	case line == want:
		return nil
	case line == "" && err != nil:
		return fmt.Errorf("the process that holds the clipboard ended: %w", err)
	}
	return errors.New(line)
}

// Hold is the process that a Copier starts, between its standard input and output. It
// copies the text, and takes it off the clipboard when the context is done; but not what
// another program copied meanwhile, which ends it at once.
func Hold(ctx context.Context, in io.Reader, out io.Writer, clearAfter time.Duration) (err error) {
	defer func() {
		if err != nil {
			fmt.Fprintln(out, strings.ReplaceAll(err.Error(), "\n", " "))
		}
	}()
	h, err := newHolder(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, ready)
	text, err := io.ReadAll(io.LimitReader(in, maxText+1))
	if err != nil || len(text) == 0 {
		return err
	}
	if len(text) > maxText {
		return fmt.Errorf("a text of more than %d bytes", maxText)
	}
	return h.hold(text, clearAfter, func() { fmt.Fprintln(out, copied) })
}

// holdByScript has a script copy its standard input, write "copied", wait, and clear the
// clipboard if nothing else was copied.
func holdByScript(ctx context.Context, text []byte, held func(), name string, args ...string) error {
	c := exec.CommandContext(ctx, name, args...)
	c.Stdin = strings.NewReader(string(text))
	var complaint bounded
	c.Stderr = &complaint
	answer, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		return err
	}
	line, _ := bufio.NewReader(answer).ReadString('\n')
	if strings.TrimSpace(line) == copied {
		held()
	}
	if err := c.Wait(); err != nil {
		return complained(name, err, complaint)
	}
	return nil
}

// ByTerminal has a terminal copy a text (xterm, "Operating System Commands", 52), through
// tmux or GNU Screen if they are in between. Whether the terminal does, it does not say.
func ByTerminal(ctx context.Context, terminal io.Writer, text string) error {
	sequence := "\x1b]52;c;" + base64.StdEncoding.EncodeToString([]byte(text)) + "\a"
	switch {
	case os.Getenv("TMUX") != "": // which takes the sequence of its own commands alone, unless it is set otherwise
		c := exec.CommandContext(ctx, "tmux", "load-buffer", "-w", "-b", "tokenctl", "-", ";", "delete-buffer", "-b", "tokenctl")
		c.Stdin = strings.NewReader(text)
		if c.Run() == nil {
			return nil
		}
	case os.Getenv("STY") != "":
		sequence = "\x1bP" + sequence + "\x1b\\"
	}
	_, err := io.WriteString(terminal, sequence)
	return err
}
