package sheet

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tokenctl/tokenctl/backup"
)

// A typedCodes is a set of backup codes that is being put together.
type typedCodes struct {
	set   codesRecord
	count int    // how many codes there are
	last  int    // line
	spans []span // lines missing between codes
}

func newTypedCodes(s stamp, p passage) (*typedCodes, error) {
	account, count, r, err := parseCodesText(p.text)
	t := &typedCodes{set: codesRecord{stamp: s, account: account, record: r, part: 1, of: 1}, count: count, last: p.last}
	return t, err
}

func (t *typedCodes) codes() []backup.Code { return t.set.record.Sets[0].Codes }

// follows reports whether a code belongs to the set: it is on the next line, or
// the lines between can be nothing but the codes between. (If another set began
// among them, there would be more lines than codes.)
func (t *typedCodes) follows(number, line int) bool {
	last := 0
	if n := len(t.codes()); n > 0 {
		last = t.codes()[n-1].Number
	}
	if line == t.last+1 {
		return number > last
	}
	return number-last == line-t.last
}

// take adds the code of a passage, if it belongs to the set.
func (t *typedCodes) take(p passage, c backup.Code) {
	if len(t.codes()) == t.count || !t.follows(c.Number, p.first) {
		return
	}
	if p.first > t.last+1 {
		t.spans = append(t.spans, span{t.last + 1, p.first - 1})
	}
	t.set.record.Sets[0].Codes = append(t.codes(), c)
	t.last = p.last
}

// gap returns what is missing of the set.
func (t *typedCodes) gap() (g gap, missing bool) {
	more := t.count - len(t.codes())
	if more <= 0 {
		return gap{}, false
	}
	spans := slices.Clone(t.spans)
	for _, s := range spans {
		more -= s.to - s.from + 1
	}
	if more > 0 {
		spans = append(spans, span{t.last + 1, t.last + more})
	}
	return gap{codesThing(t.set.account), spans}, true
}

// parseCodeKeyword reads "code 3", "code 3 since 1".
func parseCodeKeyword(keyword string) (c backup.Code, ok bool) {
	words := strings.Fields(keyword)
	if len(words) != 2 && (len(words) != 4 || words[2] != sinceWord) {
		return c, false
	}
	var err error
	if c.Number, err = strconv.Atoi(words[1]); err != nil || c.Number < 1 {
		return c, false
	}
	if len(words) == 4 {
		c.Since, err = strconv.Atoi(words[3])
	}
	return c, err == nil
}
