package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/tokenctl/tokenctl/backup/sheet/layout"
)

func testRandom() io.Reader { return rand.NewChaCha8([32]byte{1}) }

func split(t testing.TB, s Sheet, k, n int) []layout.Document {
	t.Helper()
	documents, err := s.Split(k, n, testRandom())
	if err != nil {
		t.Fatal(err)
	}
	return documents
}

func smallSheet(t testing.TB) Sheet {
	s := everyKind(t)
	s.Entries = s.Entries[:2]
	return s
}

// Every k of n copies restore the sheet, whichever they are, and no fewer do.
func TestEverySubsetOfShares(t *testing.T) {
	s := smallSheet(t)
	for _, c := range []struct{ k, n int }{{2, 2}, {2, 3}, {3, 5}, {5, 7}, {16, 16}} {
		t.Run(fmt.Sprintf("%d of %d", c.k, c.n), func(t *testing.T) {
			documents := split(t, s, c.k, c.n)
			for subset := 1; subset < 1<<c.n; subset++ {
				if c.n > 7 && subset != 1<<c.n-1 && subset != 1<<(c.k-1)-1 {
					continue
				}
				checkSubset(t, documents, subset, c.k, s)
			}
		})
	}
}

func checkSubset(t *testing.T, documents []layout.Document, subset, k int, s Sheet) {
	t.Helper()
	var chosen []layout.Document
	for i, d := range documents {
		if subset>>i&1 == 1 {
			chosen = append(chosen, d)
		}
	}
	r := scan(t, symbolTexts(chosen...)...)
	if len(chosen) >= k {
		checkContents(t, contents(t, r, ""), s)
		return
	}
	c, err := r.Contents("")
	want := fmt.Sprintf("[%d more of the %d shares that are needed]", k-len(chosen), k)
	if !errors.Is(err, ErrIncomplete) || len(c.Accounts)+len(c.Codes) > 0 || fmt.Sprint(c.Missing) != want {
		t.Errorf("%d of %d: %v, missing %v", len(chosen), len(documents), err, c.Missing)
	}
}

// What Lagrange's formula makes of k-1 shares is not the key.
func TestTooFewSharesForcedTogether(t *testing.T) {
	s := smallSheet(t)
	texts := symbolTexts(split(t, s, 3, 5)[:2]...)
	for i, text := range texts {
		texts[i] = strings.Replace(text, "need=3", "need=2", 1)
	}
	texts = slices.DeleteFunc(texts, func(text string) bool { return strings.Contains(text, "|commitment: ") })
	if c, err := scan(t, texts...).Contents(""); !errors.Is(err, ErrDamaged) || len(c.Accounts) > 0 {
		t.Errorf("two of three shares: %v, %v", c.Accounts, err)
	}
}

// A copy can be typed in, each alone.
func TestSharesThatAreTyped(t *testing.T) {
	s := smallSheet(t)
	documents := split(t, s, 3, 5)
	var r Reader
	for _, d := range documents[1:4] {
		if err := r.AddLines(string(d.Text())); err != nil {
			t.Fatal(err)
		}
	}
	checkContents(t, contents(t, &r, ""), s)

	// One typed share, and nothing else of that copy, to two that were scanned.
	mixed := scan(t, symbolTexts(documents[0], documents[4])...)
	for _, l := range append(documents[2].Body[0].Lines, documents[2].Body[1].Lines...) {
		if err := mixed.AddLines(typedText(l)); err != nil {
			t.Fatal(err)
		}
	}
	checkContents(t, contents(t, mixed, ""), s)
}

// shareOf returns the share of a copy.
func shareOf(t *testing.T, d layout.Document) shareRecord {
	t.Helper()
	return mustParse(t, d.Body[1].Symbols[0].Text).(shareRecord)
}

