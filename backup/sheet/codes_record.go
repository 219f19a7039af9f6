package sheet

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/sheet/line"
	"github.com/tokenctl/tokenctl/oath"
)

const codesName = "codes"

// A codesRecord is the current set of an account's backup codes, or a piece of it:
//
//	tokenctl:codes?sheet=7&id=KQ3ZT7AB&account=GitHub:alice&generation=2
//	  &policy=any%20order&made=2026-05-01&service=GitHub&part=1/2
//	  &1=1234-5678&2=8765-4321,used:2026-11-20&3=...
//
// The account is an oath.ID. A field whose name is a number is a code: its text,
// and after commas the date of its use and the generation it came with, if that is
// not the set's. Of the others, only account must be there.
type codesRecord struct {
	stamp
	account oath.ID
	record  backup.Record // of one set
	part    int
	of      int
	partial bool // some of its codes could not be read
}

// codesRecords writes the current set, in pieces of which none is longer than most
// bytes if it holds more than one code; 0 stands for no limit.
func codesRecords(s stamp, account oath.ID, r backup.Record, most int) []string {
	set := r.Current()
	if set == nil {
		return nil
	}
	head := codesHead(s, account, r)
	room := most - len(head.text(codesName)) - len("&part=999/999")
	var pieces []fields
	size := 0
	for i, c := range set.Codes {
		one := field{strconv.Itoa(c.Number), codeValue(c)}
		length := len(one.name) + len(one.value) + len("&=")
		if i == 0 || most > 0 && size+length > room {
			pieces, size = append(pieces, nil), 0
		}
		pieces[len(pieces)-1] = append(pieces[len(pieces)-1], one)
		size += length
	}
	return codesTexts(head, pieces)
}

func codesTexts(head fields, pieces []fields) (texts []string) {
	for i, codes := range pieces {
		f := slices.Clone(head)
		if len(pieces) > 1 {
			f.add("part", ratio(i+1, len(pieces)))
		}
		texts = append(texts, append(f, codes...).text(codesName))
	}
	return texts
}

// codesHead returns what all pieces tell.
func codesHead(s stamp, account oath.ID, r backup.Record) fields {
	set := r.Current()
	f := s.fields()
	f.add("account", escapeValue(string(account)))
	f.number("generation", set.Generation)
	f.add("policy", escapeValue(r.Policy.String()))
	if !set.Made.IsZero() {
		f.add("made", formatDay(set.Made))
	}
	if r.Service != "" {
		f.add("service", escapeValue(r.Service))
	}
	return f
}

const (
	usedMark  = "used:"
	sinceMark = "since:"
)

func codeValue(c backup.Code) string {
	value := escapeValue(c.Text)
	if !c.Used.IsZero() {
		value += "," + usedMark + formatDay(c.Used)
	}
	if c.Since != 0 {
		value += "," + sinceMark + strconv.Itoa(c.Since)
	}
	return value
}

func parseCodes(s stamp, f fields) (any, error) {
	r := codesRecord{stamp: s, part: 1, of: 1}
	account, err := f.plain("account")
	if err == nil && account == "" {
		err = fmt.Errorf("%w: the record of codes names no account", ErrDamaged)
	}
	if err != nil {
		return nil, err
	}
	r.account = oath.ID(account)
	if f.get("part") != "" {
		if r.part, r.of, err = f.ratio("part"); err != nil {
			return nil, err
		}
	}
	if r.record, err = parseSet(f); err != nil {
		return nil, err
	}
	return r, checkSet(r.record.Current())
}

// checkSet finds what no sheet that was printed says.
func checkSet(set *backup.Set) error {
	if len(set.Codes) == 0 {
		return fmt.Errorf("%w: the record of codes has none", ErrDamaged)
	}
	for _, c := range set.Codes {
		if c.Since >= set.Generation && c.Since != 0 {
			return fmt.Errorf("%w: code %d is newer than its set", ErrDamaged, c.Number)
		}
	}
	return nil
}

func parseSet(f fields) (r backup.Record, err error) {
	var set backup.Set
	if r.Service, err = f.plain("service"); err != nil {
		return r, err
	}
	if r.Policy, err = parsePolicy(f); err != nil {
		return r, err
	}
	if set.Generation, err = f.whole("generation", 1, 1); err != nil {
		return r, err
	}
	if set.Made, err = f.day("made"); err != nil {
		return r, err
	}
	if set.Codes, err = parseCodeFields(f); err != nil {
		return r, err
	}
	r.Sets = []backup.Set{set}
	return r, nil
}

func parsePolicy(f fields) (backup.Policy, error) {
	text, err := f.plain("policy")
	if err != nil || text == "" {
		return backup.AnyOrder, err
	}
	p, err := backup.ParsePolicy(text)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrNewer, err)
	}
	return p, nil
}

// parseCodeFields returns the codes, by number.
func parseCodeFields(f fields) (codes []backup.Code, err error) {
	for _, one := range f {
		if one.name == "" || !line.IsDigit(one.name[0]) {
			continue
		}
		c, err := parseCodeField(one)
		if err != nil {
			return nil, err
		}
		codes = append(codes, c)
	}
	slices.SortFunc(codes, func(a, b backup.Code) int { return a.Number - b.Number })
	for i := range len(codes) - 1 {
		if codes[i].Number == codes[i+1].Number {
			return nil, fmt.Errorf("%w: it has a code %d twice", ErrDamaged, codes[i].Number)
		}
	}
	return codes, nil
}

func parseCodeField(one field) (c backup.Code, err error) {
	named := fields{{"number", one.name}}
	if c.Number, err = named.whole("number", 1, 0); err != nil {
		return c, err
	}
	text, marks, _ := strings.Cut(one.value, ",")
	if c.Text, err = unescape(text); err != nil {
		return c, err
	}
	for mark := range strings.SplitSeq(marks, ",") {
		name, value, _ := strings.Cut(mark, ":")
		named := fields{{name + ":", value}}
		switch name + ":" {
		case usedMark:
			c.Used, err = named.day(usedMark)
		case sinceMark:
			c.Since, err = named.whole(sinceMark, 1, 0)
		}
		if err != nil {
			return c, err
		}
	}
	return c, nil
}
