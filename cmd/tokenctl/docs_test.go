//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tokenctl/tokenctl/oath/oathtest"
)

// TestDocs runs every command line of README.md and docs/*.md, and compares what is
// printed with what the document has under it; -update writes that anew. A document is
// one story, run from top to bottom by one shell, on a terminal of 80 columns, in the
// fresh home of Alice, on a day in November 2026. What a reader types stands in a block:
//
//	```console
//	$ tokenctl code github
//	807670
//	```
//
// What happens besides stands in a comment above the block, in the language of
// TestScripts: keys that are plugged in, answers that are typed; "answer REGEXP TEXT" is
// expect and type, and "secret REGEXP TEXT" types what does not show. There, $ begins the next
// command of the block, and "$ 3" one that exits with status 3; one that is not begun so
// is run after the comment. Files follow as in a txtar archive, for the whole document.
//
//	<!--
//	plug -serial 12345678 red
//	$
//	answer 'Make it' y
//	-->
//
// A line of output that is "..." stands for any lines. What takes rights or a network
// cannot be run here, and stands in a block called sh, without the $. What virtualkey.md
// has, cmd/virtualkey tests.
func TestDocs(t *testing.T) {
	paths, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(paths, "../../README.md") {
		s, err := readStory(path)
		if err != nil {
			t.Error(err)
			continue
		}
		if len(s.commands) == 0 {
			continue
		}
		script := filepath.Join(t.TempDir(), strings.TrimSuffix(filepath.Base(path), ".md")+".txtar")
		if err := os.WriteFile(script, []byte(s.script.String()+s.files.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		p := scriptParams()
		p.Files = []string{script}
		setup := p.Setup
		p.Setup = func(env *testscript.Env) error { return errors.Join(setup(env), s.setUp(env)) }
		p.Cmds = maps.Clone(p.Cmds)
		p.Cmds["run"], p.Cmds["ran"] = s.run, s.ran
		p.Cmds["answer"], p.Cmds["secret"] = scriptAnswer, scriptSecret
		testscript.Run(t, p)
	}
}

// TestTour makes sure that the picture in README.md is of the session in docs/tour.md.
func TestTour(t *testing.T) {
	oathtest.RequireTool(t, "go")
	const picture = "../../docs/tour.svg"
	want, err := exec.Command("go", "run", "../../.ci/picture", "../../docs/tour.md").Output()
	if err == nil && *update {
		err = os.WriteFile(picture, want, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(picture); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not of the tour (%v); go test -run Tour -update draws it anew", picture, err)
	}
}

// A story is a document, and the script that it makes.
type story struct {
	path          string
	lines         []string
	commands      []typedCommand
	script, files strings.Builder

	home  string
	shown int // of the terminal, where the output of the command that runs begins
}

// A typedCommand is what a reader types, and the lines of the document that it printed.
type typedCommand struct {
	typed    string
	from, to int
	got      []string // with -update
}

// fence begins and ends a block, comment and uncomment what is not shown of it.
const fence, comment, uncomment = "```", "<!--", "-->"

// readStory reads a document.
func readStory(path string) (*story, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s := &story{path: path, lines: strings.Split(string(text), "\n")}
	var hidden []string
	for i := 0; i < len(s.lines); i++ {
		line := s.lines[i]
		begin := i + 1
		switch {
		case line == comment:
			for i++; i < len(s.lines) && s.lines[i] != uncomment; i++ {
			}
			hidden = append(hidden, s.lines[begin:min(i, len(s.lines))]...)
		case strings.HasPrefix(line, fence):
			for i++; i < len(s.lines) && s.lines[i] != fence; i++ {
			}
			block := s.lines[begin:min(i, len(s.lines))]
			switch shown := len(block) > 0 && strings.HasPrefix(block[0], "$ "); {
			case line == fence+"console" && shown:
				s.readBlock(begin, i, hidden)
				hidden = nil
			case line == fence+"console" || shown:
				return nil, fmt.Errorf("%s:%d: commands and their output are a block called console that begins with $", path, begin)
			case line == fence+"sh" && !cannotRun().MatchString(block[0]) && filepath.Base(path) != "virtualkey.md":
				return nil, fmt.Errorf("%s:%d: it can be run here, so that it belongs into a block called console", path, begin)
			}
		}
	}
	if hidden != nil {
		return nil, fmt.Errorf("%s: no block after a comment: %q", path, hidden)
	}
	return s, nil
}

// cannotRun matches what begins a block that takes rights, a network or a compiler.
var cannotRun = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(sudo|make|go|git clone|brew) `)
})

// readBlock adds to the script what a block has, and the comment above it.
func (s *story) readBlock(from, to int, hidden []string) {
	first := len(s.commands)
	for i := from; i < to; {
		typed := strings.TrimPrefix(s.lines[i], "$ ")
		for i++; i < to && (strings.HasSuffix(typed, "|") || strings.HasSuffix(typed, `\`)); i++ {
			typed += "\n" + s.lines[i]
		}
		begin := i
		for i < to && !strings.HasPrefix(s.lines[i], "$ ") {
			i++
		}
		end := i
		for end > begin && s.lines[end-1] == "" { // a blank line before the next command
			end--
		}
		s.commands = append(s.commands, typedCommand{typed: typed, from: begin, to: end})
	}

	next, status := first, "0"
	begin := func(exit string) {
		if next > first {
			fmt.Fprintln(&s.script, "ran", next-1, status)
		}
		if next < len(s.commands) {
			fmt.Fprintln(&s.script, "run", next)
		}
		next, status = next+1, exit
	}
	file := false
	for _, line := range hidden {
		begins, exit, _ := strings.Cut(line, " ")
		file = file || strings.HasPrefix(line, "-- ")
		switch {
		case file:
			fmt.Fprintln(&s.files, line)
		case begins == "$":
			begin(max(exit, "0"))
		default:
			fmt.Fprintln(&s.script, line)
		}
	}
	for next <= len(s.commands) {
		begin("0")
	}
}
