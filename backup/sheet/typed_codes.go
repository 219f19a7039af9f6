package sheet

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/oath"
)

// A typedCodes is a set of backup codes that is being put together.
type typedCodes struct {
	set   codesRecord
	count int    // how many codes there are
	last  int    // line
	spans []span // lines missing between codes
	since []sinceRun
}

// newTypedCodes reads codesText. The codes themselves are on other lines.
func newTypedCodes(s stamp, p passage) (*typedCodes, error) {
	name, f := cutSettings(p.text)
	account, err := unescape(name)
	if err != nil {
		return nil, err
	}
	t := &typedCodes{last: p.last, set: codesRecord{stamp: s, account: oath.ID(account), part: 1, of: 1}}
	if t.count, err = f.whole("count", 1, 0); err != nil {
		return nil, err
	}
	if t.since, err = parseSince(f.get("since")); err != nil {
		return nil, err
	}
	t.set.record, err = parseSet(f)
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
	c.Since = sinceOf(c.Number, t.since)
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

// parseCodeKeyword reads "code 3".
func parseCodeKeyword(keyword string) (number int, ok bool) {
	text, ok := strings.CutPrefix(keyword, codeKeyword+" ")
	number, err := strconv.Atoi(text)
	return number, ok && err == nil && number > 0
}
