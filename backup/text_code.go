package backup

import (
	"errors"
	"strconv"
	"strings"
)

// cutNumber takes the number off a code's line, "1." or "1)"; 0 if there is none.
func cutNumber(line string) (number int, rest string) {
	end := strings.IndexAny(line, ".)")
	if end < 1 || !startsWithDigit(line) {
		return 0, line
	}
	number, err := parseNumber(line[:end])
	if err != nil {
		return 0, line
	}
	return number, strings.TrimSpace(line[end+1:])
}

// parseCode reads what stands behind a code's number: its text, and from which
// generation it is and when it was used. It has no Number yet.
func parseCode(line string) (c Code, err error) {
	quote, line, err := cutQuote(line)
	if err != nil {
		return Code{}, err
	}
	if rest, date, found := cutMark(line, "used"); found {
		if c.Used, err = ParseDay(date); err != nil {
			return Code{}, err
		}
		line = rest
	}
	if rest, generation, found := cutMark(line, "from generation"); found {
		if c.Since, err = parseNumber(generation); err != nil {
			return Code{}, err
		}
		line = rest
	}
	if _, isUsed := cutWord(line, "used"); isUsed {
		return Code{}, errors.New("a date is missing behind: used")
	}
	switch {
	case quote != "" && line != "":
		return Code{}, errors.New("something stands behind the quotation marks")
	case quote != "":
		c.Text, err = unquoted(quote)
	case !strings.EqualFold(line, onPaper):
		c.Text = line
	default:
		return c, nil
	}
	if err == nil && c.Text == "" {
		err = errors.New("the code is missing")
	}
	return c, err
}

// cutQuote takes a string of Go off the beginning of a line, if there is one.
func cutQuote(line string) (quote, rest string, err error) {
	if !strings.HasPrefix(line, `"`) {
		return "", line, nil
	}
	quote, err = strconv.QuotedPrefix(line)
	if err != nil {
		return "", "", errQuote
	}
	return quote, strings.TrimSpace(line[len(quote):]), nil
}

var errQuote = errors.New("the quotation marks do not match")

// codeText reads a code's text that stands alone, and fails if something would be
// taken for more than that.
func codeText(text string) (string, error) {
	c, err := parseCode(text)
	if err == nil && (c.Since != 0 || !c.Used.IsZero()) {
		err = errors.New("not the text alone")
	}
	return c.Text, err
}

// cutMark takes a mark and the word behind it off the end of a line. The mark may
// be in parentheses, "(used 2026-11-24)".
func cutMark(line, mark string) (rest, value string, found bool) {
	bare := line
	if inner, isClosed := strings.CutSuffix(line, ")"); isClosed && strings.Contains(strings.ToLower(inner), "("+mark) {
		bare = inner
	}
	space := strings.LastIndexAny(bare, " \t")
	if space < 0 || !startsWithDigit(bare[space+1:]) {
		return line, "", false
	}
	value = bare[space+1:]
	rest, found = cutWord(strings.TrimSpace(bare[:space]), mark)
	if !found {
		return line, "", false
	}
	return rest, value, true
}

// cutWord takes a word off the end of a line, in any case, with or without an open
// parenthesis, a colon, or the word "on".
func cutWord(line, word string) (rest string, found bool) {
	line = strings.TrimRight(line, ": \t")
	if before, isOn := cutFold(line, " on"); isOn {
		line = strings.TrimSpace(before)
	}
	rest, found = cutFold(line, word)
	rest = strings.TrimSuffix(rest, "(")
	if !found || rest != "" && !strings.HasSuffix(rest, " ") && !strings.HasSuffix(rest, "\t") {
		return line, false
	}
	return strings.TrimSpace(rest), true
}

// cutFold is strings.CutSuffix for any case of ASCII letters.
func cutFold(s, suffix string) (string, bool) {
	n := len(s) - len(suffix)
	if n < 0 || !strings.EqualFold(s[n:], suffix) {
		return s, false
	}
	return s[:n], true
}

// unquoted reads a string of Go if the text begins like one, and returns the text
// as it is otherwise.
func unquoted(text string) (string, error) {
	if !strings.HasPrefix(text, `"`) {
		return text, nil
	}
	text, err := strconv.Unquote(text)
	if err != nil {
		return "", errQuote
	}
	return text, nil
}
