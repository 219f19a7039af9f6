//go:build linux

package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"github.com/tokenctl/tokenctl/oath/oathtest"
	"github.com/tokenctl/tokenctl/oath/qr"
)

// TestScripts runs the scripts in testdata/script, each before a PC/SC daemon of
// its own. $EXAMPLES is where docs/examples is. Besides testscript's commands they have
// these:
//
//	exits N PROGRAM ARGS...     run a program that exits with status N
//	json PATH VALUE             what JSON on stdout holds, as in: json 0.code 123456
//
//	plug [FLAGS] NAME           plug a key in: -slot N, and the flags of virtualkey;
//	                            one of a known name is the same key again. Where
//	                            it waits for an hour or longer, as for a touch,
//	waited NAME                 that hour is over
//	pull NAME                   pull it out
//	fault NAME SPEC...          what goes wrong, counting commands from now
//	apdus NAME COMMAND...       what the key was sent since the last apdus
//	sent NAME [COMMAND]         wait until the key was sent it, since the last apdus
//	                            or sent; without a COMMAND, forget what was
//	send NAME HEX...            APDUs that the key takes without a word
//	daemon stop|start           the PC/SC daemon stops and starts again;
//	daemon freeze|thaw          or is there, and does not answer
//	mute N                      a card in slot N that answers with no ATR that can be one,
//	                            until the end of the script
//	occupy N [NAME] | release   another program, hold or NAME, holds the key in slot N
//	socket refuse FILE          a socket whose daemon hangs up; abandon: has ended;
//	                            outdate: is of another version
//
//	need PROGRAM [ARGS...]      skip the script where it is not installed, or fails
//	keyring                     a desktop session with a keyring
//	sleep DURATION              a person takes their time
//	appears FILE                wait until there is one
//	qr FILE URI...              a picture of QR codes, side by side
//
//	printer NAME                a print server that lp finds, with this one printer
//	printed FILE                the next document that comes out of it, as PDF;
//	                            ! printed: none was sent there that is not known
//	scan [FLAGS] PDF PREFIX     its pages as a scanner gives them, PREFIX-1.png and
//	                            so on: -dpi N, and -damage blur=N,skew=N,noise=N in
//	                            pixels, degrees and percent
//	strike TEXT PREFIX          blackens so much of the QR code that holds the text, on one
//	                            of those pages, that it cannot be read, and no other
//	clip FILE.mp4 PICTURE...    films pictures that are held up to a camera
//	desktop                     an X11 desktop with nothing on its screen
//
//	terminal [-pipe] PROGRAM... run a program on a terminal, whose lines are long but for
//	                            -columns N; -pipe leaves it only the terminal itself,
//	                            not as its standard streams
//	expect REGEXP               wait until the terminal shows it, after what was
//	                            expected before
//	type TEXT                   type a line; press KEY: one key, as in ^C
//	paste FILE                  type what is in it, all at once
//	says REGEXP                 wait until the program, run with -pipe, says it on
//	                            standard error; ! says: it did not so far
//	exited N                    wait until the program exits with status N
//	shown REGEXP                the terminal shows, or showed, it
//	echoes                      the terminal shows what is typed
func TestScripts(t *testing.T) {
	scripts := scriptParams()
	scripts.Dir = "testdata/script"
	testscript.Run(t, scripts)
}

// scriptParams is what a script may use, and the rig it runs before.
func scriptParams() testscript.Params {
	return testscript.Params{
		RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			r := newRig(env.T().(testing.TB))
			examples, err := filepath.Abs("../../docs/examples")
			if err != nil {
				return err
			}
			env.Vars = append(append(env.Vars, r.environment(env.WorkDir)...), "EXAMPLES="+examples)
			env.Values[rigKey{}] = r
			return nil
		},
		Condition: func(name string) (bool, error) {
			switch name {
			case "root":
				return os.Getuid() == 0, nil
			case "keyctl":
				_, err := unix.KeyctlGetKeyringID(unix.KEY_SPEC_SESSION_KEYRING, false)
				return err == nil, nil
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":   scriptExits,
			"json":    scriptJSON,
			"plug":    scriptPlug,
			"pull":    scriptPull,
			"fault":   scriptFault,
			"waited":  scriptWaited,
			"apdus":   scriptAPDUs,
			"sent":    scriptSent,
			"send":    scriptSend,
			"daemon":  scriptDaemon,
			"occupy":  scriptOccupy,
			"release": scriptRelease,
			"socket":  scriptSocket,
			"mute":    scriptMute,
			"sleep":   scriptSleep,
			"appears": scriptAppears,
			"need":    scriptNeed,
			"keyring": scriptKeyring,
			"qr":      scriptQR,
			"printer": scriptPrinter,
			"printed": scriptPrinted,
			"scan":    scriptScan,
			"strike":  scriptStrike,
			"clip":    scriptClip,
			"desktop": scriptDesktop,

			"terminal": scriptTerminal,
			"expect":   scriptExpect,
			"type":     scriptType,
			"press":    scriptPress,
			"paste":    scriptPaste,
			"says":     scriptSays,
			"exited":   scriptExited,
			"shown":    scriptShown,
			"echoes":   scriptEchoes,
		},
	}
}

// rigKey is where a script's environment keeps its rig.
type rigKey struct{}

func rigOf(ts *testscript.TestScript) *rig { return ts.Value(rigKey{}).(*rig) }

