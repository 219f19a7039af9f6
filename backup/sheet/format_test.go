package sheet

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/backup/sheet/line"
	"github.com/tokenctl/tokenctl/oath/oathtest"
)

const formatFile = "../../docs/sheet-format.md"

func formatDoc(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(formatFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The lines in the description of the format read as a sheet, and its records as
// records.
func TestFormatExamples(t *testing.T) {
	text := formatDoc(t)
	var r Reader
	if err := r.AddLines(text); err != nil {
		t.Error(err)
	}
	c := contents(t, &r, "")
	if len(c.Missing) > 0 || c.VaultKey == "" || len(c.Accounts) != 1 || len(c.Codes) != 1 {
		t.Errorf("the lines read as %+v", c)
	}
	records := regexp.MustCompile(`(?m)^    (tokenctl:.+)$`).FindAllStringSubmatch(text, -1)
	if len(records) != 6 {
		t.Errorf("there are %d records", len(records))
	}
	for _, record := range records {
		if strings.HasSuffix(record[1], "...") {
			record[1] = strings.Replace(record[1], "...", strings.Repeat("A", 52)+"====", 1)
		}
		if _, _, err := parseRecords(record[1]); err != nil {
			t.Errorf("%s: %v", record[1], err)
		}
	}
	for _, keyword := range []string{sheetKeyword, endKeyword, addsKeyword, bareKeyword, line.KeyKeyword, accountKeyword, codesKeyword, partKeyword, contentsKeyword, namesKeyword,
		shareKeyword, commitmentKeyword, "and", "more"} {
		if !strings.Contains(text, "`"+keyword+"`") {
			t.Errorf("the keyword %s is not described", keyword)
		}
	}
}

// The program and the commands in the description open a split sheet without
// anything of tokenctl.
func TestFormatOpensASplitSheet(t *testing.T) {
	oathtest.RequireTool(t, "python3", "age", "base32")
	text := formatDoc(t)
	_, program, _ := strings.Cut(text, "```python\n")
	program, _, _ = strings.Cut(program, "```")
	_, commands, _ := strings.Cut(text, "these commands open the sheet:\n\n")
	commands, _, _ = strings.Cut(commands, "\n\n")
	documents := split(t, everyKind(t), 3, 5)
	folder := t.TempDir()
	codes := strings.Join(symbolTexts(documents[4], documents[0], documents[2]), "\n")
	for name, content := range map[string]string{"combine.py": program, "codes.txt": codes} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(commands, joinParts) {
		t.Errorf("the commands are not those on the sheet: %s", commands)
	}
	checkOpened(t, shell(t, folder, commands))
}
