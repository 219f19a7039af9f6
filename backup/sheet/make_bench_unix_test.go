//go:build unix

package sheet

import (
	"io"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/sheet/layout"
	"github.com/tokenctl/tokenctl/oath/oathtest"
	"github.com/tokenctl/tokenctl/oath/qr"
)

// processorTime is what this process has taken of it, or those that it waited for.
func processorTime(b *testing.B, who int) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(who, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkMake makes the QR codes of a thousand accounts, and the PDF of a sheet that
// they are on, and compares the processor time with qrencode's for the same texts: it is
// 1. Most of that goes into starting qrencode a thousand times, for it takes one text.
func BenchmarkMake(b *testing.B) {
	oathtest.RequireTool(b, "qrencode")
	s := bigSheet(b, 1000)
	var texts []string
	for i := range s.Entries {
		s.Entries[i].Codes = backup.Record{}
		texts = append(texts, accountRecord{s.Entries[i].Key}.uri())
	}
	before := processorTime(b, syscall.RUSAGE_CHILDREN)
	for _, text := range texts {
		if out, err := exec.Command("qrencode", "-l", "Q", "-o", "/dev/null", text).CombinedOutput(); err != nil {
			b.Fatalf("qrencode: %v: %s", err, out)
		}
	}
	other := processorTime(b, syscall.RUSAGE_CHILDREN) - before
	for name, run := range map[string]func() error{
		"codes": func() error {
			for _, text := range texts {
				if _, err := qr.Encode(text, qr.LevelQ); err != nil {
					return err
				}
			}
			return nil
		},
		"sheet": func() error { return plain(b, s).WritePDF(io.Discard, layout.A4) },
	} {
		b.Run(name, func(b *testing.B) {
			before := processorTime(b, syscall.RUSAGE_SELF)
			for b.Loop() {
				if err := run(); err != nil {
					b.Fatal(err)
				}
			}
			own := processorTime(b, syscall.RUSAGE_SELF) - before
			b.ReportMetric(own.Seconds()/float64(b.N)/other.Seconds(), "qrencode=1")
		})
	}
}
