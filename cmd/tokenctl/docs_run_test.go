//go:build linux

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// today is the day of all stories.
var today = time.Date(2026, 11, 25, 10, 1, 10, 0, time.UTC)

// alice is the home in documents.
const alice = "/home/alice"

// setUp gives a script its home. The path of that is as long as that of Alice's, so that
// lines that have it break alike.
func (s *story) setUp(env *testscript.Env) error {
	docs, err := filepath.Abs("../../docs")
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		s.home = fmt.Sprintf("/tmp/%06x", n)
		err := os.Symlink(env.WorkDir, s.home)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		env.Defer(func() { os.Remove(s.home) })
		env.Vars = append(env.Vars, s.environment()...)
		env.Setenv("DOCS", docs)
		if *update {
			env.Defer(s.write)
		}
		return errors.Join(err, os.WriteFile(env.WorkDir+"/.clock", fmt.Appendln(nil, today.Unix()), 0o600))
	}
}

// environment is what programs of Alice's find that those of other scripts do not.
func (s *story) environment() []string {
	return []string{
		"HOME=" + s.home, "XDG_CONFIG_HOME=", "XDG_DATA_HOME=", "XDG_STATE_HOME=", "XDG_RUNTIME_DIR=" + s.home,
		"TZ=UTC", "TEST_CLOCK=" + s.home + "/.clock", "LPDEST=office", "TERM=dumb",
	}
}

// prompt is what the shell asks for commands with: the status of the last one, in
// characters that nothing else prints.
var prompt = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("\x02([0-9]+)\x03") })

// start starts the shell. It sees the keys and the printer that there are before the first
// command.
func (s *story) start(ts *testscript.TestScript) {
	r := rigOf(ts)
	c := exec.Command("sh", "-i")
	c.Dir = s.home
	c.Env = append(append(r.environment(s.home), s.environment()...), "PWD="+s.home, "PS1=\x02$?\x03", "PS2=")
	talk, err := converse(c, false, 80)
	ts.Check(err)
	r.talk = talk
	ts.Defer(func() {
		c.Process.Kill() // and its terminal hangs up
		c.Wait()
		talk.terminal.Close()
	})
	ts.Check(talk.expect(prompt().String()))
}

// run types a command.
func (s *story) run(ts *testscript.TestScript, neg bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	if rigOf(ts).talk == nil {
		s.start(ts)
	}
	ts.Check(filepath.WalkDir(s.home+"/", func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Chtimes(path, today, today)) // not when the test is run
	}))
	talk := rigOf(ts).talk
	typed := s.commands[n].typed + "\n"
	s.shown = talk.read + len(strings.ReplaceAll(typed, "\n", "\r\n")) // past its echo
	ts.Logf("$ %s", typed)
	ts.Check(talk.write(typed))
}

func scriptAnswer(ts *testscript.TestScript, neg bool, args []string) {
	scriptExpect(ts, neg, args[:1])
	scriptType(ts, neg, args[1:])
}

func scriptSecret(ts *testscript.TestScript, neg bool, args []string) {
	scriptExpect(ts, neg, args[:1])
	scriptEchoes(ts, true, nil)
	scriptType(ts, neg, args[1:])
}

// ran waits until the command has ended, and compares what it showed with the document.
func (s *story) ran(ts *testscript.TestScript, neg bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	talk := rigOf(ts).talk
	ts.Check(talk.expect(prompt().String()))
	shown := talk.transcript()[s.shown:talk.read]
	status := prompt().FindStringSubmatch(shown)[1]
	shown = prompt().ReplaceAllString(shown, "")
	ts.Logf("%s", shown)
	c := &s.commands[n]
	want := s.lines[c.from:c.to]
	got := s.screen(shown)
	switch {
	case status != args[1]:
		ts.Fatalf("exit status %s, want %s", status, args[1])
	case c.shows(want, got):
	case *update:
		c.got = got
	default:
		ts.Fatalf("%s:%d has\n%s\nnot\n%s", s.path, c.from, strings.Join(want, "\n"), strings.Join(got, "\n"))
	}
}

// screen returns the lines that a terminal is left with. A line that begins anew replaces
// what it was.
func (s *story) screen(shown string) []string {
	shown = strings.ReplaceAll(strings.ReplaceAll(shown, "\r\n", "\n"), s.home, alice)
	shown = erased().ReplaceAllString(shown, "")
	shown = colour().ReplaceAllString(shown, "")
	shown = privateKey().ReplaceAllString(shown, "$1...")
	lines := strings.Split(strings.TrimRight(shown, "\n"), "\n")
	for i, line := range lines {
		line = strings.TrimRight(line[strings.LastIndex(line, "\r")+1:], " ")
		lines[i] = strings.ReplaceAll(line, "\x1b[K", "")
	}
	if len(lines) == 1 && lines[0] == "" {
		return lines[:0]
	}
	return lines
}

// erased is a line that a program goes back to, as age does to its prompt.
var erased = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("[^\n]*\n\x1b\\[F\x1b\\[K") })

// colour is what colours text.
var colour = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("\x1b\\[[0-9;]*m") })

// privateKey is a key of age's, which documents shorten.
var privateKey = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("(AGE-SECRET-KEY-1)[0-9A-Z]+") })

// shows reports whether lines are what a command printed, but for what varies.
func (c *typedCommand) shows(want, got []string) bool {
	text := "\n" + regexp.QuoteMeta(c.steadied(want))
	text = strings.ReplaceAll(text, "\n"+regexp.QuoteMeta("..."), "(\n.*)*")
	return regexp.MustCompile("^" + text + "$").MatchString("\n" + c.steadied(got))
}

// steadied returns lines without what is drawn by lot, what other programs make of the
// real clock, and the numbers of processes.
func (c *typedCommand) steadied(lines []string) string {
	text := varies().ReplaceAllString(strings.Join(lines, "\n"), "?")
	if strings.Contains(c.typed, "oathtool") {
		text = loneCode().ReplaceAllString(text, "?")
	}
	return text
}

var varies = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`age1[0-9a-z]{58}|tokenctl:2 [0-9]+ [A-Z2-7]{8}|list=[A-Z0-9./]+|"id": "[A-Z2-7]{8}"|process [0-9]+`)
})

// loneCode is a line that is a code.
var loneCode = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^[0-9]{6,8}$`) })

// write writes the document anew, with what the commands printed.
func (s *story) write() {
	lines := slices.Clone(s.lines)
	for _, c := range slices.Backward(s.commands) {
		if c.got != nil {
			lines = slices.Replace(lines, c.from, c.to, c.got...)
		}
	}
	if err := os.WriteFile(s.path, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
		panic(err)
	}
}
