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
	"os/exec"
	"path/filepath"
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
	User   string // who this is, or a word to fill in
}

// Here returns the computer that this program runs on.
func Here() System {
	return System{
		Files: os.DirFS("/"), OS: runtime.GOOS,
		Socket: cmp.Or(os.Getenv("PCSCLITE_CSOCK_NAME"), defaultSocket),
		Remote: os.Getenv("SSH_CONNECTION") != "", User: cmp.Or(os.Getenv("USER"), "NAME"),
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
// OATH applet of each, and what is well.
func (s System) Keys(ctx context.Context, o *open.Opener) []Finding {
	e := &examination{System: s, opener: o}
	devices := s.usbKeys()
	readers, err := listReaders()
	if err != nil {
		e.service(err, devices)
		return e.findings
	}
	e.add(Good, "service", "pcscd answers, and has "+term.Count(len(readers), "reader"), "")
	f, err := keys.Connect(ctx, o.Random)
	if err != nil {
		e.service(err, devices)
		return e.findings
	}
	defer f.Close()
	for _, r := range readers {
		e.reader(f, r)
	}
	e.usb(devices, readers)
	if len(readers) == 0 && len(devices) == 0 {
		e.noKey()
	}
	return e.findings
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

// Vault says what is missing around the vault in a folder, if there is one.
func (s System) Vault(folder string) []Finding {
	_, err := os.Lstat(filepath.Join(folder, ".git"))
	if _, missing := exec.LookPath("git"); err != nil || missing == nil {
		return nil
	}
	return []Finding{{Notice, "no-git", "the vault is a git repository, and git is not installed: changes are not committed", "Install git."}}
}

func listReaders() ([]pcsc.Reader, error) {
	service, err := pcsc.Connect()
	if err != nil {
		return nil, err
	}
	defer service.Close()
	return service.Readers()
}