// usage ends a script that has a command wrong.
func usage(ts *testscript.TestScript, right bool, words string) {
	if !right {
		ts.Fatalf("usage: %s", words)
	}
}

func scriptNeed(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) > 0, "need PROGRAM [ARGS...]")
	tb := rigOf(ts).tb
	oathtest.RequireTool(tb, args[0])
	if len(args) > 1 {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			tb.Skipf("%s: %v\n%s", args[0], err, out)
		}
	}
}

func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) > 1, "exits N PROGRAM ARGS...")
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

func scriptJSON(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, len(args) == 2 || neg && len(args) == 1, "[!] json PATH [VALUE]")
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &v))
	got, found := lookUp(v, args[0])
	switch {
	case neg && found:
		ts.Fatalf("%s is there: %v", args[0], got)
	case !neg && !found:
		ts.Fatalf("%s is not there", args[0])
	case !neg && fmt.Sprint(got) != args[1]:
		ts.Fatalf("%s is %v, want %s", args[0], got, args[1])
	}
}

// lookUp finds a value in JSON by names and indexes that dots part.
func lookUp(v any, path string) (any, bool) {
	for name := range strings.SplitSeq(path, ".") {
		switch here := v.(type) {
		case map[string]any:
			var found bool
			if v, found = here[name]; !found {
				return nil, false
			}
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i >= len(here) {
				return nil, false
			}
			v = here[i]
		default:
			return nil, false
		}
	}
	if n, ok := v.(float64); ok {
		return int64(n), true
	}
	return v, true
}

func scriptPlug(ts *testscript.TestScript, neg bool, args []string) {
	name, slot, config, err := parseKey(args)
	ts.Check(err)
	rigOf(ts).plug(name, slot, config)
}

// deviceOf returns the key that a command names first.
func deviceOf(ts *testscript.TestScript, args []string) *device {
	usage(ts, len(args) > 0, "COMMAND NAME ...")
	d := rigOf(ts).keys[args[0]]
	if d == nil {
		ts.Fatalf("there is no key named %s", args[0])
	}
	return d
}

func scriptPull(ts *testscript.TestScript, neg bool, args []string) {
	deviceOf(ts, args).pull()
}

func scriptFault(ts *testscript.TestScript, neg bool, args []string) {
	d := deviceOf(ts, args)
	faults, err := parseFaults(args[1:])
	ts.Check(err)
	d.SetFaults(faults...)
}

func scriptAPDUs(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(sameCommands(deviceOf(ts, args).trace.take(), args[1:]))
}

func scriptWaited(ts *testscript.TestScript, neg bool, args []string) {
	select {
	case deviceOf(ts, args).waited <- time.Time{}:
	case <-time.After(patience):
		ts.Fatalf("the key does not wait")
	}
}

func scriptSent(ts *testscript.TestScript, neg bool, args []string) {
	d := deviceOf(ts, args)
	ts.Check(oathtest.Await(fmt.Sprint(args), func() bool {
		return len(args) == 1 || slices.Contains(namesIn(d.trace.String()), args[1])
	}))
	d.trace.take()
}

func scriptSend(ts *testscript.TestScript, neg bool, args []string) {
	d := deviceOf(ts, args)
	for _, text := range args[1:] {
		apdu, err := hex.DecodeString(text)
		ts.Check(err)
		reply, err := d.Transmit(apdu)
		ts.Check(err)
		if !bytes.HasSuffix(reply, []byte{0x90, 0x00}) {
			ts.Fatalf("the key answers %x to %s", reply, text)
		}
	}
}

func scriptDaemon(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, len(args) == 1, "daemon stop|start|freeze|thaw")
	r := rigOf(ts)
	oathtest.NeedsTool(r.tb, nil)
	switch args[0] {
	case "stop":
		r.daemon.Pause()
	case "start":
		r.daemon.Resume(r.tb)
	case "freeze":
		r.daemon.Freeze(r.tb)
	case "thaw":
		r.daemon.Thaw(r.tb)
	default:
		ts.Fatalf("daemon %s", args[0])
	}
}

func scriptSleep(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, len(args) == 1, "sleep DURATION")
	d, err := time.ParseDuration(args[0])
	ts.Check(err)
	time.Sleep(d)
}

func scriptAppears(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "appears FILE")
	ts.Check(oathtest.Await(args[0], func() bool {
		_, err := os.Stat(ts.MkAbs(args[0]))
		return err == nil
	}))
}

func scriptQR(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, len(args) > 1, "qr FILE URI...")
	symbols := make([]image.Image, len(args)-1)
	var whole image.Rectangle
	for i, uri := range args[1:] {
		symbol, err := qr.Encode(uri, qr.LevelM)
		ts.Check(err)
		symbols[i] = symbol.Image(4)
		size := symbols[i].Bounds().Size()
		whole.Max = image.Pt(whole.Max.X+size.X, max(whole.Max.Y, size.Y))
	}
	picture := image.NewGray(whole)
	draw.Draw(picture, whole, image.White, image.Point{}, draw.Src)
	at := whole
	for _, symbol := range symbols {
		draw.Draw(picture, at, symbol, image.Point{}, draw.Src)
		at.Min.X += symbol.Bounds().Dx()
	}
	file, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(png.Encode(file, picture))
	ts.Check(file.Close())
}
