package virtualkey

import (
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Fault is something that goes wrong once, at a chosen command.
type Fault struct {
	Nth    int  // at the Nth command, the first is 1, as is 0; counted from plugging in
	INS    byte // counting only commands with this instruction; 0 counts all
	Kind   FaultKind
	Status uint16        // of FaultStatus
	Delay  time.Duration // of FaultDelay
	Reply  []byte        // of FaultReply
	Length int           // of FaultTruncate, in bytes
}

// A FaultKind is what goes wrong.
type FaultKind int

const (
	FaultStatus    FaultKind = iota // a status word instead of executing the command
	FaultReply                      // arbitrary bytes instead of executing the command
	FaultDelay                      // the command is executed late
	FaultPull                       // the key is pulled out before executing the command
	FaultPullAfter                  // the key is pulled out before the response is on its way
	FaultTruncate                   // the command is executed, the response cut short
)

// UnmarshalText reads a fault written as WHEN:WHAT. WHEN is the number of the command
// since the key was plugged in, or ins=HH for the first with that instruction, or
// ins=HH@N for the Nth. WHAT is one of
//
//	sw=HHHH     answer that status word; the command is not executed
//	reply=HEX   answer those bytes; the command is not executed
//	delay=D     execute it after a duration such as 500ms
//	pull        pull the key out; the command is not executed
//	pull-after  execute it, and pull the key out before it answers
//	truncate=N  execute it, and answer only the first N bytes
//
// as in 3:sw=6f00 or ins=01@2:pull-after. The error shows the forms.
func (f *Fault) UnmarshalText(text []byte) error {
	when, what, ok := strings.Cut(string(text), ":")
	var read Fault
	if !ok || !read.parseWhen(when) || !read.parseWhat(what) {
		return fmt.Errorf("fault %q is not like 3:sw=6f00, 2:delay=500ms, 4:reply=HEX, ins=01:pull, 5:pull-after or 6:truncate=1", text)
	}
	*f = read
	return nil
}

func (f *Fault) parseWhen(s string) bool {
	f.Nth = 1
	if ins, ok := strings.CutPrefix(s, "ins="); ok {
		ins, nth, counted := strings.Cut(ins, "@")
		n, err := strconv.ParseUint(ins, 16, 8)
		if err != nil || n == 0 {
			return false
		}
		f.INS = byte(n)
		if !counted {
			return true
		}
		s = nth
	}
	n, err := strconv.Atoi(s)
	f.Nth = n
	return err == nil && n > 0
}

func (f *Fault) parseWhat(s string) bool {
	name, value, _ := strings.Cut(s, "=")
	var err error
	switch name {
	case "sw":
		var n uint64
		n, err = strconv.ParseUint(value, 16, 16)
		f.Kind, f.Status = FaultStatus, uint16(n)
		return err == nil && len(value) == 4
	case "reply":
		f.Kind = FaultReply
		f.Reply, err = hex.DecodeString(value)
		return err == nil && len(f.Reply) > 0
	case "delay":
		f.Kind = FaultDelay
		f.Delay, err = time.ParseDuration(value)
		return err == nil && f.Delay > 0
	case "truncate":
		f.Kind = FaultTruncate
		f.Length, err = strconv.Atoi(value)
		return err == nil && f.Length > 0
	}
	f.Kind = FaultPull
	if s == "pull-after" {
		f.Kind = FaultPullAfter
	}
	return s == "pull" || s == "pull-after"
}

// String returns the fault as UnmarshalText reads it.
func (f Fault) String() string {
	return f.when() + ":" + f.what()
}

func (f Fault) when() string {
	switch {
	case f.INS == 0:
		return strconv.Itoa(max(f.Nth, 1))
	case f.Nth <= 1:
		return fmt.Sprintf("ins=%02x", f.INS)
	}
	return fmt.Sprintf("ins=%02x@%d", f.INS, f.Nth)
}

func (f Fault) what() string {
	switch f.Kind {
	case FaultStatus:
		return fmt.Sprintf("sw=%04x", f.Status)
	case FaultReply:
		return fmt.Sprintf("reply=%x", f.Reply)
	case FaultDelay:
		return "delay=" + f.Delay.String()
	case FaultPull:
		return "pull"
	case FaultPullAfter:
		return "pull-after"
	}
	return "truncate=" + strconv.Itoa(f.Length)
}

// faults are those to come, and how many of their commands were seen.
type faults struct {
	list []Fault
	seen []int
}

func (fs *faults) set(list []Fault) {
	*fs = faults{list: list, seen: make([]int, len(list))}
}

// due counts a command and returns the faults that strike at it.
func (fs *faults) due(apdu []byte) []Fault {
	var due []Fault
	for i, f := range fs.list {
		if f.INS != 0 && (len(apdu) < 2 || apdu[1] != f.INS) {
			continue
		}
		fs.seen[i]++
		if fs.seen[i] == max(f.Nth, 1) {
			due = append(due, f)
		}
	}
	return due
}

// before is what a fault does to a command: an answer in its place, or an error.
func (k *Key) before(ctx context.Context, f Fault) ([]byte, error) {
	switch f.Kind {
	case FaultStatus:
		return status(f.Status).reply(nil), nil
	case FaultReply:
		return append([]byte{}, f.Reply...), nil // of no bytes is a reply, too
	case FaultPull:
		k.Pull()
		return nil, ErrPulled
	case FaultDelay:
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-k.config.After(f.Delay):
		}
	}
	return nil, nil
}

// after is what a fault does to a response.
func (k *Key) after(f Fault, reply []byte) ([]byte, error) {
	switch f.Kind {
	case FaultPullAfter:
		k.Pull()
		return nil, ErrPulled
	case FaultTruncate:
		return reply[:max(0, min(f.Length, len(reply)))], nil
	}
	return reply, nil
}
