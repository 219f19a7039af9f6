package sheet

import (
	"fmt"
	"strings"
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/sheet/line"
)

// A typedSheet is what the lines of a pad amount to.
type typedSheet struct {
	pad     *pad
	stamp   stamp     // without ID if neither the first nor the last line was read
	date    time.Time // zero likewise
	records []any
	gaps    []gap
	odd     []string // lines that check and say nothing that is known
	codes   *typedCodes
}

// A wholeRecord is what the first lines of a sheet tell.
type wholeRecord struct {
	whole
	adds int
}

// assemble makes records of the lines.
func (p *pad) assemble() *typedSheet {
	t := &typedSheet{pad: p, stamp: p.whole.stamp, date: p.whole.date}
	head := wholeRecord{whole: p.whole}
	for _, one := range p.passages() {
		if one.keyword == addsKeyword {
			head.adds, _ = fields{{"adds", one.text}}.whole("adds", 1, 0)
			continue
		}
		if err := t.add(one); err != nil {
			t.odd = append(t.odd, fmt.Sprintf("Line %d checks, but says nothing that is known: %v.", one.first, err))
		}
	}
	t.finishCodes()
	if p.known {
		t.records = append(t.records, head)
	}
	return t
}

func (t *typedSheet) add(p passage) error {
	if p.goesOn() {
		t.gaps = append(t.gaps, gap{spans: []span{{p.last + 1, p.last + 1}}})
		return nil
	}
	if number, ok := parseCodeKeyword(p.keyword); ok {
		return t.addCode(p, number)
	}
	t.finishCodes()
	switch p.keyword {
	case line.KeyKeyword:
		return t.addKey(p)
	case AccountKeyword:
		return t.addAccount(p)
	case codesKeyword:
		codes, err := newTypedCodes(t.stamp, p)
		if err == nil {
			t.codes = codes
		}
		return err
	case partKeyword:
		return t.addPart(p)
	case shareKeyword:
		return t.addShare(p)
	case commitmentKeyword:
		return t.addCommitment(p)
	}
	return nil
}

func (t *typedSheet) addCode(p passage, number int) error {
	text, err := unescape(p.text)
	if err != nil || t.codes == nil {
		return err // without the line before, it is not known whose code it is
	}
	t.codes.take(p, backup.Code{Number: number, Text: text, Used: t.used(p.mark)})
	return nil
}

// used returns the day of a code's use, zero if it is not used. One that was ticked
// without a date was used by the day of the sheet, for all that is known.
func (t *typedSheet) used(m line.Mark) time.Time {
	switch {
	case m.Ticked && m.Day.IsZero() && t.date.IsZero():
		return time.Unix(0, 0).UTC()
	case m.Ticked && m.Day.IsZero():
		return t.date
	}
	return m.Day
}

// finishCodes ends a set of codes, whether it is complete or not.
func (t *typedSheet) finishCodes() {
	if t.codes == nil {
		return
	}
	if g, missing := t.codes.gap(); missing {
		t.codes.set.partial = true
		t.gaps = append(t.gaps, g)
	}
	if len(t.codes.codes()) > 0 {
		t.records = append(t.records, t.codes.set)
	}
	t.codes = nil
}

func (t *typedSheet) addKey(p passage) error {
	const length = len(line.IdentityPrefix) + 58 // 32 bytes and a checksum of six letters
	if !strings.HasPrefix(p.text, line.IdentityPrefix) {
		t.gaps = append(t.gaps, gap{keyThing, []span{{p.first - 1, p.first - 1}}})
		return nil
	}
	if len(p.text) < length {
		p.letters = p.text
		t.gaps = append(t.gaps, gap{keyThing, p.lettersGap(length)})
		return nil
	}
	key, err := parseKey(p.text)
	if err == nil {
		t.records = append(t.records, key)
	}
	return err
}

func (t *typedSheet) addAccount(p passage) error {
	account, letters, err := parseAccountText(p.text)
	if err != nil {
		return err
	}
	if len(p.letters) < letters {
		t.gaps = append(t.gaps, gap{accountThing(account.ID()), p.lettersGap(letters)})
		return nil
	}
	key, err := keyOf(account, p.letters)
	if err == nil {
		t.records = append(t.records, accountRecord{key})
	}
	return err
}
