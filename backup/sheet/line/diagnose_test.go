package line

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
)

// errorOf returns the error for a line that must not be read.
func errorOf(t *testing.T, text string) *Error {
	t.Helper()
	_, wrong := Read(text, 1)
	if wrong == nil {
		t.Fatalf("%q is read", text)
	}
	return wrong
}

// secretLine is the line of the issue: five groups of four.
func secretLine() Line { return (&Writer{Last: 6}).letters("JBSWY3DPEHPK3PXPJBSW")[0] }

// One wrong letter in base32 is always located.
func TestWrongLetterIsLocated(t *testing.T) {
	l := secretLine()
	for g, group := range l.Groups {
		for i := range group {
			for _, c := range []byte(alphabet) {
				if c == group[i] {
					continue
				}
				groups := append([]string{}, l.Groups...)
				groups[g] = replaced(group, i, c)
				wrong := errorOf(t, "7 "+strings.Join(groups, " ")+" "+l.Check)
				if wrong.Line != 7 || wrong.Mistake != WrongCharacter || wrong.Group != g+1 || wrong.Character != i+1 {
					t.Errorf("%c for the %d. letter of %s: %+v", c, i+1, group, wrong)
				}
			}
		}
	}
}

// A letter of the check that is wrong is located there, but for the few that
// swapped neighbours would explain as well.
func TestWrongCheckIsLocated(t *testing.T) {
	l := secretLine()
	swaps := 0
	for i := range l.Check {
		for _, c := range []byte(alphabet) {
			if c == l.Check[i] {
				continue
			}
			wrong := errorOf(t, "7 "+strings.Join(l.Groups, " ")+" "+replaced(l.Check, i, c))
			switch wrong.Mistake {
			case WrongCheck:
			case SwappedCharacters:
				swaps++
			default:
				t.Errorf("%c for the %d. letter of the check: %+v", c, i+1, wrong)
			}
		}
	}
	if swaps > 8 {
		t.Errorf("%d of %d are taken for swapped neighbours", swaps, 4*31)
	}
}

// Neighbours that changed places are located, unless others would
// explain it as well.
func TestSwappedNeighboursAreLocated(t *testing.T) {
	found, all := 0, 0
	forTexts(t, func(t *testing.T, r *rand.Rand, number int, text, letters string) {
		for i := range max(len(text)-1, 0) {
			if text[i] == text[i+1] {
				continue
			}
			all++
			s := diagnose(number, swapped(text, i, i+1), checkOf(number, text), allowedIn(letters))
			switch {
			case s.mistake == SwappedCharacters && s.at == i:
				found++
			case s.mistake != SwappedCharacters || s.at != nowhere:
				t.Errorf("%s with %d and %d swapped: %+v", text, i, i+1, s)
			}
		}
	})
	if found < all*3/4 {
		t.Errorf("%d of %d are located", found, all)
	}
}

func allowedIn(letters string) func(byte) bool {
	return func(c byte) bool { return strings.IndexByte(letters, c) >= 0 }
}

// A letter that was left out, or put in, is located, unless another would
// explain it as well; where it is the same as its neighbour, by either's.
func TestMissingAndExtraLettersAreLocated(t *testing.T) {
	found, all := 0, 0
	check := func(t *testing.T, s suspicion, mistake Mistake, text string, i int) {
		t.Helper()
		all++
		switch {
		case s.mistake != mistake:
			t.Errorf("%s at %d: %+v", text, i, s)
		case s.at == nowhere:
		case s.at <= i && strings.Trim(text[s.at:i], text[i:i+1]) == "":
			found++
		default:
			t.Errorf("%s at %d: %+v", text, i, s)
		}
	}
	forTexts(t, func(t *testing.T, r *rand.Rand, number int, text, letters string) {
		for i := range text {
			without := text[:i] + text[i+1:]
			check(t, diagnose(number, without, checkOf(number, text), allowedIn(letters)), MissingCharacter, text, i)
			check(t, diagnose(number, text, checkOf(number, without), allowedIn(letters)), ExtraCharacter, text, i)
		}
	})
	if found < all*3/4 {
		t.Errorf("%d of %d are located", found, all)
	}
}

