package sheet

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/sheet/layout"
	"github.com/tokenctl/tokenctl/oath"
)

// sheetOf returns a sheet of accounts, each a label and a secret.
func sheetOf(t testing.TB, number int, id string, accounts ...string) Sheet {
	s := Sheet{Number: number, Supersedes: number - 1, Date: onDay(t, "2026-11-23").AddDate(0, number, 0), ID: id}
	for _, a := range accounts {
		label, secret, _ := strings.Cut(a, "=")
		s.Entries = append(s.Entries, Entry{Key: keyFrom(t, "otpauth://totp/"+label+"?secret="+secret), Codes: oneSet(backup.AnyOrder, label+"-1")})
	}
	return s
}

const (
	secretA = "GEZDGNBVGY3TQOJQ"
	secretB = "JBSWY3DPEHPK3PXP"
)

// A page of an old sheet among those of a new one is reported.
func TestPageOfAnotherSheet(t *testing.T) {
	old := sheetOf(t, 6, "ABCDEFGH", "Old:a="+secretA)
	s := sheetOf(t, 7, "KQ3ZT7AB", "GitHub:alice="+secretA, "GitHub:bob="+secretB)
	page := plain(t, old).Body[2]
	r := scan(t, append(symbolTexts(plain(t, s)), page.Symbols[0].Text)...)
	c := contents(t, r, "")
	if got := c.Notes; len(got) != 1 || got[0] != "1 QR code is of sheet 6, the others of sheet 7." {
		t.Errorf("notes %q", got)
	}
	if got := fmt.Sprint(c.Missing); got != "[the list of contents of sheet 6, so that what else is missing is not known]" {
		t.Errorf("missing %s", got)
	}
	if c.Number != 7 || len(c.Sheets) != 2 || len(c.Codes) != 3 {
		t.Errorf("read %+v", c)
	}
}

// Two printings of the same number are distinguished by their IDs.
func TestTwoPrintingsOfANumber(t *testing.T) {
	r := scan(t, append(symbolTexts(plain(t, sheetOf(t, 7, "ABCDEFGH", "A:a="+secretA))),
		symbolTexts(plain(t, sheetOf(t, 7, "KQ3ZT7AB", "A:a="+secretA, "B:b="+secretB)))...)...)
	want := "3 QR codes are of the sheet 7 with the ID ABCDEFGH, the others of the sheet 7 with the ID KQ3ZT7AB."
	if got := contents(t, r, "").Notes; !slices.Contains(got, want) {
		t.Errorf("notes %q", got)
	}
}

// A sheet of what is new belongs with the one before.
func TestPartial(t *testing.T) {
	full := sheetOf(t, 6, "ABCDEFGH", "A:a="+secretA)
	added := sheetOf(t, 7, "KQ3ZT7AB", "B:b="+secretB)
	added.Partial = true
	more := sheetOf(t, 8, "ZZZZZZZZ", "C:c="+secretB)
	more.Partial, more.Supersedes = true, 6
	d := plain(t, added)
	if !slices.Contains(d.Facts, layout.Fact{Name: "Keep it with", Value: "sheet 6. This one holds only a part of what there is."}) {
		t.Errorf("facts %q", d.Facts)
	}
	var typed Reader
	for _, s := range []Sheet{more, full, added} {
		if err := typed.AddLines(string(plain(t, s).Text())); err != nil {
			t.Fatal(err)
		}
	}
	for name, r := range map[string]*Reader{
		"scanned": scan(t, symbolTexts(plain(t, more), plain(t, full), d)...),
		"typed":   &typed,
	} {
		c := contents(t, r, "")
		if len(c.Accounts) != 3 || len(c.Codes) != 3 || len(c.Notes)+len(c.Missing) > 0 || c.Number != 8 || len(c.Sheets) != 3 {
			t.Errorf("%s: %+v", name, c)
		}
		if c.Sheets[0].Adds != 0 || c.Sheets[1].Adds != 6 || c.Sheets[2].Adds != 6 {
			t.Errorf("%s: %+v", name, c.Sheets)
		}
	}
}

// Lines of two sheets do not get mixed up, even if a first line was forgotten.
func TestLinesOfTwoSheets(t *testing.T) {
	var r Reader
	d := plain(t, sheetOf(t, 6, "ABCDEFGH", "A:a="+secretA))
	other := plain(t, sheetOf(t, 7, "KQ3ZT7AB", "B:b="+secretB))
	if err := r.AddLines(string(d.Text())); err != nil {
		t.Fatal(err)
	}
	err := r.AddLines(typedText(other.Body[1].Lines[1]))
	if !errors.Is(err, errOtherLine) {
		t.Errorf("a line of sheet 7 among those of sheet 6: %v", err)
	}
	if err := r.AddLines(typedText(other.Body[0].Lines[0]) + "\n" + typedText(other.Body[1].Lines[1])); err != nil {
		t.Errorf("after the first line: %v", err)
	}
	if got := fmt.Sprint(r.Missing()); !strings.Contains(got, "line 2") {
		t.Errorf("missing %s", got)
	}
}

