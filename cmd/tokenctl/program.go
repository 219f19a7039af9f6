package main

import (
	"io"
	"time"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/diagnose"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/settings"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
)

// now is the clock, and system the computer that this runs on. Only tests have others.
var (
	now    = time.Now
	system = diagnose.Here
)

// A program is what the commands have in common.
type program struct {
	*term.Console
	random io.Reader
	open   *open.Opener

	settings []settings.Setting // that gave flags of this command their values

	reminded map[oath.ID]bool // accounts whose codes this command has spoken of already
	silent   bool             // it has spoken of all that is due
}

func newProgram(c term.Console, random io.Reader) *program {
	p := &program{Console: &c, random: random, reminded: make(map[oath.ID]bool)}
	p.open = open.NewOpener(p.Console, random)
	return p
}