// A share that was altered, or is of another split, is named; with enough others
// the sheet is read nonetheless.
// A copy whose parts were all read is whole, if its share agrees with the commitment.
func TestOneShareIsWhole(t *testing.T) {
	documents := split(t, everyKind(t), 2, 3)
	all := symbolTexts(documents[1])
	without := func(what string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(text string) bool { return strings.Contains(text, what) })
	}
	altered := shareOf(t, documents[1])
	altered.value = "\x01" + altered.value[1:]
	for _, test := range []struct {
		name  string
		texts []string
		whole []int
	}{
		{"all of it", all, []int{2}},
		{"and another share", append(symbolTexts(layout.Document{Body: documents[0].Body[:2]}), all...), []int{1, 2}},
		{"and a share that was altered", append(without("|share: "), ofSheet7(altered)), nil},
		{"no share", without("|share: "), nil},
		{"no commitment", without("|commitment: "), nil},
		{"a part is missing", without("|part: 02/"), nil},
	} {
		c, _ := scan(t, test.texts...).Contents("")
		if got := c.Sheets[0].Whole; !slices.Equal(got, test.whole) {
			t.Errorf("%s: shares %v are whole, want %v", test.name, got, test.whole)
		}
	}
}

func TestWrongSharesAreNamed(t *testing.T) {
	s := smallSheet(t)
	documents := split(t, s, 3, 5)
	others := split(t, s, 3, 5)
	altered := shareOf(t, documents[3])
	altered.value = "\x01" + altered.value[1:]
	notCanonical := shareOf(t, documents[3])
	notCanonical.value = strings.Repeat("\xff", scalarSize)
	claimed := shareOf(t, others[3])
	claimed.commitment = shareOf(t, documents[0]).commitment
	renumbered := shareOf(t, documents[4])
	renumbered.share = 4
	for name, wrong := range map[string]shareRecord{
		"altered": altered, "not a scalar": notCanonical, "of another split": shareOf(t, others[3]),
		"of another split, with a forged commitment": claimed, "renumbered": renumbered,
	} {
		t.Run(name, func(t *testing.T) {
			for good := 2; good <= 3; good++ {
				r := scan(t, append([]string{ofSheet7(wrong)}, symbolTexts(documents[:good]...)...)...)
				c, err := r.Contents("")
				var named *ShareError
				if !errors.As(err, &named) || !slices.Equal(named.Shares, []int{4}) {
					t.Errorf("with %d good shares: %v", good, err)
				}
				if opened := len(c.Accounts) > 0; opened != (good == 3) {
					t.Errorf("with %d good shares, there are %d accounts: %v", good, len(c.Accounts), err)
				}
			}
		})
	}
}

// The same number read twice, right and wrong, counts as right.
func TestShareReadTwice(t *testing.T) {
	s := smallSheet(t)
	documents := split(t, s, 2, 3)
	wrong := shareOf(t, documents[0])
	wrong.value = "\x01" + wrong.value[1:]
	for _, texts := range [][]string{
		append([]string{ofSheet7(wrong)}, symbolTexts(documents[:2]...)...),
		append(symbolTexts(documents[:2]...), ofSheet7(wrong)),
	} {
		c, err := scan(t, texts...).Contents("")
		var named *ShareError
		if !errors.As(err, &named) || len(c.Accounts) != 2 {
			t.Errorf("%d accounts: %v", len(c.Accounts), err)
		}
	}
}

// Shares of two sheets are distinguished, and those that suffice open theirs.
func TestSharesOfTwoSheets(t *testing.T) {
	s := smallSheet(t)
	other := s
	other.Number, other.Supersedes, other.ID = 8, 7, "ABCDEFGH"
	r := scan(t, append(symbolTexts(split(t, s, 2, 3)[:2]...), symbolTexts(split(t, other, 2, 3)[0])...)...)
	c, err := r.Contents("")
	if !errors.Is(err, ErrIncomplete) || len(c.Accounts) != 2 {
		t.Errorf("%d accounts: %v", len(c.Accounts), err)
	}
	if got := fmt.Sprint(c.Missing); got != "[1 more of the 2 shares that are needed]" || c.Missing[0].Sheet != 8 {
		t.Errorf("missing %v", c.Missing)
	}
	if len(c.Notes) != 1 || !strings.Contains(c.Notes[0], "of sheet 8, the others of sheet 7.") {
		t.Errorf("notes %q", c.Notes)
	}
}

