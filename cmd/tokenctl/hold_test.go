//go:build linux

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tokenctl/tokenctl/oath/pcsc"
)

// hold is a program that takes hold of the card in a reader, says so, and keeps
// it until its standard input ends.
func hold(args []string) int {
	err := func() error {
		service, err := pcsc.Connect()
		if err != nil {
			return err
		}
		defer service.Close()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		card, err := service.Open(ctx, args[0])
		if err != nil {
			return err
		}
		defer card.Close()
		fmt.Println("held")
		_, err = io.Copy(io.Discard, os.Stdin)
		return err
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, "hold:", err)
		return 1
	}
	return 0
}

// A holder is that program, running.
type holder struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
}

// holdKey has another program hold the key in a slot.
func (r *rig) holdKey(slot int, program string) (*holder, error) {
	c := exec.Command(program, r.daemon.Readers()[slot])
	c.Env, c.Stderr = r.environment(r.tb.TempDir()), os.Stderr
	stdin, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	h := &holder{c, stdin}
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		h.release()
		return nil, fmt.Errorf("the key cannot be held: %w", err)
	}
	return h, nil
}

// release makes it release the card. It may be called again.
func (h *holder) release() error {
	h.stdin.Close()
	if h.cmd.ProcessState != nil {
		return nil
	}
	return h.cmd.Wait()
}

func scriptOccupy(ts *testscript.TestScript, neg bool, args []string) {
	args = append(args, "hold")
	usage(ts, len(args) <= 3 && (args[0] == "0" || args[0] == "1"), "occupy SLOT [scdaemon]")
	r := rigOf(ts)
	h, err := r.holdKey(int(args[0][0]-'0'), args[1])
	ts.Check(err)
	r.holder = h
	ts.Defer(func() { h.release() })
}

func scriptRelease(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(rigOf(ts).holder.release())
}
