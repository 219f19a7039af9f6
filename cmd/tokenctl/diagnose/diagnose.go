// Package diagnose finds out why hardware keys cannot be reached, and what to do about
// it on this system. It looks at the smart card service, at the readers and what is in
// them, at USB, and at the programs that use them. It changes nothing, ends no program,
// and asks for no password.
package diagnose

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"os"
	"runtime"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/keys"
	"github.com/tokenctl/tokenctl/oath/pcsc"
)

// A Grade is how much a finding matters.
type Grade int

// From good to bad. A Fault keeps a key from being reached, or its codes from being
// accepted; a Notice does not.
const (
	Good Grade = iota
	Notice
	Fault
)

// String returns a word to begin a line with: ok, note or fault.
func (g Grade) String() string { return [...]string{"ok", "note", "fault"}[g] }

// A Finding is one thing that is as it should be, or is not.
type Finding struct {
	Grade  Grade
	Cause  string // its kind, as in "no-service", which stays the same from version to version
	Text   string // what is so, without a full stop; it may name what is not Printable
	Advice string // what to do about it, in sentences and commands, a line each; "" for nothing
}

// A System is the computer that is looked at.
type System struct {
	Files  fs.FS  // from the root on: /proc, /sys, /run, /usr and /etc
	OS     string // as runtime.GOOS has it
	Socket string // of pcscd; libpcsclite reads PCSCLITE_CSOCK_NAME, see pcscd(8)
	Remote bool   // this session came over SSH
}

// Here returns the computer that this program runs on.
func Here() System {
	return System{
		Files: os.DirFS("/"), OS: runtime.GOOS,
		Socket: cmp.Or(os.Getenv("PCSCLITE_CSOCK_NAME"), "/run/pcscd/pcscd.comm"),
		Remote: os.Getenv("SSH_CONNECTION") != "",
	}
}

// An examination is under way.
type examination struct {
	System
	ctx      context.Context
	opener   *open.Opener
	findings []Finding
}

func (e *examination) add(grade Grade, cause, text, advice string) {
	e.findings = append(e.findings, Finding{grade, cause, text, advice})
}

// Keys returns what stands between this program and the keys, from the service to the
// OATH applet of each, and what is well.
func (s System) Keys(ctx context.Context, o *open.Opener) []Finding {
	e := &examination{System: s, ctx: ctx, opener: o}
	readers, err := listReaders()
	if err != nil {
		e.service(err)
		return e.findings
	}
	e.add(Good, "service", "pcscd answers: "+term.Count(len(readers), "reader"), "")
	f, err := keys.Connect(ctx, o.Random)
	if err != nil {
		e.service(err)
		return e.findings
	}
	defer f.Close()
	for _, r := range readers {
		if !r.Present {
			e.add(Notice, "no-card", fmt.Sprintf("reader %q: there is no card in it", r.Name), "Lay the key on it, or plug it in.")
			continue
		}
		e.key(f.Inspect(r.Name, o.UnlockRemembered))
	}
	if len(readers) == 0 {
		e.add(Notice, "no-reader", "no key is plugged in: pcscd has no reader", "Plug in the key.")
	}
	return e.findings
}

func listReaders() ([]pcsc.Reader, error) {
	service, err := pcsc.Connect()
	if err != nil {
		return nil, err
	}
	defer service.Close()
	return service.Readers()
}
