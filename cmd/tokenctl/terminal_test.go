//go:build linux

package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/creack/pty"
	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"github.com/tokenctl/tokenctl/oath/oathtest"
)

// A conversation is a program on a terminal, and what was typed and shown there.
type conversation struct {
	cmd      *exec.Cmd
	terminal *os.File // the person's side
	stdout   bytes.Buffer
	stderr   trace

	mu    sync.Mutex
	shown []byte
	read  int           // of shown, up to what was expected last
	news  chan struct{} // something was shown
	over  chan struct{} // closed when nothing more will be
}

// converse starts a program on a terminal of so many columns. With piped, its standard
// streams lead elsewhere.
func converse(c *exec.Cmd, piped bool, columns uint16) (*conversation, error) {
	person, program, err := pty.Open()
	if err != nil {
		return nil, err
	}
	defer program.Close()
	if err := pty.Setsize(person, &pty.Winsize{Rows: 24, Cols: columns}); err != nil {
		return nil, err
	}
	talk := &conversation{cmd: c, terminal: person, news: make(chan struct{}, 1), over: make(chan struct{})}
	c.Stdin, c.Stdout, c.Stderr = program, program, program
	if piped {
		c.Stdin, c.Stdout, c.Stderr = nil, &talk.stdout, &talk.stderr
	}
	c.ExtraFiles = []*os.File{program}
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 3}
	if err := c.Start(); err != nil {
		person.Close()
		return nil, err
	}
	go talk.listen()
	return talk, nil
}

// listen takes down what is shown, until the terminal closes.
func (t *conversation) listen() {
	defer close(t.over)
	b := make([]byte, 4096)
	for {
		n, err := t.terminal.Read(b)
		t.mu.Lock()
		t.shown = append(t.shown, b[:n]...)
		t.mu.Unlock()
		select {
		case t.news <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

func (t *conversation) transcript() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.shown)
}

// expect waits until the terminal shows something, after all that was expected
// before.
func (t *conversation) expect(pattern string) error {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return err
	}
	timeout := time.After(patience)
	for !t.find(re) {
		select {
		case <-t.news:
			continue
		case <-t.over:
			if t.find(re) {
				return nil
			}
		case <-timeout:
		}
		return fmt.Errorf("the terminal does not show %q:\n%s", pattern, t.transcript())
	}
	return nil
}

func (t *conversation) find(re *regexp.Regexp) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	found := re.FindIndex(t.shown[t.read:])
	if found != nil {
		t.read += found[1]
	}
	return found != nil
}

// write types something. What must not show is typed after "! echoes": a prompt
// comes a moment before the echo is switched off.
func (t *conversation) write(keys string) error {
	_, err := io.WriteString(t.terminal, keys)
	return err
}

// echoes reports whether the terminal shows what is typed.
func (t *conversation) echoes() (bool, error) {
	state, err := unix.IoctlGetTermios(int(t.terminal.Fd()), unix.TCGETS)
	if err != nil {
		return false, err
	}
	return state.Lflag&unix.ECHO != 0, nil
}

// wait returns the exit status of the program, once all it said is taken down.
func (t *conversation) wait() int {
	t.cmd.Wait()
	<-t.over
	return t.cmd.ProcessState.ExitCode()
}

func scriptTerminal(ts *testscript.TestScript, neg bool, args []string) {
	f := flag.NewFlagSet("terminal", flag.ContinueOnError)
	piped := f.Bool("pipe", false, "")
	columns := f.Uint("columns", 400, "")
	usage(ts, f.Parse(args) == nil && f.NArg() > 0, "terminal [-pipe] [-columns N] PROGRAM ARGS...")
	args = f.Args()
	r := rigOf(ts)
	c := exec.Command(args[0], args[1:]...)
	c.Dir, c.Env = ts.MkAbs("."), r.environment(ts.Getenv("WORK"))
	for _, name := range []string{"HOME", "XDG_STATE_HOME", "TOKENCTL_VAULT", busVariable, noticeVariable, limitVariable} {
		c.Env = append(c.Env, name+"="+ts.Getenv(name))
	}
	talk, err := converse(c, *piped, uint16(*columns))
	ts.Check(err)
	r.talk = talk
	ts.Defer(func() {
		if c.ProcessState == nil {
			c.Process.Kill()
			c.Wait()
		}
		talk.terminal.Close()
	})
}

func scriptExpect(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, len(args) == 1, "expect REGEXP")
	ts.Check(rigOf(ts).talk.expect(args[0]))
}

func scriptType(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(rigOf(ts).talk.write(strings.Join(args, " ") + "\n"))
}

func scriptPaste(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "paste FILE")
	ts.Check(rigOf(ts).talk.write(ts.ReadFile(args[0])))
}

func scriptSays(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, len(args) == 1, "[!] says REGEXP")
	re, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	said := &rigOf(ts).talk.stderr
	if neg && re.MatchString(said.String()) {
		ts.Fatalf("it said: %s", said)
	}
	if !neg {
		ts.Check(oathtest.Await(fmt.Sprintf("%q on standard error", args[0]), func() bool { return re.MatchString(said.String()) }))
	}
}

func scriptPress(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, len(args) == 1 && len(args[0]) == 2 && args[0][0] == '^', "press ^LETTER")
	ts.Check(rigOf(ts).talk.write(string(args[0][1] & 0x1f)))
}

func scriptExited(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "exited N")
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	talk := rigOf(ts).talk
	got := talk.wait()
	ts.Stdout().Write(talk.stdout.Bytes())
	io.WriteString(ts.Stderr(), talk.stderr.String())
	ts.Logf("[terminal]\n%s", talk.transcript())
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

func scriptShown(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, len(args) == 1, "[!] shown REGEXP")
	matched, err := regexp.MatchString("(?m)"+args[0], rigOf(ts).talk.transcript())
	ts.Check(err)
	if matched == neg {
		ts.Fatalf("shown is %t for %q:\n%s", matched, args[0], rigOf(ts).talk.transcript())
	}
}

func scriptEchoes(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(oathtest.Await(fmt.Sprintf("the terminal's echo to be %t", !neg), func() bool {
		got, err := rigOf(ts).talk.echoes() // it changes a moment after the prompt
		ts.Check(err)
		return got != neg
	}))
}
