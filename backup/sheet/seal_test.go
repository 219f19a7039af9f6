package sheet

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/backup/sheet/layout"
	"github.com/tokenctl/tokenctl/backup/sheet/line"
)

const passphrase = "correct horse battery staple"

// weak is a work factor for tests.
const weak = 2

func sealed(t testing.TB, s Sheet) layout.Document {
	t.Helper()
	d, err := s.Encrypt(passphrase, weak)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestSealedSheet(t *testing.T) {
	d := sealed(t, everyKind(t))
	scanned := scan(t, symbolTexts(d)...)
	var typed Reader
	if err := typed.AddLines(string(d.Text())); err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]*Reader{"scanned": scanned, "typed": &typed} {
		t.Run(name, func(t *testing.T) {
			c, err := r.Contents("")
			if !errors.Is(err, ErrNeedsPassphrase) || len(c.Accounts) != 0 || len(c.Missing) > 0 || len(c.Sheets) != 1 || !c.Sheets[0].Sealed {
				t.Errorf("without a passphrase: %v, %+v", err, c)
			}
			if c, err := r.Contents("wrong"); !errors.Is(err, ErrWrongPassphrase) || len(c.Accounts) > 0 {
				t.Errorf("with a wrong passphrase: %v", err)
			}
			checkContents(t, contents(t, r, passphrase), everyKind(t))
		})
	}
}

// Nothing in the clear reveals what is sealed.
func TestSealedSheetTellsNothing(t *testing.T) {
	s := everyKind(t)
	documents, err := s.Split(2, 3, testRandom())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range append(documents, sealed(t, s)) {
		text := string(d.Text()) + strings.Join(symbolTexts(d), "\n")
		for _, e := range s.Entries {
			if strings.Contains(text, e.Key.Account.Name) && e.Key.Account.Name != "nothing" {
				t.Errorf("%s is revealed", e.label())
			}
			for _, set := range e.Codes.Sets {
				for _, c := range set.Codes {
					if len(c.Text) > 3 && strings.Contains(text, c.Text) {
						t.Errorf("code %d of %s is revealed", c.Number, e.label())
					}
				}
			}
		}
	}
}

// Any part that is lost is named, and its lines make up for it.
func TestPartsThatAreLost(t *testing.T) {
	d := sealed(t, everyKind(t))
	parts := d.Body[1 : len(d.Body)-1]
	if len(parts) < 4 {
		t.Fatalf("%d parts", len(parts))
	}
	for i, lost := range parts {
		r := &Reader{}
		for _, text := range symbolTexts(d) {
			if text != lost.Symbols[0].Text {
				if err := r.AddText(text); err != nil {
					t.Fatal(err)
				}
			}
		}
		want := fmt.Sprintf("[part %d of %d]", i+1, len(parts))
		c, err := r.Contents(passphrase)
		if got := fmt.Sprint(c.Missing); !errors.Is(err, ErrIncomplete) || got != want {
			t.Errorf("missing %s, want %s: %v", got, want, err)
		}
		for n, l := range lost.Lines {
			if err := r.AddLines(typedText(l)); err != nil {
				t.Fatal(err)
			}
			missing := r.Missing()
			if done := n == len(lost.Lines)-1; done != (len(missing) == 0) {
				t.Errorf("part %d after %d lines: missing %v", i+1, n+1, missing)
			}
		}
		checkContents(t, contents(t, r, passphrase), everyKind(t))
	}
}

// The first and the last line need not be typed where QR codes name the sheet.
func TestLineOfAPartThatIsMissing(t *testing.T) {
	d := sealed(t, everyKind(t))
	r := scan(t, symbolTexts(d)[1:]...)
	for i, l := range d.Body[1].Lines {
		if i != 4 {
			if err := r.AddLines(typedText(l)); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := fmt.Sprintf("[part 1 of %d line %d]", len(d.Body)-2, d.Body[1].Lines[4].Number)
	if got := fmt.Sprint(r.Missing()); got != want {
		t.Errorf("missing %s, want %s", got, want)
	}
}

func TestSealedSheetThatWasDamaged(t *testing.T) {
	s := everyKind(t)
	d := sealed(t, s)
	texts := symbolTexts(d)
	last := len(texts) - 1
	p := mustParse(t, texts[last]).(partRecord)
	p.data = p.data[:len(p.data)-1] + "\x00"
	if _, err := scan(t, append(texts[:last:last], ofSheet7(p))...).Contents(passphrase); !errors.Is(err, ErrDamaged) {
		t.Errorf("a changed part: %v", err)
	}
	heavy := strings.Replace(partData(t, texts), " 2\n", " 21\n", 1)
	var forged []string
	for _, p := range cutFile(byPassphrase, []byte(heavy)) {
		forged = append(forged, ofSheet7(p))
	}
	if _, err := scan(t, forged...).Contents(passphrase); !errors.Is(err, ErrDamaged) {
		t.Errorf("a work factor of 21: %v", err)
	}
}

func mustParse(t *testing.T, text string) record {
	t.Helper()
	_, records, err := parseRecords(text)
	if err != nil || len(records) != 1 {
		t.Fatalf("%d records: %v", len(records), err)
	}
	return records[0]
}

// ofSheet7 returns what a QR code of everyKind's holds.
func ofSheet7(r interface{ paragraph() line.Paragraph }) string {
	return stamp{7, "KQ3ZT7AB"}.text(r.paragraph())
}

// partData returns the age file that is in the parts.
func partData(t *testing.T, texts []string) (data string) {
	t.Helper()
	texts = slices.Clone(texts)
	slices.Sort(texts)
	for _, text := range texts {
		if p, ok := mustParse(t, text).(partRecord); ok {
			data += p.data
		}
	}
	return data
}

func TestEncryptRefuses(t *testing.T) {
	for _, c := range []struct {
		passphrase string
		workFactor int
	}{{"", weak}, {passphrase, 0}, {passphrase, MaxWorkFactor + 1}} {
		if _, err := everyKind(t).Encrypt(c.passphrase, c.workFactor); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q, %d: %v", c.passphrase, c.workFactor, err)
		}
	}
}

// A passphrase opens in each form of Unicode, and is sealed as NFC.
func TestSealedSheetTakesEachForm(t *testing.T) {
	const composed, apart = "na\u00efve caf\u00e9", "nai\u0308ve cafe\u0301"
	d, err := everyKind(t).Encrypt(apart, weak)
	if err != nil {
		t.Fatal(err)
	}
	r := scan(t, symbolTexts(d)...)
	for _, given := range []string{composed, apart} {
		checkContents(t, contents(t, r, given), everyKind(t))
	}
	if _, err := r.Contents("naive cafe"); !errors.Is(err, ErrWrongPassphrase) {
		t.Errorf("with another passphrase: %v", err)
	}
}
