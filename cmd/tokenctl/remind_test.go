package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
)

var used = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

func dueOf(id oath.ID, left int, renew string) ledger.Due {
	return ledger.Due{ID: id, Since: backup.Date(used), Left: left, Renew: renew}
}

func TestReminder(t *testing.T) {
	for _, test := range []struct {
		name string
		due  []ledger.Due
		want string
	}{
		{"nothing", nil, ""},
		{"one", []ledger.Due{dueOf("GitHub:alice", 15, "Settings > Codes")},
			"Backup codes of GitHub:alice: 15 are left. See: tokenctl backup status"},
		{"a long name", []ledger.Due{dueOf("Bank:alice@department.example.com", 0, "")},
			"Backup codes of Bank:alice…xample.com: none is left. See: tokenctl backup status"},
		{"not a plain name", []ledger.Due{dueOf("60/O'Neil:\x1b[2J\n", 0, "a\nb")},
			`Backup codes of O'Neil:\x1b[2J\n: none is left. See: tokenctl backup status`},
		{"many", []ledger.Due{dueOf("A:a", 1, ""), dueOf("B:b", 2, ""), dueOf("C:c", 0, "")},
			"Backup codes of 3 accounts were used. See: tokenctl backup status"},
	} {
		got := reminder(test.due)
		if got != test.want {
			t.Errorf("%s: got\n%s\nwant\n%s", test.name, got, test.want)
		}
		if strings.Contains(got, "\n") || utf8.RuneCountInString(got) > term.LineWidth {
			t.Errorf("%s: it is more than a line", test.name)
		}
	}
}

// largeLedger makes the ledger of somebody with ten thousand accounts.
func largeLedger(tb testing.TB) {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "ledger.json")
	tb.Setenv("TOKENCTL_LEDGER", path)
	err := ledger.Update(path, func(l *ledger.Ledger) error {
		for i := range 10000 {
			id := oath.ID(fmt.Sprintf("Issuer %d:user%d", i%100, i))
			e := l.Entry(id)
			e.Kept = ledger.OnPaper
			if err := e.Supersede(make([]backup.Code, 10), used); err != nil {
				return err
			}
		}
		l.Remind(dueOf("Issuer 1:user1", 9, "Settings"))
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() < 1<<20 {
		tb.Fatalf("the ledger is too small to show anything: %v, %v", info, err)
	}
}

// A reminder costs a command nothing that could be felt, however large the ledger:
// it reads the beginning. To read more would take memory to hold it.
func TestReminderIsCheap(t *testing.T) {
	largeLedger(t)
	var messages bytes.Buffer
	p := newProgram(term.Console{Err: &messages}, nil)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	p.remind(&cobra.Command{})
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 1<<16 {
		t.Errorf("a reminder takes %d bytes of memory, of a ledger of more than %d", took, 1<<20)
	}
	if got := strings.Count(messages.String(), "\n"); got != 1 {
		t.Errorf("%d reminders came", got)
	}
}

func BenchmarkReminder(b *testing.B) {
	largeLedger(b)
	p := newProgram(term.Console{Err: new(bytes.Buffer)}, nil)
	for b.Loop() {
		p.remind(&cobra.Command{})
	}
}

func BenchmarkNoReminder(b *testing.B) {
	b.Setenv("TOKENCTL_LEDGER", filepath.Join(b.TempDir(), "ledger.json"))
	p := newProgram(term.Console{Err: new(bytes.Buffer)}, nil)
	for b.Loop() {
		p.remind(&cobra.Command{})
	}
}
