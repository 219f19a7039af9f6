package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/otpauth"
	"github.com/tokenctl/tokenctl/oath/qr"
)

func TestPlainIsDeterministic(t *testing.T) {
	first := plain(t, everyKind(t))
	for range 20 {
		s := everyKind(t)
		slices.Reverse(s.Entries)
		if d := plain(t, s); !reflect.DeepEqual(d, first) || !bytes.Equal(d.Text(), first.Text()) {
			t.Fatal("the same sheet makes another document")
		}
	}
}

func TestPlainLeavesTheSheetAlone(t *testing.T) {
	s, same := everyKind(t), everyKind(t)
	plain(t, s)
	for i := range s.Entries {
		if (accountRecord{s.Entries[i].Key}).uri() != (accountRecord{same.Entries[i].Key}).uri() || !reflect.DeepEqual(s.Entries[i].Codes, same.Entries[i].Codes) {
			t.Errorf("entry %d was changed", i)
		}
	}
}

func TestSheetsThatCannotBePrinted(t *testing.T) {
	for name, spoil := range map[string]func(*Sheet){
		"no number":           func(s *Sheet) { s.Number = 0 },
		"supersedes itself":   func(s *Sheet) { s.Supersedes = 7 },
		"no date":             func(s *Sheet) { s.Date = time.Time{} },
		"no ID":               func(s *Sheet) { s.ID = "" },
		"an ID that is none":  func(s *Sheet) { s.ID = "kq3zt7ab" },
		"a key that is none":  func(s *Sheet) { s.VaultKey = identityPrefix + "QQQQ" },
		"an account twice":    func(s *Sheet) { s.Entries = append(s.Entries, s.Entries[0]) },
		"an invalid account":  func(s *Sheet) { s.Entries[0].Key.Account.Name = "" },
		"codes out of order":  func(s *Sheet) { slices.Reverse(s.Entries[0].Codes.Sets[0].Codes) },
		"a number twice":      func(s *Sheet) { s.Entries[0].Codes.Sets[0].Codes[1].Number = 1 },
		"a code in Latin-1":   func(s *Sheet) { s.Entries[0].Codes.Sets[0].Codes[1].Text = "\xe9" },
		"a code with ESC":     func(s *Sheet) { s.Entries[0].Codes.Sets[0].Codes[1].Text = "\x1b[2J" },
		"no generation":       func(s *Sheet) { s.Entries[0].Codes.Sets[0].Generation = 0 },
		"a policy of its own": func(s *Sheet) { s.Entries[0].Codes.Policy = 99 },
	} {
		s := everyKind(t)
		spoil(&s)
		if _, err := s.Plain(); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever accounts and codes hold, they read back, scanned and typed, and no QR
// code is larger than what prints well.
func TestAnyAccountReadsBack(t *testing.T) {
	long := strings.Repeat("long name ", 12)
	names := []string{"a", "a:b", ":a", "a:", " x", "x ", "two  spaces", "100%", "%41", "a=b", "key=value letters=9", "ü", "e\u0301",
		"日本語", "🔑👩‍🚀", "ليلى", "a|b", "12| a", "used 2026-11-20", "\u00a0", "code 1: x", "...", "and so on ...", "wait for it.........................................", "'\"<>&+#?/\\", long, strings.Repeat("日", 40)}
	shown := strings.NewReplacer("\u200d", "") // no code has what does not show
	for i, name := range names {
		other := names[(i+5)%len(names)]
		s := everyKind(t)
		account := oath.Account{Issuer: name, Name: other, Type: oath.TOTP}.WithDefaults()
		if i%3 == 0 {
			account = oath.Account{Name: name, Type: oath.HOTP, Counter: 1 << 63, Digits: 7, Algorithm: oath.SHA512}
		}
		secret, err := oath.NewSecret(bytes.Repeat([]byte{byte(i), 0xa5}, 4+i*3))
		if err != nil {
			t.Fatal(err)
		}
		s.Entries = append(s.Entries[:1], Entry{
			Key: otpauth.Key{Account: account, Secret: secret}, Codes: oneSet(backup.Policy(i%6), shown.Replace(name), shown.Replace(other), "1"),
		})
		t.Run(name, func(t *testing.T) {
			checkReadsBack(t, s, strings.TrimSpace(account.Name) == account.Name && strings.TrimSpace(account.Issuer) == account.Issuer)
		})
	}
}

// TestUnprintableCodesAreNotRead has a sheet that means ill, in its QR codes.
func TestUnprintableCodesAreNotRead(t *testing.T) {
	for _, code := range []string{"%1B]52;c;ZWNobw==%07", "%C2%9B2J", "1%E2%80%AE2", "%E2%81%A6", "%EF%BB%BF"} {
		_, records, err := parseRecords("tokenctl:2 7 KQ3ZT7AB|codes: GitHub:alice|1: " + code)
		if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "does not print") || len(records) > 0 {
			t.Errorf("%s: read %+v, %v", code, records, err)
		}
	}
}

// Codes that look like what stands around them read back.
func TestCodesThatLookLikeLines(t *testing.T) {
	s := everyKind(t)
	s.Entries = s.Entries[:1]
	s.Entries[0].Codes = oneSet(backup.AnyOrder, "letters=2", "a letters=1 letters=2", "letters= 2", "|", "[x] 1: a|2: b", "%7C", "a ...", "2 set 1: x", "=")
	s.Entries[0].Codes.Service = "a=b letters=2 part=1/2 |"
	checkReadsBack(t, s, true)
}

// checkReadsBack scans and types a sheet. White space around a name does not
// survive an otpauth URI.
func checkReadsBack(t *testing.T, s Sheet, scanned bool) {
	t.Helper()
	d := plain(t, s)
	for _, text := range symbolTexts(d) {
		if q, err := qr.Encode(text, qr.LevelQ); err != nil || q.Size() > 17+4*20 {
			t.Errorf("a QR code of %d bytes: %v", len(text), err)
		}
	}
	var r Reader
	if err := r.AddLines(string(d.Text())); err != nil {
		t.Fatal(err)
	}
	checkContents(t, contents(t, &r, ""), s)
	if scanned {
		checkContents(t, contents(t, scan(t, symbolTexts(d)...), ""), s)
	}
	e := sealed(t, s)
	for _, l := range slices.Concat(e.Body[0].Lines, e.Body[1].Lines) {
		if got := len(strings.Join(l.Groups, " ")); got > 48 {
			t.Errorf("a line of %d columns: %q", got, l.Groups)
		}
	}
}

// A secret that no QR code of a good size can hold is typed.
func TestSecretTooLongForASymbol(t *testing.T) {
	s := everyKind(t)
	s.Entries = s.Entries[:1]
	secret, err := oath.NewSecret(bytes.Repeat([]byte{7}, oath.MaxSecretSize))
	if err != nil {
		t.Fatal(err)
	}
	s.Entries[0].Key.Secret = secret
	d := plain(t, s)
	b := d.Body[2]
	if len(b.Symbols) != 0 || !strings.Contains(strings.Join(b.Notes, " "), "type them") {
		t.Errorf("the block has %d QR codes and the notes %q", len(b.Symbols), b.Notes)
	}
	var r Reader
	if err := r.AddLines(string(d.Text())); err != nil {
		t.Fatal(err)
	}
	checkContents(t, contents(t, &r, ""), s)
	half := scan(t, symbolTexts(d)...)
	if got := fmt.Sprint(half.Missing()); got != "[GitHub:alice, page 2]" {
		t.Errorf("missing %s", got)
	}
}

// Many codes go into several QR codes, each of which stays small.
func TestManyCodes(t *testing.T) {
	var texts []string
	for i := range 1000 {
		texts = append(texts, fmt.Sprintf("%05d-%05d", i, 99999-i))
	}
	s := everyKind(t)
	s.Entries = s.Entries[:1]
	s.Entries[0].Codes = oneSet(backup.ByNumber, texts...)
	d := plain(t, s)
	for _, text := range symbolTexts(d) {
		if len(text) > maxSymbol {
			t.Errorf("a text of %d bytes", len(text))
		}
	}
	checkReadsBack(t, s, true)
	block := d.Body[3]
	lost := block.Symbols[4].Text
	texts = slices.DeleteFunc(symbolTexts(d), func(text string) bool { return text == lost })
	c := contents(t, scan(t, texts...), "")
	want := fmt.Sprintf("[GitHub:alice (backup codes), page 2 QR code 5 of %d of the backup codes (GitHub:alice)]", len(block.Symbols))
	if got := fmt.Sprint(c.Missing); got != want {
		t.Errorf("missing %s, want %s", got, want)
	}
	r := c.Codes["GitHub:alice"]
	if n := len(r.Current().Codes); n < 970 || n > 999 {
		t.Errorf("%d codes are left", n)
	}
}

// Codes that are on other paper keep their numbers, and a note says where they are.
func TestCodesWithoutTexts(t *testing.T) {
	s := everyKind(t)
	s.Entries = s.Entries[:2]
	s.Entries[0].Codes.Sets[0].Codes[2].Text = ""
	s.Entries[1].Codes = oneSet(backup.AnyOrder, "", "")
	d := plain(t, s)
	if notes := d.Body[2].Notes; !slices.Contains(notes, "Its backup codes are on other paper, and not on this sheet.") {
		t.Errorf("notes %q", notes)
	}
	if notes := d.Body[4].Notes; !slices.Contains(notes, "Codes without a text are on other paper.") {
		t.Errorf("notes %q", notes)
	}
	checkReadsBack(t, s, true)
}

// The code that is used is ticked, with its date; others have a box.
func TestCodesHaveBoxes(t *testing.T) {
	ticked := 0
	for _, b := range plain(t, everyKind(t)).Body {
		for _, l := range b.Lines {
			isCode := strings.HasPrefix(l.Groups[0], codeKeyword+" ")
			if l.Tick != (isCode && b.Heading != "Steam:alice (backup codes)") {
				t.Errorf("%q has a box: %v", l.Groups, l.Tick)
			}
			if l.Used != "" {
				ticked++
				if l.Used != "2026-08-17" || l.Groups[1] != "a81de-77f02" {
					t.Errorf("%q is used %s", l.Groups, l.Used)
				}
			}
		}
	}
	if ticked != 1 {
		t.Errorf("%d codes are ticked", ticked)
	}
}

// A date that somebody wrote beside a code can be typed with its line.
func TestTicksByPenAreTyped(t *testing.T) {
	text := string(plain(t, everyKind(t)).Text())
	code, _, _ := strings.Cut(text[strings.Index(text, "code 1: 3f29a"):], "\n")
	for _, c := range []struct{ written, day string }{{code + " used 2026-12-24", "2026-12-24"}, {code + " used", "2026-11-23"}} {
		var r Reader
		if err := r.AddLines(strings.Replace(text, code, c.written, 1)); err != nil {
			t.Fatal(err)
		}
		record := contents(t, &r, "").Codes["GitHub:alice"]
		if got := formatDay(record.Current().Codes[0].Used); got != c.day {
			t.Errorf("%q was used %s", c.written, got)
		}
	}
}

// Codes that came with earlier generations keep that.
func TestCodesOfSeveralGenerations(t *testing.T) {
	for _, since := range [][]int{{0, 0, 0}, {1, 0, 0}, {1, 1, 1}, {1, 0, 1}, {1, 2, 2}, {0, 4, 0, 3, 3}} {
		s := everyKind(t)
		s.Entries = s.Entries[:1]
		set := oneSet(backup.Replaced, slices.Repeat([]string{"x"}, len(since))...)
		set.Sets[0].Generation = 5
		for i, g := range since {
			set.Sets[0].Codes[i].Since = g
		}
		s.Entries[0].Codes = set
		checkReadsBack(t, s, true)
	}
	for keyword, want := range map[string][2]int{"code 3": {3, 0}, "3": {3, 0}, "code 3 set 1": {3, 1}, "3 set 12": {3, 12}} {
		if number, since, ok := cutCodeKeyword(keyword); !ok || number != want[0] || since != want[1] {
			t.Errorf("%q is code %d of set %d", keyword, number, since)
		}
	}
	for _, keyword := range []string{"", "code", "code 0", "code x", "code 3 set", "code 3 set 0", "3 1", "code -1", "code 9999999"} {
		if _, _, ok := cutCodeKeyword(keyword); ok {
			t.Errorf("%q is read", keyword)
		}
	}
}
