package term

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tokenctl/tokenctl/oath"
)

// Printable returns text from a key, a file or a picture as it may be shown: what is
// not printable, and could take over the terminal, is written as in Go.
func Printable(s string) string {
	quoted := strconv.QuoteToGraphic(s)
	unquoted := quoted[1 : len(quoted)-1]
	return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(unquoted)
}

// printableLines is fmt.Sprintf for lines that are shown, each of them Printable: whoever
// forgets that an argument may hold anything does no harm.
func printableLines(format string, args ...any) string {
	lines := strings.Split(fmt.Sprintf(format, args...), "\n")
	for i, line := range lines {
		lines[i] = Printable(line)
	}
	return strings.Join(lines, "\n")
}

// maxName is far beyond the longest name that a key holds, in columns.
const maxName = 100

// Name returns what a file or a picture calls an account as it may be shown, beside what
// is said of it: Printable, and cut where it is as long as nobody's.
func Name(s string) string {
	return Printable(Shorten(s, maxName))
}

// Label returns an account's name as it may be shown: issuer:name, or the name alone.
func Label(id oath.ID) string { return Printable(id.Label()) }

// Argument returns an account's ID as it is typed in a shell.
func Argument(id oath.ID) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+:,./_-"
	text := Printable(string(id))
	if strings.Trim(text, plain) == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// Command returns a command about an account as it is typed in a shell, flags before a name
// that would be taken for one.
func Command(command string, id oath.ID, flags string) string {
	parts := []string{command, Argument(id), flags}
	if strings.HasPrefix(string(id), "-") {
		parts = []string{command, flags, "--", Argument(id)}
	}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " ")
}

// Discreet replaces, in a message, those arguments of the command line that may be a
// secret, a URI or a code in the wrong place. It rather takes a name for one: letters and
// digits, six or more with a digit among them or sixteen without, in groups or not. The
// number of a key, which follows --device, is none, nor is the name of a format.
func Discreet(message string, args []string) string {
	for i, arg := range args {
		_, value, isSetting := strings.Cut(arg, "=")
		if !strings.HasPrefix(arg, "-") || !isSetting {
			value = arg
		}
		plain := strings.TrimRight(strings.NewReplacer("-", "", " ", "").Replace(value), "=")
		isOther := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
		isWord := len(plain) < 6 || strings.ContainsFunc(plain, isOther) || len(plain) < 16 && !strings.ContainsAny(plain, "0123456789")
		flag, _, _ := strings.Cut(arg, "=")
		if i > 0 && !isSetting {
			flag = args[i-1]
		}
		if isWord && !strings.Contains(value, "://") || slices.Contains([]string{"--device", "--format", "--server-format"}, flag) {
			continue
		}
		for _, text := range []string{value, strings.Trim(strconv.Quote(value), `"`)} {
			message = strings.ReplaceAll(message, text, "…")
		}
	}
	return message
}

// Count counts things, as in "1 code" and "2 codes".
func Count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}

// Are counts things that something is said of, as in "1 code is" and "2 codes are".
func Are(n int, thing string) string {
	if n == 1 {
		return Count(n, thing) + " is"
	}
	return Count(n, thing) + " are"
}

// List returns "a", "a and b", or "a, b and c".
func List(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// Few is List of a few words; of more, the others are counted.
func Few(words []string) string {
	const few = 5
	if n := len(words) - few; n > 0 {
		return fmt.Sprintf("%s, and %d more", strings.Join(words[:few], ", "), n)
	}
	return List(words)
}

// Shorten returns a text of so many columns at most, with an ellipsis for what is left
// out: of the middle, since names that begin alike end differently.
func Shorten(text string, most int) string {
	if Columns(text) <= most {
		return text
	}
	runes := []rune(text)
	head, tail := 0, len(runes)
	for used, front := 1, true; ; front = !front {
		next := runes[tail-1]
		if front {
			next = runes[head]
		}
		if used += columnsOf(next); used > most {
			return string(runes[:head]) + "…" + string(runes[tail:])
		}
		if front {
			head++
		} else {
			tail--
		}
	}
}

// Numbers returns what things of some numbers, in order, are called: "page 3",
// "pages 1 to 4", "pages 1, 3 and 4".
func Numbers(thing string, list []int) string {
	first, last := list[0], list[len(list)-1]
	switch {
	case len(list) == 1:
		return fmt.Sprintf("%s %d", thing, first)
	case len(list) > 2 && last-first == len(list)-1:
		return fmt.Sprintf("%ss %d to %d", thing, first, last)
	}
	return thing + "s " + List(strings.Fields(strings.Trim(fmt.Sprint(list), "[]")))
}

// Sentence returns an error's message as a sentence, without its full stop.
func Sentence(err error) string {
	text := Printable(err.Error())
	_, first := utf8.DecodeRuneInString(text)
	return strings.ToUpper(text[:first]) + text[first:]
}

// Date writes a day as in 2026-11-23, and nothing for none.
func Date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

// Dash shows in a table what is not known.
func Dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// NumberOrDash is Dash for a number that is 0 when it is not known.
func NumberOrDash(n int) string {
	if n == 0 {
		return "-"
	}
	return strconv.Itoa(n)
}

// YesNo answers in a table.
func YesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
