package oath_test

import (
	"bytes"
	"cmp"
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A phrase is one that English does not have, or has for something else, and that keeps
// coming in from other languages.
type phrase struct {
	words string // a regular expression, in lower case
	write string // what to write instead
}

var phrases = []phrase{
	{`tells?|told`, "says, shows, reports, distinguishes, is known"},
	{`in the place of|takes? the place of|took the place of`, "instead of, replaces"},
	{`(is|are) none of|is no (ordinary|regular)`, "must be one of, is not a"},
	{`parted`, "separated"},
	{`(come|comes|came|coming) back`, "restores, recovers, returns"},
	{`(bring|brings|brought) (it|them|back|all|everything|nothing|accounts|this account) ?back`, "restores"},
	{`not all there`, "incomplete"},
	{`lets? go( of)?`, "releases"},
	{`(make|makes|made) do with`, "keeps using"},
	{`sees? to (it|its|them|that)`, "makes sure, manages"},
	{`(is|are) to be|is to (hold|have|make|do)`, "must be, will be; or the verb alone"},
	{`mend|mends|mended`, "repairs, fixes, removes"},
	{`(keep|keeps|kept) in mind`, "remembers, records"},
	{`one a line|one an account`, "one per line"},
	{`by itself`, "alone, separately, on its own"},
	{`of no help`, "does not help"},
}

// quantities may stand before "of which"; elsewhere it is "whose", or another sentence.
const quantities = `(all|any|each|either|every|few|fewer|half|many|most|none|one|some|two|k|%d)`

// quoted is what documents quote, such as the words above.
var quoted = "\"[^\"\n]*\"|`[^`\n]*`"

// TestEnglish keeps the program's English plain: what it prints, its help, documents and
// comments use none of the phrases above.
func TestEnglish(t *testing.T) {
	all := make([]string, len(phrases))
	for i, p := range phrases {
		all[i] = p.words
	}
	find := regexp.MustCompile(`\b(` + strings.Join(all, "|") + `)\b`)
	which := regexp.MustCompile(`(\S+ )?\bof which\b`)
	quantity := regexp.MustCompile(`^` + quantities + ` of which$`)
	check := func(path string, line int, text string) {
		text = strings.ToLower(strings.Join(strings.Fields(text), " "))
		for _, found := range find.FindAllString(text, -1) {
			i := slices.IndexFunc(phrases, func(p phrase) bool {
				return regexp.MustCompile(`^(` + p.words + `)$`).MatchString(found)
			})
			t.Errorf("%s:%d: %q: write %s", path, line, found, phrases[i].write)
		}
		for _, found := range which.FindAllString(text, -1) {
			if !quantity.MatchString(found) {
				t.Errorf("%s:%d: %q: write whose, or two sentences", path, line, found)
			}
		}
	}
	quotes := regexp.MustCompile(quoted)
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() && entry.Name() == ".git" {
			return cmp.Or(err, fs.SkipDir)
		}
		add := func(line int, text string) { check(path, line, text) }
		switch extension := filepath.Ext(path); {
		case entry.Name() == "english_test.go":
		case extension == ".go":
			return readFile(path, func(text string) { readGo(text, add) })
		case extension == ".txtar":
			return readFile(path, func(text string) { readParagraphs(strings.ReplaceAll(text, "\n# ", "\n"), add) })
		case extension == ".md":
			return readFile(path, func(text string) { readParagraphs(quotes.ReplaceAllString(text, ""), add) })
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func readFile(path string, read func(text string)) error {
	text, err := os.ReadFile(path)
	read(string(text))
	return err
}

// readParagraphs passes on what blank lines separate, with the number of its first line.
func readParagraphs(text string, add func(line int, text string)) {
	line := 1
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		add(line, paragraph)
		line += strings.Count(paragraph, "\n") + 2
	}
}

// readGo passes on each comment and each string of a Go file; comments line by line, with
// the lines that follow each other as one.
func readGo(text string, add func(line int, text string)) {
	fset := token.NewFileSet()
	file := fset.AddFile("", -1, len(text))
	var s scanner.Scanner
	s.Init(file, []byte(text), nil, scanner.ScanComments)
	var comment bytes.Buffer
	first, last := 0, 0
	flush := func() {
		if comment.Len() > 0 {
			add(first, comment.String())
			comment.Reset()
		}
	}
	for {
		pos, tok, literal := s.Scan()
		line := file.Line(pos)
		switch {
		case tok == token.EOF:
			flush()
			return
		case tok == token.COMMENT:
			if line != last+1 {
				flush()
			}
			if comment.Len() == 0 {
				first = line
			}
			comment.WriteString(strings.TrimPrefix(literal, "//"))
			last = line
		case tok == token.STRING:
			add(line, strings.ReplaceAll(literal, `\n`, " "))
		}
	}
}