func TestWrongNumberIsTold(t *testing.T) {
	l := secretLine()
	for _, number := range []string{"6", "8", "17", "70", "263", "519"} {
		wrong := errorOf(t, number+" "+strings.Join(l.Groups, " ")+" "+l.Check)
		if number != "263" && number != "519" && wrong.Mistake != WrongNumber {
			t.Errorf("line 7 as line %s: %+v", number, wrong)
		}
	}
}

func TestMistakesInWords(t *testing.T) {
	c := &Writer{Last: 11}
	code := c.words("code 3", "12345 abcdefgh")[0]
	key := c.key(typedIdentity)
	for _, l := range []struct {
		text             string
		mistake          Mistake
		group, character int
	}{
		{strings.Replace(typedText(code), "abcdefgh", "abcdeegh", 1), WrongCharacter, 2, 6},
		{strings.Replace(typedText(code), "abcdefgh", "abcdfegh", 1), SwappedCharacters, 2, 5},
		{strings.Replace(typedText(code), "abcdefgh", "Abcdefgh", 1), WrongCharacter, 2, 1},
		{strings.Replace(typedText(code), "12345", "1245", 1), MissingCharacter, 1, 3},
		{strings.Replace(typedText(code), "12345", "123 45", 1), ExtraCharacter, 1, 4},
		{strings.Replace(typedText(code), "code 3", "code 4", 1), WrongCharacter, 0, 0},
		{strings.Replace(typedText(key[0]), "QYQS", "QYQT", 1), WrongCharacter, 2, 4},
		{strings.Replace(typedText(key[1]), "ZQGP", "ZQPG", 1), SwappedCharacters, 1, 3},
	} {
		wrong := errorOf(t, l.text)
		if wrong.Mistake != l.mistake || wrong.Group != l.group || wrong.Character != l.character {
			t.Errorf("%q: %+v, want %+v", l.text, wrong, l)
		}
	}
}

func TestLineErrorMessages(t *testing.T) {
	for want, e := range map[string]*Error{
		"line 7 does not check: look at the 5th group":                                               {Line: 7, Mistake: WrongCharacter, Group: 5, Character: 2},
		"line 7 does not check: look at the 1st group, where two characters may have changed places": {Line: 7, Mistake: SwappedCharacters, Group: 1, Character: 2},
		"line 7 does not check: look at the 2nd group, where a character may be missing":             {Line: 7, Mistake: MissingCharacter, Group: 2, Character: 2},
		"line 7 does not check: look at the 3rd group, where there may be a character too many":      {Line: 7, Mistake: ExtraCharacter, Group: 3, Character: 2},
		"line 7 does not check: look at the 11th group, near its 22nd character":                     {Line: 7, Mistake: WrongCharacter, Group: 11, Character: 22},
		"line 7 does not check: a character may be missing":                                          {Line: 7, Mistake: MissingCharacter},
		"line 7 does not check: look at its first word":                                              {Line: 7, Mistake: WrongCharacter},
		"line 7 does not check: look at its number":                                                  {Line: 7, Mistake: WrongNumber},
		"line 7 does not check: look at its last group, the check":                                   {Line: 7, Mistake: WrongCheck},
		"line 7 does not check: more than one character is wrong":                                    {Line: 7},
		"line 7: printed by a later version of tokenctl":                                             {Line: 7, Err: errors.New("printed by a later version of tokenctl")},
	} {
		if got := e.Error(); got != want {
			t.Errorf("%+v reads %q, want %q", *e, got, want)
		}
	}
}

// No message quotes what was typed.
func TestLineErrorsQuoteNothing(t *testing.T) {
	wrong := errorOf(t, "7 JBSW Y3DP EHPK 3PXP JBSX "+secretLine().Check)
	if got := wrong.Error(); strings.Contains(got, "JBS") {
		t.Errorf("the error reads %q", got)
	}
}
