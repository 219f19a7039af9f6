//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

// architecture is the document that says how many APDUs a command may cost.
const architecture = "../../docs/architecture.md"

// An apduRow is a row of its table.
type apduRow struct {
	command string   // without the files' folder
	apdus   []string // names of the instructions
}

// TestAPDUs runs every command of the table, and compares what the key was sent.
func TestAPDUs(t *testing.T) {
	rows := readAPDUTable(t)
	if len(rows) < 20 {
		t.Fatalf("%s has %d rows of APDUs", architecture, len(rows))
	}
	for _, row := range rows {
		t.Run(row.command, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			dir := t.TempDir()
			d := plugForAPDUs(r, dir, strings.Contains(row.command, "--password-file"))
			o := r.run("", command(dir, row.command)...)
			if o.status != 0 && o.status != term.ExitPartial { // as of what cannot be compared
				t.Fatal(o)
			}
			if err := sameCommands(d.trace.take(), row.apdus); err != nil {
				t.Error(err)
			}
		})
	}
}

// readAPDUTable returns the rows of the table, which are of the form
//
//	| `tokenctl list` | SELECT, LIST | 2 |
func readAPDUTable(t *testing.T) []apduRow {
	t.Helper()
	text, err := os.ReadFile(architecture)
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "## APDUs\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var rows []apduRow
	for line := range strings.Lines(section) {
		cells := strings.Split(strings.Trim(line, "| \n"), " | ")
		if len(cells) != 3 || !strings.HasPrefix(cells[0], "`tokenctl ") {
			continue
		}
		row := apduRow{strings.Trim(cells[0], "`"), strings.Split(cells[1], ", ")}
		if n, err := strconv.Atoi(cells[2]); err != nil || n != len(row.apdus) {
			t.Errorf("%s: %q is not the number of %q", row.command, cells[2], row.apdus)
		}
		rows = append(rows, row)
	}
	return rows
}

// command returns the words of a command, where the files it names are in dir.
func command(dir, line string) []string {
	words := strings.Fields(line)
	for i, word := range words {
		if strings.HasSuffix(word, ".uri") || word == "password" && strings.HasSuffix(words[i-1], "-file") {
			words[i] = filepath.Join(dir, word)
		}
	}
	return words
}

// plugForAPDUs plugs in the key of the table: four accounts, perhaps a password.
func plugForAPDUs(r *rig, dir string, locked bool) *device {
	r.tb.Helper()
	for name, text := range map[string]string{
		"account.uri": carolURI, "alice.uri": strings.Replace(carolURI, "carol", "alice", 1), "password": "hunter2",
		"three.uri": carolURI + "\n" + strings.Replace(carolURI, "carol", "carl", 1) + "\n" + strings.Replace(carolURI, "carol", "cara", 1),
		"here.uri":  aliceURI + "\n" + bobURI + "\n" + davesHOTP + "\n" + erinsURI,
		"there.uri": aliceURI + "\n" + bobURI,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			r.tb.Fatal(err)
		}
	}
	d := r.plug("key", 0, virtualkey.Config{})
	r.must(aliceURI+"\n"+bobURI+"\n"+davesHOTP, "tokenctl", "enroll", "-")
	r.must(erinsURI, "tokenctl", "enroll", "-", "--touch")
	if locked {
		r.must("", command(dir, "tokenctl password set --new-password-file password")...)
	}
	d.trace.take()
	return d
}

const (
	davesHOTP = "otpauth://hotp/Bank:dave?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&counter=0"
	erinsURI  = "otpauth://totp/Bank:erin?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
)
