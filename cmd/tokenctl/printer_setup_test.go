//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/tokenctl/tokenctl/oath/oathtest"
)

// compiledIn is where cups-pdf looks for its settings, whatever the server's settings are.
const compiledIn = "/etc/cups"

// makeFolder makes a folder whose path is as long as compiledIn.
func (p *printer) makeFolder() error {
	for {
		name := make([]byte, len(compiledIn)-len("/tmp/"))
		for i := range name {
			name[i] = 'a' + byte(rand.IntN(26))
		}
		p.dir = "/tmp/" + string(name)
		// The filters run as another user, and must come through.
		err := os.Mkdir(p.dir, 0o711)
		if !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
}

func (p *printer) path(name string) string { return filepath.Join(p.dir, name) }

// install puts the server's programs and settings into its folder.
func (p *printer) install() error {
	for _, name := range []string{"bin/backend", "root", "temp", "tray"} {
		if err := os.MkdirAll(p.path(name), 0o755); err != nil {
			return err
		}
	}
	for _, name := range []string{"daemon", "driver", "filter", "monitor", "notifier"} {
		if err := os.Symlink(filepath.Join(cupsPrograms, name), p.path("bin/"+name)); err != nil {
			return err
		}
	}
	// For everybody, since the filters work there; sticky, as they are by design.
	if err := os.Chmod(p.path("temp"), 0o777|fs.ModeSticky); err != nil {
		return err
	}
	backend, err := p.backend()
	if err != nil {
		return err
	}
	daemon, err := p.daemon()
	if err != nil {
		return err
	}
	// A program that another test starts meanwhile would inherit the file open for
	// writing, until it is its own, and whatever can be written to cannot be run.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return errors.Join(
		os.WriteFile(p.path("cupsd"), daemon, 0o700),
		os.WriteFile(p.path("bin/backend/cups-pdf"), backend, 0o700),
		os.WriteFile(p.path("deliver"), p.fill(deliver), 0o755),
		os.WriteFile(p.path("cups-pdf.conf"), p.fill(cupsPDFConf), 0o644),
		os.WriteFile(p.path("cups-files.conf"), p.fill(cupsFilesConf), 0o644),
		os.WriteFile(p.path("cupsd.conf"), p.fill(cupsdConf), 0o644))
}

// fill puts the folder into a template.
func (p *printer) fill(template string) []byte {
	return []byte(strings.ReplaceAll(template, "DIR", p.dir))
}

// daemon returns cupsd, to run it from the folder: AppArmor's rules for the
// machine's own go by its path, and forbid this one what it needs.
func (p *printer) daemon() ([]byte, error) {
	path, err := findPrinting("cupsd")
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// backend returns cups-pdf with the path of its settings changed to the folder. It
// is for root alone to read and to run; for others a script does what it does.
func (p *printer) backend() ([]byte, error) {
	if os.Getuid() != 0 {
		return p.fill(standIn), nil
	}
	program, err := os.ReadFile(cupsPDF)
	if err != nil {
		return nil, err
	}
	old, changed := []byte(compiledIn+"\x00"), []byte(p.dir+"\x00")
	if n := bytes.Count(program, old); n != 1 {
		return nil, fmt.Errorf("%s names %s %d times, want once", cupsPDF, compiledIn, n)
	}
	return bytes.Replace(program, old, changed, 1), nil
}

const (
	// When a document is printed, cups-pdf calls deliver. By its model's settings, the
	// name ends in the number of the job.
	cupsPDFConf = `Out DIR/out
AnonDirName DIR/out
Spool DIR/spool-pdf
Log DIR
GSTmp DIR/temp
Grp lp
PostProcessing DIR/deliver
`
	deliver = `#!/bin/sh
exec mv "$1" DIR/tray/
`
	// The arguments are job, user, title, copies and options, backend(7).
	standIn = `#!/bin/sh
set -eu
gs -q -dNOPAUSE -dBATCH -dSAFER -sDEVICE=pdfwrite -dAutoRotatePages=/PageByPage \
	-dPDFSETTINGS=/prepress -sOutputFile="DIR/temp/document-job_$1.pdf" -
exec DIR/deliver "DIR/temp/document-job_$1.pdf"
`
	cupsFilesConf = `ServerRoot DIR/root
ServerBin DIR/bin
StateDir DIR/state
CacheDir DIR/cache
RequestRoot DIR/spool
TempDir DIR/temp
AccessLog DIR/access_log
ErrorLog DIR/error_log
PageLog DIR/page_log
Printcap
User lp
Group lp
Sandboxing Relaxed
`
	// Whoever reaches the socket may do everything: no passwords, no D-Bus.
	cupsdConf = `Listen DIR/socket
LogLevel info
Browsing No
WebInterface No
DefaultAuthType None
<Location />
</Location>
<Policy default>
<Limit All>
</Limit>
</Policy>
`
)

// run runs the server until the test ends, and waits until it is ready. The shell
// ends it when its standard input is closed, so it outlives no test that is killed.
func (p *printer) run() error {
	c := exec.Command("sh", "-c", `"$@" & cat >/dev/null; kill $!; wait $!`, "sh",
		p.path("cupsd"), "-f", "-c", p.path("cupsd.conf"), "-s", p.path("cups-files.conf"))
	stdin, err := c.StdinPipe()
	if err != nil {
		return err
	}
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		return err
	}
	p.tb.Cleanup(func() { stdin.Close(); c.Wait() })
	return oathtest.Await("the socket", func() bool {
		link, err := net.Dial("unix", p.path("socket"))
		if err == nil {
			link.Close()
		}
		return err == nil
	})
}

// addQueue makes a queue of the printer that cups-pdf comes with a model for.
func (p *printer) addQueue(name string) error {
	lpadmin, err := findPrinting("lpadmin")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c := exec.CommandContext(ctx, lpadmin, "-p", name, "-v", "cups-pdf:/", "-P", cupsPDFModel, "-E")
	c.Env = append(os.Environ(), p.environment())
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("lpadmin: %w: %s", err, out)
	}
	return nil
}