func TestSharesThatMakeNoSense(t *testing.T) {
	d := split(t, smallSheet(t), 2, 3)[0]
	text := d.Body[1].Symbols[0].Text
	for _, change := range []struct{ old, new string }{
		{"share: 1/3", "share: 0/3"}, {"share: 1/3", "share: 4/3"}, {"share: 1/3", "share: 1/17"}, {"share: 1/3", "share: -1/3"},
		{"need=2", "need=1"}, {"need=2", "need=4"}, {"need=2", "need=x"}, {"====", "A==="}, {"====", "AAAA"}, {"commitment=", "commitment=x"},
		{":2 7 ", ":2 0 "}, {"7 K", "7 k"},
	} {
		wrong := strings.Replace(text, change.old, change.new, 1)
		if err := (&Reader{}).AddText(wrong); wrong == text || !errors.Is(err, ErrDamaged) {
			t.Errorf("%s for %s: %v", change.new, change.old, err)
		}
	}
}

func TestSplitRefuses(t *testing.T) {
	for _, c := range []struct{ k, n int }{{1, 3}, {0, 0}, {4, 3}, {2, 17}, {-1, 2}, {17, 17}} {
		if _, err := everyKind(t).Split(c.k, c.n, testRandom()); !errors.Is(err, ErrInvalid) {
			t.Errorf("%d of %d: %v", c.k, c.n, err)
		}
	}
	if _, err := everyKind(t).Split(2, 3, strings.NewReader("short")); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("too little randomness: %v", err)
	}
}

// The commitment is not needed for opening, but for telling who is wrong.
func TestSharesWithoutCommitment(t *testing.T) {
	s := smallSheet(t)
	texts := slices.DeleteFunc(symbolTexts(split(t, s, 5, 7)...), func(text string) bool {
		return strings.Contains(text, "|commitment: ")
	})
	checkContents(t, contents(t, scan(t, texts...), ""), s)
}

// Pages with nothing but parts, or but shares, show that the others are missing.
func TestPagesOfASplitSheetThatDoNotSuffice(t *testing.T) {
	documents := split(t, smallSheet(t), 2, 3)
	for want, texts := range map[string][]string{
		"[the shares]":       symbolTexts(layout.Document{Body: documents[0].Body[2:]}),
		"[the sealed parts]": symbolTexts(layout.Document{Body: documents[0].Body[:2]}, layout.Document{Body: documents[1].Body[:2]}),
	} {
		r := scan(t, texts...)
		c, err := r.Contents("")
		if got := fmt.Sprint(c.Missing); got != want || !errors.Is(err, ErrIncomplete) {
			t.Errorf("missing %s, want %s: %v", got, want, err)
		}
	}
}

// age's own parser is the judge.
func TestIdentitiesAreAges(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		key := make([]byte, 32)
		for i := range key {
			key[i] = byte(r.IntN(256))
		}
		text := encodeIdentity(key)
		identity, err := age.ParseX25519Identity(text)
		if err != nil {
			t.Fatalf("age refuses %s: %v", text, err)
		}
		if got := identity.String(); got != text {
			t.Errorf("age writes %s for %s", got, text)
		}
	}
	if got := encodeIdentity(bytes.Repeat([]byte{1}, 32)); got != typedIdentity {
		t.Errorf("32 bytes of 1 are %s", got)
	}
	if !strings.HasPrefix(typedIdentity, identityPrefix) {
		t.Error("the prefix is another")
	}
}