func TestConflictingSecrets(t *testing.T) {
	uri := func(secret string) string { return "otpauth://totp/GitHub:alice?secret=" + secret + "&issuer=GitHub" }
	for name, texts := range map[string][]string{
		"of no sheet": {uri(secretA), uri(secretB)},
		"of one sheet and none": append(symbolTexts(plain(t, sheetOf(t, 7, "KQ3ZT7AB", "GitHub:alice="+secretA))),
			uri(secretB)),
		"of two sheets": symbolTexts(plain(t, sheetOf(t, 7, "KQ3ZT7AB", "GitHub:alice="+secretA)),
			plain(t, sheetOf(t, 6, "ABCDEFGH", "GitHub:alice="+secretB))),
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 {
				slices.Reverse(texts)
				c, err := scan(t, texts...).Contents("")
				var conflict *ConflictError
				if !errors.As(err, &conflict) || !slices.Equal(conflict.IDs, []oath.ID{"GitHub:alice"}) {
					t.Errorf("the error is %v", err)
				}
				if len(c.Accounts) != 1 || len(c.Doubtful) != 1 {
					t.Fatalf("read %v, doubtful %v", c.Accounts, c.Doubtful)
				}
				if got := c.Accounts[0].Secret.Base32(); name != "of no sheet" && got != secretA {
					t.Errorf("took the one that the newest sheet does not list")
				}
			}
		})
	}
}

// The same secret with another counter is no conflict: the newer sheet counts.
func TestCounterMoved(t *testing.T) {
	s := sheetOf(t, 6, "ABCDEFGH")
	s.Entries = []Entry{{Key: keyFrom(t, "otpauth://hotp/A:a?secret="+secretA+"&counter=9")}}
	newer := sheetOf(t, 7, "KQ3ZT7AB")
	newer.Entries = []Entry{{Key: keyFrom(t, "otpauth://hotp/A:a?secret="+secretA+"&counter=7")}}
	c := contents(t, scan(t, symbolTexts(plain(t, s), plain(t, newer))...), "")
	if len(c.Accounts) != 1 || c.Accounts[0].Account.Counter != 7 || len(c.Doubtful) > 0 {
		t.Errorf("read %+v", c.Accounts)
	}
}

// Of codes on two sheets the newer generation is current, and what is used on
// either is used.
func TestCodesOfTwoSheets(t *testing.T) {
	s := sheetOf(t, 6, "ABCDEFGH", "A:a="+secretA)
	newer := sheetOf(t, 7, "KQ3ZT7AB", "A:a="+secretA)
	newer.Entries[0].Codes = oneSet(backup.AnyOrder, "new-1", "new-2")
	newer.Entries[0].Codes.Sets[0].Generation = 2
	c := contents(t, scan(t, symbolTexts(plain(t, newer), plain(t, s))...), "")
	r := c.Codes["A:a"]
	if r.Generation() != 2 || len(r.Sets) != 2 || r.Sets[0].Codes[0].Text != "A:a-1" {
		t.Errorf("read %+v", r)
	}
}

// A sheet of codes alone says that it cannot bring the accounts back, and reads.
func TestSheetOfCodesAlone(t *testing.T) {
	s := everyKind(t)
	s.VaultKey = ""
	for i := range s.Entries {
		s.Entries[i].Key.Secret = oath.Secret{}
	}
	d := plain(t, s)
	for _, steps := range d.Steps {
		if strings.Contains(steps.Heading, "phone") || strings.Contains(steps.Heading, "recover") {
			t.Errorf("it says %q", steps.Heading)
		}
	}
	if !slices.Contains(d.Facts, layout.Fact{Name: "NOT on it", Value: "the secret of any account that it names. It cannot restore accounts."}) {
		t.Errorf("facts %q", d.Facts)
	}
	checkContents(t, contents(t, scan(t, symbolTexts(d)...), ""), s)
}

// What the newer of two sheets lacks of a set, since one of its QR codes was not
// read, the older one has. No code is superseded by that.
func TestCodesOfTwoSheetsInPart(t *testing.T) {
	s, newer := sheetOf(t, 6, "ABCDEFGH", "A:a="+secretA), sheetOf(t, 7, "KQ3ZT7AB", "A:a="+secretA)
	var texts []string
	for i := range 60 {
		texts = append(texts, fmt.Sprintf("code-%04d", i))
	}
	s.Entries[0].Codes = oneSet(backup.AnyOrder, texts...)
	newer.Entries[0].Codes = s.Entries[0].Codes.Clone()
	read := symbolTexts(plain(t, newer))
	lost := slices.IndexFunc(read, func(text string) bool { return strings.Contains(text, "|codes: ") })
	c := contents(t, scan(t, append(slices.Delete(read, lost, lost+1), symbolTexts(plain(t, s))...)...), "")
	r := c.Codes["A:a"]
	if r.Left() != len(texts) || len(r.Sets) != 1 || r.Generation() != 1 {
		t.Errorf("%d left of %d, generation %d, %d sets", r.Left(), len(texts), r.Generation(), len(r.Sets))
	}
	if len(c.Missing) == 0 {
		t.Error("nothing is missing of the newer sheet")
	}
}
