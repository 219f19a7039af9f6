package sheet

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/sheet/line"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// An assembly is what paragraphs amount to, of a QR code or of typed lines.
type assembly struct {
	date    time.Time // of the sheet, zero if it is not known
	adds    int       // the sheet that this one belongs with, 0 if none was named
	bare    int       // Printing.Bare
	records []record
	gaps    []gap
	wrong   []*line.Error // paragraphs that say nothing that is known
	set     *openSet      // the codes that come next belong to it
}

// A gap is what is missing of something whose other lines were read.
type gap struct {
	thing string // what it would be, "" if that is not known
	spans []line.Span
}

// thing is what a gap would be, so that it is not missing where the thing was read in
// another way.
func thing(keyword string, name any) string { return fmt.Sprint(keyword, " ", name) }

func assemble(paragraphs []line.Paragraph, date time.Time) *assembly {
	a := &assembly{date: date}
	for _, p := range paragraphs {
		if err := a.add(p); err != nil {
			a.wrong = append(a.wrong, &line.Error{Line: p.First, Err: err})
		}
	}
	a.endSet()
	return a
}

// readers read a paragraph by its keyword.
var readers = map[string]func(a *assembly, p line.Paragraph, w *words) record{
	sheetKeyword:      func(*assembly, line.Paragraph, *words) record { return nil }, // read when it is typed
	endKeyword:        func(*assembly, line.Paragraph, *words) record { return nil },
	addsKeyword:       (*assembly).readAdds,
	bareKeyword:       (*assembly).readBare,
	line.KeyKeyword:   (*assembly).readKey,
	accountKeyword:    (*assembly).readAccount,
	codesKeyword:      (*assembly).readSet,
	contentsKeyword:   (*assembly).readContents,
	namesKeyword:      (*assembly).readNames,
	partKeyword:       (*assembly).readPart,
	shareKeyword:      (*assembly).readShare,
	commitmentKeyword: (*assembly).readCommitment,
}

// isKeyword reports whether lines may begin with it; "" stands for letters.
func isKeyword(keyword string) bool {
	_, _, isCode := cutCodeKeyword(keyword)
	return isCode || readers[keyword] != nil || line.IsContinuation(keyword)
}

// cutCodeKeyword reads "code 3", "3", or "code 3 set 1", where the set is the
// generation that the code came with.
func cutCodeKeyword(keyword string) (number, since int, ok bool) {
	first, set, isOlder := strings.Cut(strings.TrimPrefix(keyword, codeKeyword+" "), " set ")
	var w words
	if number = w.number(first, codeKeyword, 1); isOlder {
		since = w.number(set, "set", 1)
	}
	return number, since, w.err == nil
}

func (a *assembly) add(p line.Paragraph) error {
	number, since, isCode := cutCodeKeyword(p.Keyword)
	read := readers[p.Keyword]
	switch {
	case p.IsCut():
		a.gaps = append(a.gaps, gap{spans: []line.Span{p.Missing}})
		return nil
	case isCode:
		return a.addCode(p, number, since)
	case read == nil:
		return fmt.Errorf("%w: it has a record %.20q", ErrNewer, p.Keyword)
	}
	a.endSet()
	w := parseWords(p.Text)
	if r := read(a, p, w); r != nil && w.err == nil {
		a.records = append(a.records, r)
	}
	return w.err
}

// whole reports whether a paragraph is complete. What is missing of it is a gap.
func (a *assembly) whole(p line.Paragraph, thing string) bool {
	if p.Missing != (line.Span{}) {
		a.gaps = append(a.gaps, gap{thing, []line.Span{p.Missing}})
		return false
	}
	return true
}

// data returns the bytes that a paragraph's letters stand for.
func (w *words) data(p line.Paragraph) string {
	data, err := letterEncoding.DecodeString(p.Letters)
	if err != nil || len(data) == 0 {
		w.fail("its letters are not base32")
	}
	return string(data)
}

func (a *assembly) readAdds(_ line.Paragraph, w *words) record {
	a.adds = w.number(w.name, addsKeyword, 1)
	return nil
}

func (a *assembly) readBare(_ line.Paragraph, w *words) record {
	a.bare = w.number(w.name, bareKeyword, 0)
	return nil
}

