package line

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

const typedSecret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"

const typedIdentity = "AGE-SECRET-KEY-1QYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZ9K4CN"

// typedLines are lines of each kind, with numbers that need not begin with 1.
func typedLines(first int) (lines []Line) {
	c := &Writer{Last: first - 1}
	lines = append(lines, c.words("account", "My Bank:alice letters=32")...)
	lines = append(lines, c.letters(typedSecret)...)
	lines = append(lines, c.words("code 3", "12345 Abcde-%C3%A9")...)
	lines = append(lines, c.words("code 14", strings.Repeat("correct horse battery staple ", 3)+"end")...)
	lines = append(lines, c.key(typedIdentity)...)
	return lines
}

func typedText(l Line) string {
	return fmt.Sprintf("%d %s %s", l.Number, strings.Join(l.Groups, " "), l.Check)
}

func readOne(t *testing.T, text string) Typed {
	t.Helper()
	line, err := Read(text, 0)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return line
}

func TestLinesReadBack(t *testing.T) {
	var letters, words, key strings.Builder
	for _, l := range typedLines(95) {
		got := readOne(t, typedText(l))
		if got.Number != l.Number {
			t.Errorf("%q has number %d", typedText(l), got.Number)
		}
		switch got.Keyword {
		case "":
			letters.WriteString(got.Text)
		case KeyKeyword:
			key.WriteString(got.Text)
		default:
			words.WriteString("|" + got.Keyword + "|" + got.Text)
		}
	}
	if letters.String() != typedSecret || key.String() != typedIdentity {
		t.Errorf("the letters are %s, the key is %s", &letters, &key)
	}
	want := "|account|My Bank:alice letters=32|code 3|12345 Abcde-%C3%A9" +
		"|code 14|correct horse battery staple correct horse ...|and|battery staple correct horse battery staple end"
	if words.String() != want {
		t.Errorf("the words are\n%s, want\n%s", &words, want)
	}
}

// People type what they see, and it comes out the same where that has one meaning.
func TestTypingIsForgiving(t *testing.T) {
	lines := typedLines(7)
	account, secret, code := lines[0], lines[1], lines[3]
	key := lines[len(lines)-4:]
	if key[0].Groups[1] != identityPrefix {
		key = lines[len(lines)-3:]
	}
	ways := []struct {
		name string
		line Line
		as   func(string) string
	}{
		{"lower case", secret, strings.ToLower},
		{"no spaces", secret, func(s string) string { return "8 " + strings.ReplaceAll(s[2:], " ", "") }},
		{"spaces elsewhere", secret, func(s string) string {
			return "8 " + strings.Join(strings.Split(strings.ReplaceAll(s[2:], " ", ""), ""), " ")
		}},
		{"dashes", secret, func(s string) string { return "8 " + strings.ReplaceAll(s[2:], " ", "-") }},
		{"en dashes", secret, func(s string) string { return "8 " + strings.ReplaceAll(s[2:], " ", "–") }},
		{"tabs and no-break spaces", secret, func(s string) string { return strings.ReplaceAll(strings.Replace(s, " ", "\t", 2), " ", "\u00a0") }},
		{"full width", secret, fullWidth},
		{"0 for O, 8 for B", secret, strings.NewReplacer("O", "0", "B", "8").Replace},
		{"1 for I", secret, func(s string) string { return "8" + strings.ReplaceAll(s[1:], "I", "1") }},
		{"1 for L", secret, func(s string) string { return "8" + strings.ReplaceAll(s[1:], "L", "1") }},
		{"a bar after the number", secret, func(s string) string { return "  8| " + s[2:] }},
		{"a dot after the number", secret, func(s string) string { return "8. " + s[2:] }},
		{"no space in the keyword", code, func(s string) string { return strings.Replace(s, "code 3: ", "code3:", 1) }},
		{"capital keyword", account, func(s string) string { return strings.Replace(s, "account", "Account", 1) }},
		{"more spaces", account, func(s string) string { return strings.ReplaceAll(s, " ", "   ") }},
		{"check in lower case", account, func(s string) string { return s[:len(s)-4] + strings.ToLower(s[len(s)-4:]) }},
		{"check without space", account, func(s string) string { return s[:len(s)-5] + s[len(s)-4:] }},
		{"full width words", account, fullWidth},
		{"a letter that the sheet escapes", code, func(s string) string { return strings.Replace(s, "%C3%A9", "é", 1) }},
		{"the same in two characters", code, func(s string) string { return strings.Replace(s, "%C3%A9", "e\u0301", 1) }},
		{"a ticked box", code, func(s string) string { return strings.Replace(s, "code", "[ ] code", 1) }},
		{"key in lower case", key[0], strings.ToLower},
		{"key without dashes", key[0], func(s string) string { return strings.ReplaceAll(s, "-", "") }},
	}
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			want := readOne(t, typedText(w.line))
			if got := readOne(t, w.as(typedText(w.line))); got != want {
				t.Errorf("%q is read as %v, want %v", w.as(typedText(w.line)), got, want)
			}
		})
	}
}

// Bech32 has other look-alikes than base32.
func TestTypingAKeyIsForgiving(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 40 {
		identity := identityPrefix + strings.ToUpper(randomText(r, alphabets["bech32"], 58))
		var b strings.Builder
		for _, l := range (&Writer{Last: 6}).key(identity) {
			groups := strings.Join(l.Groups[1:], " ")
			prefix := ""
			if rest, ok := strings.CutPrefix(groups, identityPrefix); ok {
				prefix, groups = strings.Replace(identityPrefix, "1", "L", 1), rest
			}
			alike := strings.NewReplacer("0", "o", "8", "b", "L", "I").Replace(groups)
			b.WriteString(readOne(t, fmt.Sprintf("%d KEY: %s%s %s", l.Number, prefix, alike, l.Check)).Text)
		}
		if b.String() != identity {
			t.Errorf("%s is read as %s", identity, &b)
		}
	}
}

func fullWidth(text string) string {
	return strings.Map(func(r rune) rune {
		if r > ' ' && r <= '~' {
			return r - '!' + '！'
		}
		return '\u3000'
	}, text)
}

func TestUsedMarks(t *testing.T) {
	line := typedText((&Writer{Last: 4}).words("code 3", "1234-5678")[0])
	for _, c := range []struct{ text, day string }{
		{line, ""}, {line + " used 2026-11-20", "2026-11-20"}, {line + "  used  2026-11-20 ", "2026-11-20"},
	} {
		got := readOne(t, c.text)
		day := ""
		if got.Mark.Ticked {
			day = got.Mark.Day.Format("2006-01-02")
		}
		if day != c.day || got.Text != "1234-5678" {
			t.Errorf("%q is read as %v", c.text, got)
		}
	}
	for _, text := range []string{line + " used", strings.Replace(line, "5 ", "5 [x] ", 1)} {
		if got := readOne(t, text); !got.Mark.Ticked || !got.Mark.Day.IsZero() {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}

// A number may be left out where the line is the next.
func TestExpectedNumber(t *testing.T) {
	l := (&Writer{Last: 11}).letters("2345ABCDEFGH")[0]
	text := strings.Join(l.Groups, " ") + " " + l.Check
	if got, err := Read(text, 12); err != nil || got.Number != 12 {
		t.Errorf("line 12 without its number: %v, %v", got, err)
	}
	if _, err := Read(text, 13); err == nil {
		t.Error("line 12 is read as line 13")
	}
}
