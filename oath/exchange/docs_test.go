package exchange

import (
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tokenctl/tokenctl/oath"
)

// columns are those of the table in docs/formats.md, after the format's name, how it is
// known and how it is encrypted. What stands there is "yes" if a sample proves it.
var columns = []struct {
	name   string
	proves func(Entry) bool
}{
	{"HOTP", func(e Entry) bool { return e.Account.Type == oath.HOTP }},
	{"Steam", func(e Entry) bool { return e.Account.IsSteam() }},
	{"SHA-256, SHA-512", func(e Entry) bool { return e.Account.Algorithm == oath.SHA256 || e.Account.Algorithm == oath.SHA512 }},
	{"7 or 8 digits", func(e Entry) bool { return e.Account.Digits > oath.DefaultDigits }},
	{"other periods", func(e Entry) bool { return e.Account.Period != 0 && e.Account.Period != oath.DefaultPeriod }},
	{"notes", func(e Entry) bool { return e.Notes != "" }},
	{"backup codes", func(e Entry) bool { return len(e.Codes) > 0 }},
}

// TestDocs holds docs/formats.md against the formats and what their samples prove.
func TestDocs(t *testing.T) {
	data, err := os.ReadFile("../../docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	rows := make(map[string][]string)
	var names []string
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if len(cells) == len(columns)+4 && strings.Trim(cells[0], "-") != "" {
			names, rows[cells[0]] = append(names, cells[0]), cells
		}
	}
	header := []string{"Format", "Known by", "Encrypted"}
	for _, c := range columns {
		header = append(header, c.name)
	}
	if header = append(header, "Written"); !slices.Equal(rows["Format"], header) {
		t.Errorf("the columns are %q, not %q", rows["Format"], header)
	}
	want := []string{"Format"}
	for _, f := range formats {
		want = append(want, f.name)
	}
	if !slices.Equal(names, want) {
		t.Errorf("the rows are %q\nnot %q", names, want)
	}
	for _, f := range formats {
		want := rowOf(f)
		row, found := rows[f.name]
		if !found {
			t.Errorf("there is no row of %s; add this one, and say how it is known, and encrypted:\n| %s |", f.name, strings.Join(want, " | "))
			continue
		}
		if row[1] == "" || (row[2] == "no") != (want[2] == "no") || utf8.RuneCountInString(row[2]) < 2 {
			t.Errorf("%s: known by %q, and encrypted %q; the samples prove %q", f.name, row[1], row[2], want[2])
		}
		for i := 3; i < len(row); i++ {
			if row[i] != want[i] {
				t.Errorf("%s: %s: %q, but the samples prove %q", f.name, header[i], row[i], want[i])
			}
		}
		if !strings.Contains(text, "\n- **"+f.name+"**: ") {
			t.Errorf("%s: there is no paragraph \"- **%s**: \" on what does not come over", f.name, f.name)
		}
	}
}

// rowOf is the row that the samples prove.
func rowOf(f format) []string {
	row := []string{f.name, "...", "no"}
	var entries []Entry
	for _, s := range samples() {
		if s.format == f.name {
			entries = append(entries, s.want...)
			if s.password != "" {
				row[2] = "..."
			}
		}
	}
	if entries == nil { // it is known only to be refused
		row[2] = "..."
	}
	for _, c := range columns {
		cell := "no"
		if slices.ContainsFunc(entries, c.proves) {
			cell = "yes"
		}
		row = append(row, cell)
	}
	switch {
	case f.seals:
		return append(row, "yes, encrypted or plain")
	case f.write != nil:
		return append(row, "yes, plain")
	}
	return append(row, "no")
}