func (a *assembly) readKey(p line.Paragraph, w *words) record {
	if !a.whole(p, thing(line.KeyKeyword, "")) {
		return nil
	}
	key, err := parseKey(p.Text)
	w.err = err
	return key
}

func (a *assembly) readAccount(p line.Paragraph, w *words) record {
	account := oath.Account{Type: oath.TOTP, Algorithm: oath.SHA1}
	issuer, name, found := strings.Cut(w.name, ":")
	if !found {
		issuer, name = "", w.name
	}
	account.Issuer, account.Name = w.unescaped(issuer), w.unescaped(name)
	algorithms := []oath.Algorithm{oath.SHA1, oath.SHA256, oath.SHA512}
	if text := w.settings["algorithm"]; text != "" {
		i := slices.IndexFunc(algorithms, func(a oath.Algorithm) bool { return a.String() == text })
		if i < 0 {
			w.fail("the algorithm")
			return nil
		}
		account.Algorithm = algorithms[i]
	}
	if touch := w.settings["touch"]; touch != "" && touch != "yes" {
		w.fail("the touch")
	}
	account.Touch = w.settings["touch"] != ""
	account.Digits = w.count("digits", 0, 0)
	if counter := w.settings["counter"]; counter != "" {
		account.Type = oath.HOTP
		n, err := strconv.ParseUint(counter, 10, 64)
		if err != nil {
			w.fail("the counter")
		}
		account.Counter = n
	} else {
		account.Period = w.count("period", 0, 0)
	}
	account = account.WithDefaults()
	if w.err != nil || !a.whole(p, thing(accountKeyword, account.ID())) {
		return nil
	}
	secret, err := oath.ParseSecret(p.Letters)
	if err == nil {
		err = account.Validate()
	}
	w.err = err
	return accountRecord{otpauth.Key{Account: account, Secret: secret}}
}

func (a *assembly) readContents(_ line.Paragraph, w *words) record {
	var r contentsRecord
	r.part, r.of = w.ratio(w.name)
	r.date, r.adds = w.day(w.settings["date"]), w.count("adds", 0, 0)
	r.blocks, r.from = w.count("blocks", 0, -1), w.count("from", 1, 0)
	r.page = w.count("page", 0, 0)
	for text := range strings.SplitSeq(strings.ReplaceAll(w.settings["list"], turnMark, blockEnd+turnMark), blockEnd) {
		block := strings.TrimLeft(text, turnMark+moreTurns)
		digests, touch := strings.CutSuffix(block, touchMark)
		if len(digests)%digestLength != 0 || touch && digests == "" {
			w.fail("the list of contents")
		}
		r.list = append(r.list, listedBlock{line.CutEvery(digests, digestLength), touch, len(text) - len(block)})
	}
	if r.blocks == 0 {
		r.list = nil
	}
	if r.from-1+len(r.list) > r.blocks {
		w.fail("the list of contents is longer than the sheet")
	}
	return r
}

func (a *assembly) readNames(p line.Paragraph, w *words) record {
	var r namesRecord
	r.part, r.of = w.ratio(w.name)
	r.data = w.data(p)
	return r
}

func (a *assembly) readPart(p line.Paragraph, w *words) record {
	var r partRecord
	number, seal, _ := strings.Cut(w.name, " ")
	r.part, r.of = w.ratio(number)
	if r.seal = seal; seal != byPassphrase && seal != byShares && w.err == nil {
		w.err = fmt.Errorf("%w: it is sealed by %.20q", ErrNewer, seal)
	}
	if w.err != nil || !a.whole(p, thing(partKeyword, r.part)) {
		return nil
	}
	r.data = w.data(p)
	return r
}

func (a *assembly) readShare(p line.Paragraph, w *words) record {
	var r shareRecord
	r.share, r.of = w.ratio(w.name)
	r.need, r.commitment = w.count("need", 2, 0), w.settings["commitment"]
	if w.err != nil || !a.whole(p, thing(shareKeyword, r.share)) {
		return nil
	}
	r.value = w.data(p)
	if r.of > MaxShares || r.need > r.of || len(r.value) != scalarSize || !isDigest(r.commitment) {
		w.fail("share %d of %d", r.share, r.of)
	}
	return r
}

