// Package diagnose finds out why hardware keys cannot be reached, and what to do about
// it on this system. It looks at the smart card service, at the readers and what is in
// them, at USB, and at the programs that use them. It changes nothing, ends no program,
// and asks for no password.
package diagnose

import (
	"cmp"
	"context"
	"io/fs"
	"os"
	"runtime"
	"time"

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
	User   string // who this is, or a word to fill in

	Unsynced func() bool      // nobody keeps the clock right
	Built    func() time.Time // when this program was made; the zero time if that is not known
}

// Here returns the computer that this program runs on.
func Here() System {
	return System{
		Files: os.DirFS("/"), OS: runtime.GOOS,
		Socket: cmp.Or(os.Getenv("PCSCLITE_CSOCK_NAME"), defaultSocket),
		Remote: os.Getenv("SSH_CONNECTION") != "", User: cmp.Or(os.Getenv("USER"), "NAME"),
		Unsynced: kernelUnsynced, Built: commitTime,
	}
}

// An examination is under way.
type examination struct {
	System
	opener   *open.Opener
	findings []Finding
}

func (e *examination) add(grade Grade, cause, text, advice string) {
	e.findings = append(e.findings, Finding{grade, cause, text, advice})
}

// Keys returns what stands between this program and the keys, from the service to the
// OATH applet of each, what is wrong with the clock that their codes are computed by, and
// what is well.
func (s System) Keys(ctx context.Context, o *open.Opener) []Finding {
	e := &examination{System: s, opener: o}
	devices := s.usbKeys()
	if err := e.readers(ctx, devices); err != nil {
		e.service(err, devices)
	}
	e.clock(o.Now())
	return e.findings
}

// readers says what is in each reader, and what is in none. It returns an error of the
// smart card service.
func (e *examination) readers(ctx context.Context, devices []usbDevice) error {
	readers, err := listReaders()
	if err != nil {
		return err
	}
	f, err := keys.Connect(ctx, e.opener.Random)
	if err != nil {
		return err
	}
	defer f.Close()
	name := "pcscd"
	if e.OS == "windows" || e.OS == "darwin" {
		name = "the smart card service"
	}
	e.add(Good, "service", name+" answers, and has "+term.Count(len(readers), "reader"), "")
	for _, r := range readers {
		e.reader(f, r)
	}
	e.usb(devices, readers)
	if len(readers) == 0 && len(devices) == 0 {
		e.noKey()
	}
	return nil
}

// noKey says that there is none, as far as can be seen.
func (e *examination) noKey() {
	switch _, err := fs.Stat(e.Files, usbDevices); {
	case err == nil:
		e.add(Notice, "no-key", "no key is plugged in: neither pcscd nor USB shows one",
			"If it is plugged in, try another port, without a hub; or another cable, or computer.")
	case e.OS == "linux":
		e.add(Notice, "no-key", "no key is plugged in: pcscd has no reader, and USB cannot be seen from here",
			"Plug in the key. A container, or a virtual machine, must be given it by its host.")
	default:
		e.add(Notice, "no-key", "no key is plugged in: the system has no reader", "Plug in the key.")
	}
}

func listReaders() ([]pcsc.Reader, error) {
	service, err := pcsc.Connect()
	if err != nil {
		return nil, err
	}
	defer service.Close()
	return service.Readers()
}
