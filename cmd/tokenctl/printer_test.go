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
	"testing"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"github.com/rogpeppe/go-internal/testscript"
)

// A printer is a print server of its own, with one queue, that prints to files. A
// document goes the whole way to a printer: CUPS's scheduler takes it in, its
// filters make the printer's PostScript of it, and the backend cups-pdf makes a
// page of that, which here is PDF again.
type printer struct {
	tb    testing.TB
	dir   string // of the server's files
	taken int    // documents that were taken out of the tray
}

// What a printer needs that is not in PATH, where Debian has it.
const (
	cupsPrograms = "/usr/lib/cups"
	cupsPDF      = "/usr/lib/cups/backend/cups-pdf"
	cupsPDFModel = "/usr/share/ppd/cups-pdf/CUPS-PDF_opt.ppd"
)

// startPrinter runs a print server with a queue until the test ends. It skips the
// test where that cannot be, or fails it if the environment has CI=true.
func startPrinter(tb testing.TB, queue string) *printer {
	tb.Helper()
	for _, program := range []string{"cupsd", "lpadmin", "lp", "gs", cupsPDF, cupsPDFModel} {
		requirePrinting(tb, program)
	}
	p := &printer{tb: tb}
	p.must(p.makeFolder())
	tb.Cleanup(func() { os.RemoveAll(p.dir) })
	p.must(p.install())
	p.must(p.run())
	p.must(p.addQueue(queue))
	return p
}

func (p *printer) must(err error) {
	p.tb.Helper()
	if err != nil {
		p.tb.Fatalf("printer: %v\n%s", err, p.log())
	}
}

// log returns what the server and the backend wrote down.
func (p *printer) log() []byte {
	var all []byte
	names, _ := filepath.Glob(p.path("*_log"))
	for _, name := range names {
		log, _ := os.ReadFile(name)
		all = append(all, log...)
	}
	return all
}

// requirePrinting is requireTool for a program of the administrator's or a file.
func requirePrinting(tb testing.TB, program string) {
	tb.Helper()
	if _, err := findPrinting(program); err != nil && os.Getenv("CI") == "true" {
		tb.Fatal(err)
	} else if err != nil {
		tb.Skip(err)
	}
}

// findPrinting finds a program, which need not be for everybody to run.
func findPrinting(program string) (string, error) {
	if filepath.IsAbs(program) {
		_, err := os.Stat(program)
		return program, err
	}
	if path, err := exec.LookPath(program); err == nil {
		return path, nil
	}
	return exec.LookPath(filepath.Join("/usr/sbin", program))
}

// compiledIn is where cups-pdf looks for its settings, whatever the server is told.
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
	if err := c.Start(); err != nil {
		return err
	}
	p.tb.Cleanup(func() { stdin.Close(); c.Wait() })
	return p.await("the socket", func() bool {
		link, err := net.Dial("unix", p.path("socket"))
		if err == nil {
			link.Close()
		}
		return err == nil
	})
}

// await waits until a condition is fulfilled.
func (p *printer) await(what string, condition func() bool) error {
	for start := time.Now(); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Since(start) > patience {
			return fmt.Errorf("waited %v for %s", patience, what)
		}
	}
	return nil
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

// environment is what leads a program to the printer.
func (p *printer) environment() string { return serverVariable + "=" + p.path("socket") }

// serverVariable is read by lp, cups(1).
const serverVariable = "CUPS_SERVER"

// take waits until the next document is printed, and takes it out of the tray.
func (p *printer) take() (document string, err error) {
	p.taken++
	var found []string
	err = p.await(fmt.Sprintf("document %d", p.taken), func() bool {
		found, _ = filepath.Glob(p.path(fmt.Sprintf("tray/*-job_%d.pdf", p.taken)))
		return len(found) > 0
	})
	if err != nil {
		return "", err
	}
	return found[0], nil
}

// Documents come out as what was sent, in that order.
func TestPrinter(t *testing.T) {
	t.Parallel()
	requireTool(t, "pdftotext")
	p := startPrinter(t, "office")
	for _, words := range []string{"first", "second"} {
		c := exec.Command("lp", "-d", "office", "-o", "media=A4")
		c.Env = append(os.Environ(), p.environment())
		c.Stdin = bytes.NewReader(pageOf(t, words))
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		document, err := p.take()
		p.must(err)
		printed, err := exec.Command("pdftotext", document, "-").Output()
		if err != nil || strings.TrimSpace(string(printed)) != words {
			t.Errorf("printed %q, %v, want %q", printed, err, words)
		}
	}
}

// pageOf returns a PDF of one page of A4.
func pageOf(tb testing.TB, words string) []byte {
	tb.Helper()
	var b bytes.Buffer
	document := fpdf.New("P", "mm", "A4", "")
	document.AddPage()
	document.SetFont("Helvetica", "", 12)
	document.Cell(40, 10, words)
	if err := document.Output(&b); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func scriptPrinter(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "printer NAME")
	r := rigOf(ts)
	r.printer = startPrinter(r.tb, args[0])
	name, value, _ := strings.Cut(r.printer.environment(), "=")
	ts.Setenv(name, value)
}

func scriptPrinted(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, len(args) == 1 && !neg || len(args) == 0 && neg, "printed FILE, or ! printed")
	p := rigOf(ts).printer
	if p == nil {
		ts.Fatalf("there is no printer")
	}
	if neg {
		ts.Check(p.idle())
		return
	}
	document, err := p.take()
	p.must(err)
	content, err := os.ReadFile(document)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), content, 0o600))
}

// idle returns an error if something was sent to the printer that nobody took.
func (p *printer) idle() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c := exec.CommandContext(ctx, "lpstat", "-W", "all", "-o")
	c.Env = append(os.Environ(), p.environment())
	jobs, err := c.Output()
	if err != nil {
		return fmt.Errorf("lpstat: %w", err)
	}
	if n := bytes.Count(jobs, []byte("\n")); n != p.taken {
		return fmt.Errorf("%d documents were sent to the printer, want %d:\n%s", n, p.taken, jobs)
	}
	return nil
}