// isDigest reports whether a text may be the digest of a commitment.
func isDigest(text string) bool {
	return len(text) == commitmentDigest && isID(text[:idLength]) && isID(text[idLength:])
}

func (a *assembly) readCommitment(p line.Paragraph, w *words) record {
	r := commitmentRecord{commitment: w.name}
	if r.part, r.of = w.part(); w.err != nil || !a.whole(p, thing(commitmentKeyword, r.commitment+partOf(r.part, r.of))) {
		return nil
	}
	if r.data = w.data(p); r.of > MaxShares || len(r.data) > MaxShares*scalarSize || !isDigest(r.commitment) {
		w.fail("part %d of the commitment", r.part)
	}
	return r
}

// An openSet is a set of backup codes that is being put together.
type openSet struct {
	codesRecord
	count int         // how many codes there are; 0 if that was not said
	last  int         // line
	spans []line.Span // lines missing between codes
}

// readSet reads the paragraph of a set. Its codes follow.
func (a *assembly) readSet(p line.Paragraph, w *words) record {
	o := &openSet{last: p.Last, codesRecord: codesRecord{account: oath.ID(w.unescaped(w.name))}}
	o.part, o.of = w.part()
	if o.account == "" {
		w.fail("the record of codes names no account")
	}
	if o.record.Policy = backup.AnyOrder; w.settings["policy"] != "" {
		policy, err := backup.ParsePolicy(w.unescaped(w.settings["policy"]))
		if err != nil && w.err == nil {
			w.err = fmt.Errorf("%w: %w", ErrNewer, err)
		}
		o.record.Policy = policy
	}
	o.record.Service = w.unescaped(w.settings["service"])
	o.count = w.count("count", 0, 0)
	o.record.Sets = []backup.Set{{Generation: w.count("generation", 1, 1), Made: w.day(w.settings["made"])}}
	if w.err == nil {
		a.set = o
	}
	return nil
}

func (o *openSet) codes() []backup.Code { return o.record.Sets[0].Codes }

// addCode adds a code to its set: it is on the next line, or the lines between can be
// nothing but the codes between. (If another set began among them, there would be
// more lines than codes.) Without the line before, it is not known whose code it is.
func (a *assembly) addCode(p line.Paragraph, number, since int) error {
	var w words
	text, o := w.unescaped(p.Text), a.set
	if !backup.IsPrintable(text) {
		w.fail("code %d: %v", number, backup.ErrUnprintable)
	}
	if w.err != nil || o == nil {
		return w.err
	}
	last, skipped := 0, p.First-o.last-1
	if n := len(o.codes()); n > 0 {
		last = o.codes()[n-1].Number
	}
	if skipped == 0 && number <= last || since >= o.record.Generation() {
		return fmt.Errorf("%w: code %d is not after code %d, or is newer than its set", ErrDamaged, number, last)
	}
	if o.count > 0 && len(o.codes()) == o.count || skipped > 0 && number-last-1 != skipped {
		return nil
	}
	if skipped > 0 {
		o.spans = append(o.spans, line.Span{From: o.last + 1, To: p.First - 1})
	}
	code := backup.Code{Number: number, Text: text, Used: p.Mark.Day, Since: since}
	if p.Mark.Ticked && code.Used.IsZero() {
		// It was used by the day of the sheet, for all that is known.
		if code.Used = a.date; a.date.IsZero() {
			code.Used = time.Unix(0, 0).UTC()
		}
	}
	o.record.Sets[0].Codes = append(o.codes(), code)
	o.last = p.Last
	return nil
}

// endSet ends a set of codes, whether it is complete or not.
func (a *assembly) endSet() {
	o := a.set
	if a.set = nil; o == nil {
		return
	}
	if more := o.count - len(o.codes()); more > 0 {
		o.partial = true
		for _, s := range o.spans {
			more -= s.To - s.From + 1
		}
		if more > 0 {
			o.spans = append(o.spans, line.Span{From: o.last + 1, To: o.last + more})
		}
		a.gaps = append(a.gaps, gap{thing(codesKeyword, o.account), o.spans})
	}
	if len(o.codes()) > 0 {
		a.records = append(a.records, o.codesRecord)
	}
}
