//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"codeberg.org/go-pdf/fpdf"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tokenctl/tokenctl/oath/oathtest"
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

// startPrinter runs a print server with a queue until the test ends.
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

// requirePrinting is oathtest.RequireTool for a program of the administrator's or a file.
func requirePrinting(tb testing.TB, program string) {
	tb.Helper()
	_, err := findPrinting(program)
	oathtest.NeedsTool(tb, err)
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

// environment is what leads a program to the printer.
func (p *printer) environment() string { return serverVariable + "=" + p.path("socket") }

// serverVariable is read by lp, cups(1).
const serverVariable = "CUPS_SERVER"

// take waits until the next document is printed, and takes it out of the tray.
func (p *printer) take() (document string, err error) {
	p.taken++
	var found []string
	err = oathtest.Await(fmt.Sprintf("document %d", p.taken), func() bool {
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
	oathtest.RequireTool(t, "pdftotext")
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
