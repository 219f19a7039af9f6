package paper

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/image/font/gofont/goregular"

	"github.com/tokenctl/tokenctl/backup/sheet/layout"
	"github.com/tokenctl/tokenctl/oath/oathtest"
)

// fontconfig puts a program instead of fc-match that prints a list of fonts, each a
// file, an index and a set of characters, and returns how often it ran.
func fontconfig(t *testing.T, list ...string) (runs func() int) {
	t.Helper()
	oathtest.RequireTool(t, "sh", "cat")
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	files := map[string]string{
		"list":     strings.Join(list, "\n") + "\n",
		"fc-match": fmt.Sprintf("#!/bin/sh\necho run >>%s\nexec cat %s\n", log, filepath.Join(dir, "list")),
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
	return func() int {
		runs, _ := os.ReadFile(log)
		return strings.Count(string(runs), "run")
	}
}

// A font that is not as fontconfig says is passed over.
func TestFindFonts(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, content []byte) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	good := file("good.ttf", goregular.TTF)
	fontconfig(t,
		"", "rubbish", "a\tb", good+"\tx\t20-7e", good+"\t0\t41-zz -", good+"\t1\t20-7e", good+"\t-1\t20-7e",
		filepath.Join(dir, "none.ttf")+"\t0\t20-7e", dir+"\t0\t20-7e", file("cut.ttf", goregular.TTF[:5000])+"\t0\t20-7e",
		file("text.ttf", []byte("no font"))+"\t0\t20-7e", strings.Repeat("x", 100000),
		good+"\t0\t20-7e e9 3b1-3c9", good+"\t0\t20-7e",
	)
	for _, test := range []struct {
		lacking string
		want    int
	}{{"é", 1}, {"éα", 1}, {"é日", 1}, {"日", 0}} {
		if found := findFonts(t.Context(), []rune(test.lacking)); len(found) != test.want {
			t.Errorf("%s: %d fonts, want %d", test.lacking, len(found), test.want)
		}
	}
	t.Setenv("PATH", dir)
	if found := findFonts(t.Context(), []rune("é")); len(found) != 0 {
		t.Errorf("%d fonts without fontconfig", len(found))
	}
}

// Fonts are looked for once, and only where they are needed.
func TestFontsAreLookedForOnce(t *testing.T) {
	runs := fontconfig(t)
	plain, other := layout.Document{Title: "Ålesund"}, layout.Document{Title: "日本"}
	for _, test := range []struct {
		o         Output
		documents []layout.Document
		want      int
	}{
		{Output{Format: "pdf"}, []layout.Document{plain, plain}, 0},
		{Output{Format: "txt"}, []layout.Document{other}, 0},
		{Output{Format: "pdf"}, []layout.Document{plain, other, other}, 1},
		{Output{Print: true}, []layout.Document{other}, 1},
	} {
		before := runs()
		for range 2 {
			test.o.withFonts(t.Context(), test.documents)
		}
		if n := runs() - before; n != test.want {
			t.Errorf("%+v: fc-match ran %d times, want %d", test.documents, n, test.want)
		}
	}
}
