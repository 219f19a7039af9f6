package oath_test

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// claim finds what a sentence of the threat model promises, or denies.
const claim = `\b(cannot|never|nothing|nobody|refuse[sd]?|(is|are|was|were|does|do|did|has|have|will|must|can|may) not)\b`

// TestThreatModel holds docs/threat-model.md to its tests: each sentence with a claim has
// a note, each note is there once, and each test and script that a note names is there.
func TestThreatModel(t *testing.T) {
	text, err := os.ReadFile("../docs/threat-model.md")
	if err != nil {
		t.Fatal(err)
	}
	body, tests, found := strings.Cut(string(text), "\n[^")
	if !found {
		t.Fatal("there are no notes")
	}
	notes := make(map[string]string)
	for note := range strings.SplitSeq(strings.TrimSuffix(tests, "\n"), "\n[^") {
		name, names, found := strings.Cut(note, "]: ")
		if _, twice := notes[name]; !found || twice {
			t.Errorf("the note %q", note)
		}
		notes[name] = names
	}
	mark := regexp.MustCompile(`\[\^([a-z]+)\]`)
	used := make(map[string]bool)
	for _, m := range mark.FindAllStringSubmatch(body, -1) {
		used[m[1]] = true
		if _, known := notes[m[1]]; !known {
			t.Errorf("there is no note %q", m[1])
		}
	}
	claims := regexp.MustCompile(claim)
	checked := 0
	for _, sentence := range sentences(body) {
		if quoted := strings.Contains(sentence, `says "cannot"`); quoted || !claims.MatchString(sentence) {
			continue
		}
		checked++
		if !mark.MatchString(sentence) {
			t.Errorf("no test holds: %s", sentence)
		}
	}
	if checked < 50 {
		t.Errorf("%d sentences with a claim were found", checked)
	}
	for name, note := range notes {
		if !used[name] {
			t.Errorf("the note %q is not used", name)
		}
		named := regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(note, -1)
		if len(named) == 0 && name != "limit" && name != "others" {
			t.Errorf("the note %q names no test", name)
		}
		for _, n := range named {
			if !isTest(t, n[1]) {
				t.Errorf("the note %q: there is no %s", name, n[1])
			}
		}
	}
}

// sentences splits Markdown where a sentence ends and another begins, with the marks that
// stand behind the first. Items and rows of tables are sentences of their own.
func sentences(text string) (all []string) {
	end := regexp.MustCompile(`([.?!:;,](\*\*)?(\[\^[a-z]+\])+|[.?!](\*\*)?)\s+`)
	for paragraph := range strings.SplitSeq(regexp.MustCompile(`\n(\s*- |\|)`).ReplaceAllString(text, "\n\n$1"), "\n\n") {
		paragraph = strings.Join(strings.Fields(paragraph), " ") + " "
		from := 0
		for _, at := range end.FindAllStringIndex(paragraph, -1) {
			all = append(all, paragraph[from:at[1]])
			from = at[1]
		}
		all = append(all, paragraph[from:])
	}
	return all
}

// isTest reports whether there is such a script of the command line, or such a test, as
// in oath/qr.TestScan.
func isTest(t *testing.T, name string) bool {
	if path.Ext(name) == ".txtar" {
		_, err := os.Stat(filepath.Join("../cmd/tokenctl/testdata/script", name))
		return err == nil
	}
	folder, function, _ := strings.Cut(name, ".")
	files, err := filepath.Glob(filepath.Join("..", folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(source), "\nfunc "+function+"(") {
			return true
		}
	}
	return false
}
