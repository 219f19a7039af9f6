package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

// A passwordSource is where a password comes from that nobody is asked for.
type passwordSource struct {
	file, command string
}

// addFlags adds --NAME-file and --NAME-command for what the password is of.
func (s *passwordSource) addFlags(c *cobra.Command, name, what string) {
	c.Flags().StringVar(&s.file, name+"-file", "", "read "+what+" from the first line of `FILE`")
	c.Flags().StringVar(&s.command, name+"-command", "", "read "+what+" from the first line that `CMD` prints")
	c.MarkFlagsMutuallyExclusive(name+"-file", name+"-command")
}

func (s passwordSource) isGiven() bool { return s.file != "" || s.command != "" }

// name tells where the password is to come from.
func (s passwordSource) name() string {
	if s.file != "" {
		return printable(s.file)
	}
	return "what the password command prints"
}

// read returns the password, without the end of its line.
func (s passwordSource) read(ctx context.Context) (string, error) {
	var text []byte
	var err error
	if s.file != "" {
		text, err = os.ReadFile(s.file)
	} else {
		text, err = shell(ctx, s.command).Output()
	}
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", s.name(), err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	line = strings.TrimSuffix(line, "\r")
	switch {
	case line == "":
		return "", fmt.Errorf("reading %s: %w: the first line is empty", s.name(), errNoPassword)
	case !utf8.ValidString(line):
		return "", fmt.Errorf("reading %s: %w: it is not UTF-8", s.name(), errNoPassword)
	}
	return line, nil
}

func shell(ctx context.Context, command string) *exec.Cmd {
	name, flag := "sh", "-c"
	if runtime.GOOS == "windows" {
		name, flag = "cmd", "/c"
	}
	c := exec.CommandContext(ctx, name, flag, command)
	c.Stderr = os.Stderr
	return c
}

// passwordTries is how often a wrong password may be corrected at the terminal.
const passwordTries = 3

// unlock opens a key that has a password, with the one given, the one remembered,
// or one asked for.
func (p *program) unlock(ctx context.Context, s *ykoath.Session, source passwordSource) error {
	switch {
	case !s.Locked() && source.isGiven():
		return fmt.Errorf("%w: this key is open to everyone", oath.ErrNoPassword)
	case !s.Locked():
		return nil
	case source.isGiven():
		password, err := source.read(ctx)
		if err != nil {
			return err
		}
		return unlockWith(s, password)
	}
	if done, err := p.unlockRemembered(s); done || err != nil {
		return err
	}
	return p.unlockAsking(s)
}

func unlockWith(s *ykoath.Session, password string) error {
	accessKey, err := ykoath.DeriveAccessKey(password, s.Salt())
	if err != nil {
		return err
	}
	return s.Unlock(accessKey)
}

// unlockRemembered tries what the keyring holds. A password that does not open
// the key any more is as good as none.
func (p *program) unlockRemembered(s *ykoath.Session) (done bool, err error) {
	accessKey, found := recallAccessKey(s.DeviceID())
	if !found {
		return false, nil
	}
	err = s.Unlock(accessKey)
	if errors.Is(err, oath.ErrWrongPassword) {
		p.note("The remembered password does not open this key any more.")
		return false, nil
	}
	return err == nil, err
}

func (p *program) unlockAsking(s *ykoath.Session) error {
	for try := 1; ; try++ {
		password, err := p.terminal.askSecret("Password of the key")
		if errors.Is(err, errNoTerminal) {
			return oath.ErrLocked
		}
		if err != nil {
			return err
		}
		err = unlockWith(s, password)
		if !errors.Is(err, oath.ErrWrongPassword) || try == passwordTries {
			return err
		}
		p.terminal.tell("That is not it.")
	}
}
