//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/oathtest"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

// A pane is a terminal of tmux, with a shell that ran one command and waits.
type pane struct {
	t            *testing.T
	socket, home string
}

// newPane runs a command, in a group of its own so that it keeps the terminal (see detach),
// on a terminal of a size. What the shell knows of the terminal before it and after is in the files before and after, and its exit status in status.
func newPane(t *testing.T, r *rig, width, height int, environment []string, command string) *pane {
	t.Helper()
	oathtest.RequireTool(t, "tmux")
	p := &pane{t, filepath.Join(t.TempDir(), "tmux"), t.TempDir()}
	script := "set -m; cd " + p.home + "; stty -g >before; " + command + "; echo $? >status; stty -g >after; echo ended; exec sleep 1000"
	c := exec.Command("tmux", "-S", p.socket, "-f", "/dev/null", "new-session", "-d",
		"-x", strconv.Itoa(width), "-y", strconv.Itoa(height), "sh", "-c", script)
	c.Env = append(append(r.environment(p.home), "TERM=xterm-256color", "SHELL=/bin/sh"), environment...)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("tmux: %v\n%s", err, out)
	}
	t.Cleanup(func() { exec.Command("tmux", "-S", p.socket, "kill-server").Run() })
	return p
}

func (p *pane) tmux(args ...string) string {
	p.t.Helper()
	out, err := exec.Command("tmux", append([]string{"-S", p.socket}, args...)...).CombinedOutput()
	if err != nil {
		p.t.Fatalf("tmux %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// keys types keys, by tmux's names.
func (p *pane) keys(keys ...string) { p.t.Helper(); p.tmux(append([]string{"send-keys"}, keys...)...) }

// shows waits until the screen shows something.
func (p *pane) shows(pattern string) {
	p.t.Helper()
	p.await(pattern, func(screen string) bool { return regexp.MustCompile("(?m)" + pattern).MatchString(screen) })
}

// lacks waits until the screen does not show something any more.
func (p *pane) lacks(pattern string) {
	p.t.Helper()
	p.await("no "+pattern, func(screen string) bool { return !regexp.MustCompile("(?m)" + pattern).MatchString(screen) })
}

func (p *pane) await(what string, fits func(screen string) bool) {
	p.t.Helper()
	const looks = 1200 // fewer than oathtest.Await takes: each is a program that runs
	screen := ""
	for range looks {
		if screen = p.tmux("capture-pane", "-p"); fits(screen) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	p.t.Fatalf("looked %d times in vain: %s:\n%s", looks, what, screen)
}

// ended waits for the command's end, and returns its exit status. The terminal must be as
// it was before it.
func (p *pane) ended() string {
	p.t.Helper()
	p.shows("^ended$")
	if got := p.tmux("display-message", "-p", "#{alternate_on} #{cursor_flag}"); got != "0 1\n" {
		p.t.Errorf("the screen is another one, or there is no cursor: %s", got)
	}
	if before, after := p.read("before"), p.read("after"); before != after || before == "" {
		p.t.Errorf("the terminal's settings were %q, and are %q", before, after)
	}
	return strings.TrimSpace(p.read("status"))
}

func (p *pane) read(name string) string {
	text, _ := os.ReadFile(filepath.Join(p.home, name))
	return string(text)
}

// setClock sets the clock of a command that has TEST_CLOCK=clock.
func (p *pane) setClock(seconds string) {
	p.t.Helper()
	file := filepath.Join(p.home, "clock")
	if err := os.WriteFile(file+".new", []byte(seconds), 0o600); err != nil {
		p.t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		p.t.Fatal(err)
	}
}

// watched is the live view, at a time that stands still.
const watched = "echo 67 >clock; TEST_CLOCK=clock tokenctl code --watch"

// A person has the live view open: keys come and go, codes are found, copied, touched for,
// counted, and hidden.
func TestWatch(t *testing.T) {
	oathtest.RequireTool(t, "xclip")
	r := newRig(t)
	display, err := r.startDesktop()
	if err != nil {
		t.Fatal(err)
	}
	red := r.plug("red", 0, virtualkey.Config{Serial: 1, Touch: virtualkey.TouchNever})
	put(t, red, oath.Account{Issuer: "GitHub", Name: "alice"})
	put(t, red, oath.Account{Issuer: "GitLab", Name: "alice-work", Digits: 8})
	put(t, red, oath.Account{Issuer: "Old", Name: "frank", Type: oath.HOTP})
	put(t, red, oath.Account{Issuer: "Bank", Name: "erin", Touch: true})
	put(t, red, oath.Account{Issuer: oath.HiddenIssuer, Name: "bot"})
	blue := r.plug("blue", 1, virtualkey.Config{Serial: 2})
	put(t, blue, oath.Account{Issuer: "Blue", Name: "bob"})
	red.pull()
	blue.pull()
	pasted := func(want string) {
		t.Helper()
		got := ""
		err := oathtest.Await(want+" on the clipboard", func() bool {
			c := exec.Command("timeout", "9", "xclip", "-selection", "clipboard", "-o")
			c.Env = append(os.Environ(), "DISPLAY="+display, "XAUTHORITY=none")
			out, _ := c.Output()
			got = string(out)
			return got == want
		})
		if err != nil {
			t.Errorf("%v: %q", err, got)
		}
	}

	p := newPane(t, r, 80, 24, []string{"DISPLAY=" + display, "XAUTHORITY=none"}, watched)
	p.shows("No key is plugged in")
	r.plug("red", 0, virtualkey.Config{})
	p.shows(`^> Bank:erin +touch$`)
	p.shows(`^  GitHub:alice +359152 +23 s$`)
	p.shows(`^  GitLab:alice-work +37359152 +23 s$`)
	p.shows(`^  Old:frank +counter$`)
	p.lacks("hidden|bot")
	r.plug("blue", 1, virtualkey.Config{})
	p.shows(`^  Blue:bob +359152 +23 s$`)
	blue.pull()
	p.lacks("Blue")

	p.keys("gi", "Down", "Enter") // what is not searched for is not shown
	p.shows(`^Search: gi_ +2 of 4$`)
	p.shows(`^> GitLab:alice-work`)
	p.lacks("Bank|Old")
	p.shows(`^Copied GitLab:alice-work, 23 s left; cleared in 30 s\.$`)
	pasted("37359152")
	p.keys("Escape", "Home", "Enter", "Enter") // once will do
	p.shows(`^Touch the key, please\.$`)
	touch(t, red)
	p.shows(`^> Bank:erin +359152 +23 s$`)
	p.shows(`^Copied Bank:erin, 23 s left; cleared in 30 s\.$`)
	pasted("359152")
	p.keys("frank", "Enter")
	p.shows(`^> Old:frank +755224$`)
	p.keys("Enter") // the next one
	p.shows(`^> Old:frank +287082$`)
	pasted("287082")
	p.keys("C-u")

	p.setClock("95")
	p.shows(`^> Bank:erin +touch$`)
	p.shows(`GitHub:alice +969429 +25 s$`)
	p.setClock("200")
	p.shows(`^Hidden\. Any key shows the codes\.$`)
	p.lacks(`[0-9]{6}`)
	p.keys("x") // and does nothing else
	p.shows(`GitHub:alice +\d{6} +10 s$`)
	p.shows(`^Search: _`)
	p.shows(`Old:frank +counter$`)

	p.tmux("resize-window", "-x", "20", "-y", "5")
	p.shows(`^Search: _ +4 of 4$`)
	p.shows(`^  Git.*ce +\d{6} +\d+$`)
	p.keys("End")
	p.shows(`^> Old.*nk +counter$`)
	p.keys("C-c")
	if status := p.ended(); status != "0" {
		t.Errorf("status %s", status)
	}
}

// However it ends, the terminal is as it was before.
func TestWatchEnds(t *testing.T) {
	r := newRig(t)
	red := r.plug("red", 0, virtualkey.Config{})
	put(t, red, oath.Account{Issuer: "GitHub", Name: "alice"})
	for how, want := range map[string]string{"TERM": "130", "HUP": "130", "INT": "130", "QUIT": "130", "panic": "2", "C-d": "0"} {
		t.Run(how, func(t *testing.T) {
			p := newPane(t, r, 80, 24, nil, watched)
			p.shows("GitHub:alice +359152")
			switch how {
			case "panic":
				p.setClock("not a time")
			case "C-d":
				p.keys(how)
			default:
				shell := strings.TrimSpace(p.tmux("display-message", "-p", "#{pane_pid}"))
				child, err := os.ReadFile(fmt.Sprintf("/proc/%s/task/%s/children", shell, shell))
				if err != nil {
					t.Fatal(err)
				}
				if out, err := exec.Command("kill", "-"+how, strings.TrimSpace(string(child))).CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
			}
			if status := p.ended(); status != want {
				t.Errorf("status %s, want %s", status, want)
			}
		})
	}
}

// Ctrl-Z stops it with the terminal as it was, and fg lets it continue.
func TestWatchStops(t *testing.T) {
	r := newRig(t)
	red := r.plug("red", 0, virtualkey.Config{})
	put(t, red, oath.Account{Issuer: "GitHub", Name: "alice"})
	p := newPane(t, r, 80, 24, nil, watched+"; stty -g >stopped; echo stopped; fg")
	p.shows("GitHub:alice +359152")
	p.keys("C-z")
	p.shows("^stopped$|GitHub:alice +359152")
	if err := oathtest.Await("the stop", func() bool { return p.read("stopped") != "" }); err != nil {
		t.Fatal(err)
	}
	p.shows("GitHub:alice +359152")
	if p.read("before") != p.read("stopped") {
		t.Errorf("the terminal's settings were %q, and %q when it stopped", p.read("before"), p.read("stopped"))
	}
	p.keys("C-c")
	if status := p.ended(); status != "0" {
		t.Errorf("status %s", status)
	}
}

// What is locked is asked for on the terminal as it was, and once only.
func TestWatchLocked(t *testing.T) {
	r := newRig(t)
	red := r.plug("red", 0, virtualkey.Config{Serial: 1})
	put(t, red, oath.Account{Issuer: "GitHub", Name: "alice"})
	p := newPane(t, r, 80, 24, nil, "echo hunter2 >password; tokenctl password set --new-password-file password; "+
		"tokenctl vault init --passphrase-file password; echo '"+bobURI+"' | tokenctl enroll - --no-keys >log 2>&1; echo prepared; read line; "+watched)
	p.shows("^prepared$")
	red.pull()
	p.keys("Enter")
	p.shows(`^> GitHub:bob +locked$`)
	p.keys("Enter")
	p.shows("^Passphrase of the vault:")
	p.keys("hunter2", "Enter")
	p.shows(`^> GitHub:bob +\d{6} +53 s$`)
	r.plug("red", 0, virtualkey.Config{})
	p.shows(`^  key:1 +locked$`)
	p.keys("key", "Enter")
	p.shows("^Password of YubiKey 1:")
	p.keys("hunter2", "Enter")
	p.shows("0 of 2$")
	p.keys("C-u")
	p.shows(`GitHub:alice +359152 +23 s$`)
	red.pull()
	p.lacks("GitHub:alice")
	r.plug("red", 0, virtualkey.Config{})
	p.shows(`GitHub:alice +359152 +23 s$`)
	p.keys("C-c")
	if status := p.ended(); status != "0" {
		t.Errorf("status %s", status)
	}
}
