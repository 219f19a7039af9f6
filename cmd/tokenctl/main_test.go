//go:build linux

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/pcsc"
)

// TestMain lets the test binary be tokenctl, tokenctl on one thread, tokenctl
// without any rights, and a program that holds a key, when it is run under their
// names. One of those is that of GnuPG's program for cards.
func TestMain(m *testing.M) {
	flag.Set("test.parallel", "8") // they wait for readers more than they compute
	testscript.Main(m, map[string]func(){
		"tokenctl": func() { prepare(); keepPrivate(); os.Exit(checked(run)) },
		"steady":   func() { prepare(); os.Exit(steady()) },
		"nobody":   func() { detach(); watch(); setSystem(); drop(); main() },
		"hold":     func() { os.Exit(hold(os.Args[1:])) },
		"scdaemon": func() { os.Exit(hold(os.Args[1:])) },
	})
}

// prepare makes tokenctl derive keys fast, and ask for a touch of a key that is slow
// to answer only where a test says so.
func prepare() {
	detach()
	watch()
	setClock()
	setSystem()
	open.WorkFactor = 4
	open.TouchNotice = time.Hour
	if d, err := time.ParseDuration(os.Getenv(noticeVariable)); err == nil {
		open.TouchNotice = d
	}
	setLimit()
}

// checked runs tokenctl, and fails if the JSON that it prints to another program, or to a
// file, is not as the schema has it.
func checked(run func() int) (status int) {
	out := os.Stdout
	if info, err := out.Stat(); err != nil || !slices.Contains(os.Args, "--json") || info.Mode()&os.ModeCharDevice != 0 {
		return run()
	}
	read, write, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	var printed bytes.Buffer
	copied := make(chan error)
	go func() {
		_, err := io.Copy(io.MultiWriter(out, &printed), read)
		copied <- err
	}()
	os.Stdout = write
	status = run()
	write.Close()
	if err := errors.Join(<-copied, checkJSON(os.Args[1:], printed.Bytes())); err != nil {
		fmt.Fprintln(os.Stderr, "what --json printed:", err)
		return 99
	}
	return status
}

// noticeVariable has how long a key may be silent before tokenctl asks for a touch.
const noticeVariable = "TOUCH_NOTICE"

// steady is main without signals and a terminal, and with all its system calls made
// by one thread: strace counts those of each thread by themselves.
func steady() int {
	runtime.LockOSThread()
	p := newProgram(term.Console{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Now: time.Now}, rand.Reader)
	return execute(context.Background(), p, os.Args[1:])
}

// detach leaves the terminal that the tests may have been started from: tokenctl
// would ask its questions there. Where a test gave it a terminal, it stays.
func detach() { syscall.Setsid() }

// setClock lets a script have another clock: TEST_CLOCK names a file with the seconds
// since 1970, read anew each time.
func setClock() {
	file := os.Getenv("TEST_CLOCK")
	if file == "" {
		return
	}
	now = func() time.Time {
		text, err := os.ReadFile(file)
		seconds, malformed := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		if err = errors.Join(err, malformed); err != nil {
			panic(err)
		}
		return time.Unix(seconds, 0)
	}
}

// limitVariable names the file of setLimit.
const limitVariable = "TEST_LIMIT"

// setLimit lets a script say when a key has taken too long to answer: TEST_LIMIT names a
// file, and it is over, once, when that is there. FILE.begun is there once anything is
// waited for.
func setLimit() {
	file := os.Getenv(limitVariable)
	if file == "" {
		return
	}
	var waits atomic.Int64
	pcsc.After = func(time.Duration) <-chan time.Time {
		over := make(chan time.Time, 1)
		this := waits.Add(1)
		os.WriteFile(file+".begun", nil, 0o600)
		go func() {
			for ; waits.Load() == this; time.Sleep(5 * time.Millisecond) {
				if os.Remove(file) == nil {
					over <- time.Time{}
					return
				}
			}
		}()
		return over
	}
}

// drop gives up all rights, if they are root's.
func drop() {
	const nobody = 65534
	if err := errors.Join(syscall.Setgroups(nil), syscall.Setgid(nobody), syscall.Setuid(nobody)); err != nil {
		panic(err)
	}
}

// patience is after how long something hangs, and the test fails. No test waits so
// long for what is to happen, be the machine as busy as it may.
const patience = 2 * time.Minute

// watch ends a command that hangs, and shows where.
func watch() {
	time.AfterFunc(patience, func() {
		fmt.Fprintf(os.Stderr, "tokenctl hangs, %v after it was started\n", patience)
		pprof.Lookup("goroutine").WriteTo(os.Stderr, 2)
		os.Exit(99)
	})
}
