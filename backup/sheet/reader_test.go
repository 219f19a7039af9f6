package sheet

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/width"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/sheet/layout"
	"github.com/tokenctl/tokenctl/backup/sheet/line"
	"github.com/tokenctl/tokenctl/oath"
)

// symbolTexts are what a scan of the whole document yields.
func symbolTexts(documents ...layout.Document) (texts []string) {
	for _, d := range documents {
		for _, b := range d.Body {
			for _, s := range b.Symbols {
				texts = append(texts, s.Text)
			}
		}
	}
	return texts
}

// scan returns a reader of texts, all of which it must take.
func scan(t testing.TB, texts ...string) *Reader {
	t.Helper()
	r := &Reader{}
	for _, text := range texts {
		if err := r.AddText(text); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
	}
	return r
}

func plain(t testing.TB, s Sheet) layout.Document {
	t.Helper()
	d, err := s.Plain()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// contents returns what the reader has read, without an error.
func contents(t testing.TB, r *Reader, passphrase string) Contents {
	t.Helper()
	c, err := r.Contents(passphrase)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// checkContents compares what was read with the sheet that was printed.
func checkContents(t testing.TB, c Contents, s Sheet) {
	t.Helper()
	if c.Number != s.Number || c.ID != s.ID || !c.Date.Equal(s.Date) || c.VaultKey != s.VaultKey {
		t.Errorf("read number %d, ID %s, date %s, key %s", c.Number, c.ID, c.Date, c.VaultKey)
	}
	var uris, want []string
	codes := make(map[oath.ID]backup.Record)
	for _, k := range c.Accounts {
		uris = append(uris, fmt.Sprint(accountRecord{k}.uri(), k.Account.Touch))
	}
	for _, e := range s.Entries {
		if e.hasSecret() {
			want = append(want, fmt.Sprint(accountRecord{e.Key}.uri(), e.Key.Account.Touch))
		}
		if e.hasCodes() {
			codes[e.Key.Account.ID()] = e.Codes
		}
	}
	slices.Sort(uris)
	slices.Sort(want)
	if !slices.Equal(uris, want) {
		t.Errorf("read accounts %q, want %q", uris, want)
	}
	if !reflect.DeepEqual(c.Codes, codes) {
		t.Errorf("read codes %v, want %v", c.Codes, codes)
	}
	if len(c.Missing) > 0 || len(c.Doubtful) > 0 || len(c.Notes) > 0 {
		t.Errorf("missing %v, doubtful %v, notes %q", c.Missing, c.Doubtful, c.Notes)
	}
}

func TestScanOfAPlainSheet(t *testing.T) {
	texts := symbolTexts(plain(t, everyKind(t)))
	r := rand.New(rand.NewPCG(7, 8))
	for range 20 { // any order, and some codes twice
		r.Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
		reader := scan(t, append(texts, texts[:3]...)...)
		c := contents(t, reader, "")
		checkContents(t, c, everyKind(t))
		if missing := reader.Missing(); len(missing) > 0 || len(c.Accounts) != 5 || len(c.Codes) != 4 {
			t.Errorf("missing %v of %+v", missing, c)
		}
	}
}

func TestTextOfAPlainSheet(t *testing.T) {
	text := string(plain(t, everyKind(t)).Text())
	var r Reader
	if err := r.AddLines(text); err != nil {
		t.Fatal(err)
	}
	checkContents(t, contents(t, &r, ""), everyKind(t))
	for one := range strings.Lines(text) {
		if n := columnsIn(strings.TrimSuffix(one, "\n")); n > 78 {
			t.Errorf("%d columns: %q", n, one)
		}
	}
}

func columnsIn(text string) (n int) {
	for _, c := range text {
		n++
		if width.LookupRune(c).Kind() == width.EastAsianWide {
			n++
		}
	}
	return n
}

// Each line may be typed alone, in any order once the first is there.
func TestLinesInAnyOrder(t *testing.T) {
	var lines []string
	for one := range strings.Lines(string(plain(t, everyKind(t)).Text())) {
		if line.IsBarred(one) {
			lines = append(lines, one)
		}
	}
	r := rand.New(rand.NewPCG(9, 10))
	for range 10 {
		r.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		var reader Reader
		for _, one := range lines {
			if err := reader.AddLines(one); err != nil {
				t.Fatalf("%q: %v", one, err)
			}
		}
		checkContents(t, contents(t, &reader, ""), everyKind(t))
	}
}

// Whichever line is missing is named, and all else is read.
func TestMissingLines(t *testing.T) {
	text := string(plain(t, everyKind(t)).Text())
	for one := range strings.Lines(text) {
		if !line.IsBarred(one) {
			continue
		}
		var r Reader
		if err := r.AddLines(strings.Replace(text, one, "", 1)); err != nil {
			t.Fatal(err)
		}
		c := contents(t, &r, "")
		number := strings.TrimSpace(one[:4])
		if got := fmt.Sprint(c.Missing); got != "[line "+number+"]" {
			t.Errorf("without line %s, missing is %s", number, got)
		}
		if len(c.Accounts) < 4 || len(c.Codes) < 3 {
			t.Errorf("without line %s, there are %d accounts and %d sets", number, len(c.Accounts), len(c.Codes))
		}
		checkNothingElse(t, c, everyKind(t))
	}
}

// checkNothingElse sees that nothing was read that is not on the sheet: no code cut
// short, and none of another account.
func checkNothingElse(t *testing.T, c Contents, s Sheet) {
	t.Helper()
	for _, e := range s.Entries {
		r := c.Codes[e.Key.Account.ID()]
		if r.Current() == nil {
			continue
		}
		for _, code := range r.Current().Codes {
			if !slices.Contains(e.Codes.Current().Codes, code) {
				t.Errorf("%s: read %+v", e.label(), code)
			}
		}
	}
}

// Whichever QR code is missing is named, and what was lost can be typed.
func TestMissingSymbols(t *testing.T) {
	d := plain(t, everyKind(t))
	pages, _, err := d.Pages(layout.A4)
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range d.Body {
		if b.Number == 0 {
			continue
		}
		for _, lost := range b.Symbols {
			reader := &Reader{}
			for _, text := range symbolTexts(d) {
				if text != lost.Text {
					if err := reader.AddText(text); err != nil {
						t.Fatal(err)
					}
				}
			}
			want := fmt.Sprintf("%s, page %d", b.Heading, pages[i])
			if got := reader.Missing(); len(got) != 1 || got[0].String() != want {
				t.Errorf("block %d without %q: missing is %v, want %s", i, lost.Caption, got, want)
			}
			for _, l := range b.Lines {
				if err := reader.AddLines(typedText(l) + used(l)); err != nil {
					t.Errorf("block %d, line %d: %v", i, l.Number, err)
				}
			}
			checkContents(t, contents(t, reader, ""), everyKind(t))
		}
	}
}

func used(l line.Line) string {
	if l.Used == "" {
		return ""
	}
	return " used " + l.Used
}

func TestMissingEverything(t *testing.T) {
	d := plain(t, everyKind(t))
	list, last := d.Body[0].Symbols[0].Text, d.Body[len(d.Body)-1]
	// The sixth block has nothing that could be missing.
	for want, r := range map[string]*Reader{
		"[blocks 1 to 5 of 11, page 2 blocks 7 to 11 of 11, page 3]": scan(t, list),
		"[The vault's key, AWS:root, Bank:alice and 2 more, page 2 " +
			"Only: on = key:bob:b, Steam:alice, Steam:alice (backup codes) and 2 more, page 3]": scan(t, list, last.Symbols[1].Text),
	} {
		if got := fmt.Sprint(contents(t, r, "").Missing); got != want {
			t.Errorf("missing %s, want %s", got, want)
		}
	}
	var typed Reader
	if err := typed.AddLines(typedText(d.Body[0].Lines[0])); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(typed.Missing()); got != fmt.Sprintf("[lines 2 to %d]", last.Lines[0].Number) {
		t.Errorf("missing %s", got)
	}
}

// Whatever the number of accounts, the list of contents has the pages on which they
// are, though it is longer or shorter for that, and a name for each.
func TestPagesOfContents(t *testing.T) {
	for _, paper := range []layout.Paper{layout.A4, layout.Letter} {
		s := sheetOf(t, 7, "KQ3ZT7AB")
		s.Paper = paper
		for i := range 90 {
			if i%3 > 0 || i > 60 {
				s.Entries = append(s.Entries, sheetOf(t, 7, "", fmt.Sprintf("Service%d:a@example.com=%s", i, secretA)).Entries...)
			} else {
				s.Entries = append(s.Entries, sheetOf(t, 7, "", fmt.Sprintf("%d:b=%s", i, secretB)).Entries...)
				s.Entries[i].Codes = backup.Record{}
			}
			d := plain(t, s)
			pages, _, err := d.Pages(paper)
			if err != nil {
				t.Fatal(err)
			}
			p := scan(t, symbolTexts(d)...).read().ordered()[0]
			names := p.blockNames()
			for _, c := range p.list.ordered() {
				page := c.page
				for j, b := range c.list {
					page += b.turns
					n := c.from + j
					if n > len(names) {
						t.Fatalf("%d accounts: %d names: %q", i+1, len(names), symbolTexts(d))
					}
					if page != pages[n] || names[n-1] != d.Body[n].Heading || d.Body[n].Number != n {
						t.Fatalf("%d accounts on %s: block %d is %q on page %d, and not %q on page %d", i+1, paper, n, names[n-1], page, d.Body[n].Heading, pages[n])
					}
				}
			}
		}
	}
}

// Names that do not read name nothing, and those that never end are given up.
func TestOddNames(t *testing.T) {
	d := plain(t, everyKind(t))
	list := d.Body[0].Symbols[0].Text
	var bomb bytes.Buffer
	w, err := flate.NewWriter(&bomb, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 * maxNames {
		w.Write([]byte{'\n'})
	}
	w.Close()
	for name, data := range map[string]string{"rubbish": "rubbish", "too many": bomb.String(), "cut": cutNames([]string{"The vault's key", "A"})[0].data[:5]} {
		r := scan(t, list)
		for i, piece := range line.CutEvery(data, namesSize) {
			one := namesRecord{i + 1, (len(data) + namesSize - 1) / namesSize, piece}
			if err := r.AddText(stamp{7, "KQ3ZT7AB"}.text(one.paragraph())); err != nil {
				t.Fatal(err)
			}
		}
		if got := len(r.read().ordered()[0].blockNames()); got > maxNames {
			t.Errorf("%s: %d names", name, got)
		}
		if got := r.Missing(); len(got) == 0 || got[0].From != 1 {
			t.Errorf("%s: missing %v", name, got)
		}
	}
}

func TestForeignTexts(t *testing.T) {
	r := scan(t, symbolTexts(plain(t, everyKind(t)))...)
	for _, text := range []string{"", "https://example.com/", "WIFI:S:home;;", "tokenctl", "mailto:a@example.com"} {
		if err := r.AddText(text); !errors.Is(err, ErrForeign) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if err := r.AddText("tokenctl:2 9 KQ3ZT7AB|hologram: x"); !errors.Is(err, ErrNewer) {
		t.Errorf("a record of the future: %v", err)
	}
	if err := r.AddText(strings.Repeat("x", 1<<20)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a mebibyte: %v", err)
	}
	c := contents(t, r, "")
	if got := c.Notes; len(got) != 1 || got[0] != "5 QR codes are not of a recovery sheet, and ignored." {
		t.Errorf("notes %q", got)
	}
	c.Notes = nil
	checkContents(t, c, everyKind(t))
}

// An account's QR code needs no sheet around it. But then it is not known what is
// missing.
func TestAccountsOfNoSheet(t *testing.T) {
	uri := "otpauth://totp/Forge:carol?secret=GEZDGNBVGY3TQOJQ&issuer=Forge"
	c := contents(t, scan(t, uri), "")
	if len(c.Accounts) != 1 || c.Accounts[0].Account.Label() != "Forge:carol" || c.Number != 0 ||
		fmt.Sprint(c.Missing) != "[the list of contents, so that what else is missing is not known]" || len(c.Notes) > 0 {
		t.Errorf("read %+v", c)
	}
	var r Reader
	if err := r.AddText("otpauth://totp/Forge:carol?secret=0"); !errors.Is(err, oath.ErrInvalid) {
		t.Errorf("a broken account: %v", err)
	}
}

// Without its list of contents, or all of its lines, nothing of a sheet counts as all
// of it; nor does what stands on no list beside one.
func TestFragmentsAreNotWhole(t *testing.T) {
	d := plain(t, everyKind(t))
	text := string(d.Text())
	for _, test := range []struct {
		name           string
		scanned, typed string
		want           string
	}{
		{"one block", strings.Join(symbolTexts(layout.Document{Body: d.Body[5:6]}), "\n"), "", "[the list of contents of sheet 7, so that what else is missing is not known]"},
		{"an account", d.Body[2].Symbols[0].Text, "", "[the list of contents, so that what else is missing is not known]"},
		{"the key", typedIdentity, "", "[the list of contents, so that what else is missing is not known]"},
		{"all lines", "", text, "[]"},
		{"all lines, and a block", d.Body[2].Symbols[0].Text, text, "[]"},
		{"all lines, and another account", "otpauth://totp/Forge:carol?secret=GEZDGNBVGY3TQOJQ", text, "[the list of contents, so that what else is missing is not known]"},
		{"a line, and a block", d.Body[2].Symbols[0].Text, typedText(d.Body[0].Lines[0]), "[the list of contents of sheet 7, so that what else is missing is not known]"},
		{"all, and another account", strings.Join(append(symbolTexts(d), "otpauth://totp/Forge:carol?secret=GEZDGNBVGY3TQOJQ"), "\n"), "",
			"[the list of contents, so that what else is missing is not known]"},
	} {
		r := &Reader{}
		for text := range strings.SplitSeq(test.scanned, "\n") {
			if text != "" && r.AddText(text) != nil {
				t.Errorf("%s: %s is not taken", test.name, text)
			}
		}
		if err := r.AddLines(test.typed); err != nil {
			t.Error(err)
		}
		if got := fmt.Sprint(contents(t, r, "").Missing); got != test.want {
			t.Errorf("%s: missing %s, want %s", test.name, got, test.want)
		}
	}
}

// An account whose secret is not on the sheet says so on the first page and in its
// block, and is counted by who reads the list; so is a touch.
func TestSecretsThatAreNotOnTheSheet(t *testing.T) {
	s := everyKind(t)
	d := plain(t, s)
	if !slices.Contains(d.Facts, layout.Fact{Name: "NOT on it", Value: "the secrets of 2 accounts that it names. It cannot restore them."}) {
		t.Errorf("facts %q", d.Facts)
	}
	for _, b := range d.Body {
		want := b.Heading == "nothing" || b.Heading == "Only: on = key:bob:b"
		if got := slices.Contains(b.Notes, "The secret is NOT on this sheet, which cannot restore this account."); got != want {
			t.Errorf("%s: %q", b.Heading, b.Notes)
		}
		want = slices.Contains([]string{"nothing", "AWS:root", "Bank:alice"}, b.Heading)
		if got := slices.ContainsFunc(b.Facts, func(f layout.Fact) bool { return f.Name == "Touch" }); got != want {
			t.Errorf("%s: %q", b.Heading, b.Facts)
		}
	}
	var typed Reader
	if err := typed.AddLines(string(d.Text())); err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]*Reader{
		"plain": scan(t, symbolTexts(d)...), "sealed": scan(t, symbolTexts(sealed(t, s))...), "typed": &typed,
	} {
		c := contents(t, r, passphrase)
		if c.Sheets[0].Bare != 1 { // the other has its codes there
			t.Errorf("%s: %+v", name, c.Sheets)
		}
	}
	for _, uri := range symbolTexts(d) {
		if strings.HasPrefix(uri, "otpauth:") && strings.Contains(uri, "touch") {
			t.Errorf("an app would not know %s", uri)
		}
	}
}
