package backup

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// example is what docs and doc comments show.
const example = `service: GitHub
policy: any order
note: for the work account

generation 3, recorded 2026-11-23
1. 4f3c2-9a1be  from generation 2
2. 8d2e1-00c4f  from generation 2  used 2026-11-24
3. 1234 5678
4. (on paper)

generation 1, recorded 2025-01-02, superseded
1. "(on paper)"
7. "a  used 2026-11-24"  used 2025-02-03
`

func exampleRecord() Record {
	return Record{
		Service: "GitHub",
		Other:   []string{"note: for the work account"},
		Sets: []Set{
			{Generation: 1, Made: day("2025-01-02"), Codes: []Code{
				{Number: 1, Text: "(on paper)"},
				{Number: 7, Text: "a  used 2026-11-24", Used: day("2025-02-03")},
			}},
			{Generation: 3, Made: day("2026-11-23"), Codes: []Code{
				{Number: 1, Text: "4f3c2-9a1be", Since: 2},
				{Number: 2, Text: "8d2e1-00c4f", Since: 2, Used: day("2026-11-24")},
				{Number: 3, Text: "1234 5678"},
				{Number: 4},
			}},
		},
	}
}

func TestMarshalText(t *testing.T) {
	text, err := exampleRecord().MarshalText()
	if err != nil || string(text) != example {
		t.Errorf("got %v\n%s", err, text)
	}
	r, err := ParseRecord([]byte(example))
	if err != nil || !reflect.DeepEqual(r, exampleRecord()) {
		t.Errorf("got %+v, %v", r, err)
	}
}

// Line ends and a byte order mark change with editors and file systems.
func TestParseRecordOfAnyLineEnd(t *testing.T) {
	for name, text := range map[string]string{
		"Windows":           strings.ReplaceAll(example, "\n", "\r\n"),
		"byte order mark":   "\ufeff" + example,
		"no last line feed": strings.TrimSuffix(example, "\n"),
	} {
		if r, err := ParseRecord([]byte(text)); err != nil || !reflect.DeepEqual(r, exampleRecord()) {
			t.Errorf("%s: got %+v, %v", name, r, err)
		}
	}
}

// Files that were written before quoted more than is needed.
func TestParseRecordOfMoreQuotes(t *testing.T) {
	text := "service: \"GitHub\"\npolicy: any order\n\ngeneration 2\n1. \"1234 5678\"\n2. \"(On Paper)\"  from generation 1  used 2026-11-24\n"
	want := Record{Service: "GitHub", Sets: []Set{{Generation: 2, Codes: []Code{
		{Number: 1, Text: "1234 5678"}, {Number: 2, Text: "(On Paper)", Since: 1, Used: day("2026-11-24")},
	}}}}
	if r, err := ParseRecord([]byte(text)); err != nil || !reflect.DeepEqual(r, want) {
		t.Errorf("got %+v, %v", r, err)
	}
}

// What MarshalText does not write is an error, which names the line and no code.
func TestParseRecordRefuses(t *testing.T) {
	const head = "policy: any order\n\ngeneration 3\n"
	tests := map[string]string{
		"":                                                     "policy",
		"\n \n":                                                "line 2",
		"service: GitHub\n":                                    "policy",
		"generation 1\n1. SECRET\n":                            "policy",
		"1. SECRET\n":                                          "line 1",
		"policy: whatever":                                     "line 1",
		"policy: reusable\npolicy: reusable":                   "line 2",
		"Policy: Reusable":                                     "policy",
		"service: SECRET\nservice: SECRET":                     "line 2",
		"policy: reusable\nservice: SECRET":                    "line 2",
		"service: \"SECRET\npolicy: reusable":                  "line 1",
		"policy: any order\n1. SECRET\n":                       "line 2",
		"policy: any order\ngeneration 0\n1. SECRET":           "line 2",
		"policy: any order\n note\n":                           "line 2",
		head + "1. SECRET\n1. SECRET2":                         "line 5",
		head + "2. SECRET\n1. SECRET2":                         "line 5",
		head + "2. S\nSECRET and words":                        "line 5",
		head + "SECRET":                                        "line 4",
		head + "note:SECRET":                                   "line 4",
		head + "1) SECRET":                                     "line 4",
		head + "1.SECRET":                                      "line 4",
		head + " 1. SECRET":                                    "line 4",
		head + "1. SECRET ":                                    "line 4",
		head + "01. SECRET":                                    "line 4",
		head + "1000000001. SECRET":                            "number",
		head + "1. SECRET used":                                "line 4",
		head + "1. SECRET used 2026-11-24":                     "line 4",
		head + "1. SECRET  used 2026-13-24":                    "line 4",
		head + "1. SECRET  used 24.11.2026":                    "line 4",
		head + "1. SECRET  used 0001-01-01":                    "line 4",
		head + "1. SECRET  from generation 0":                  "line 4",
		head + "1. SECRET  from generation 1 ":                 "line 4",
		head + "1. SECRET  used 2026-11-24  from generation 1": "line 4",
		head + "1. SECRET  from generation 3":                  "number 1",
		head + "1. SECRET  from generation 4":                  "number 1",
		head + "1.":                                            "line 4",
		head + "1. ":                                           "line 4",
		head + "1. used 2026-11-24":                            "line 4",
		head + "1.   used 2026-11-24":                          "line 4",
		head + `1. ""`:                                         "line 4",
		head + `1. "SECRET`:                                    "line 4",
		head + `1. "SECRET" twice`:                             "line 4",
		head + "1. \tSECRET":                                   "line 4",
		head + "1. SECRET\x00":                                 "line 4",
		head + "1. SECRET\xff":                                 "line 4",
		head + "policy: any order":                             "line 4",
		head + "generation 1, made 2026-11-24":                 "line 4",
		head + "generation 1, recorded yesterday":              "line 4",
		head + "generation 1, recorded 1899-12-31, superseded": "line 4",
		head + "generation 1":                                  "line 4",
		head + "generation 3, superseded":                      "line 4",
		head + "generation 4, superseded":                      "line 4",
		head + "generation 01, superseded":                     "line 4",
		head + "generation 99999999999999999999":               "line 4",
		"policy: any order\n\ngeneration 3, superseded":        "line 3",
		"policy: any order\n\nGeneration 3\n1. SECRET\n":       "line 4",
	}
	for text, want := range tests {
		r, err := ParseRecord([]byte(text))
		if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %+v, %v; want %q", text, r, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%q: the error quotes a code: %v", text, err)
		}
	}
	many := head
	for i := range MaxCodes + 1 {
		many += strconv.Itoa(i+1) + ". x\n"
	}
	if _, err := ParseRecord([]byte(many)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too many codes: %v", err)
	}
}

func TestMarshalTextRefuses(t *testing.T) {
	tests := map[string]Record{
		"policy":              {Policy: 99},
		"generation 0":        {Sets: []Set{{}}},
		"generations fall":    {Sets: []Set{{Generation: 2}, {Generation: 1}}},
		"number 0":            {Sets: []Set{{Generation: 1, Codes: []Code{{Text: "a"}}}}},
		"numbers fall":        {Sets: []Set{{Generation: 1, Codes: []Code{{Number: 2}, {Number: 1}}}}},
		"from a later":        {Sets: []Set{{Generation: 1, Codes: []Code{{Number: 1, Since: 2}}}}},
		"head with a code":    {Other: []string{"1. aaa"}},
		"head with a policy":  {Other: []string{"policy: reusable"}},
		"head with two lines": {Other: []string{"a\nb"}},
		"empty head":          {Other: []string{""}},
		"a year too early":    {Sets: []Set{{Generation: 1, Made: day("0100-01-01")}}},
	}
	for name, r := range tests {
		if text, err := r.MarshalText(); err == nil {
			t.Errorf("%s: written as %q", name, text)
		}
	}
}

// oddTexts are codes that a careless form would misread.
var oddTexts = []string{
	"a", "1234 5678", "1.", "12) a", `"`, `"a"`, `a"b`, "'", "\\", "(on paper)", "used", "a used", "a used 2026-11-24", "used 2026-11-24",
	"a (used 2026-11-24)", "a from generation 1", "from generation 1", "generation 2", "policy: reusable", " a", "a ",
	"١٢٣٤", "コード", "e\u0301", "\u00a0", "a  b", "on", "#1", "-", "~~a~~", "used:", "a: b",
}

// TestUnprintableCodesAreRefused, whoever brings them: what a code is shown as is what a
// person types, and it must not take over the terminal.
func TestUnprintableCodesAreRefused(t *testing.T) {
	for _, text := range []string{
		"\x1b]52;c;ZWNobyBvd25lZA==\a", "\x1b[2J1111", "a\tb", "a\nb", "a\r", "a\x00b", "\x7f", "\u009b2J", "\xff\xfe", "\u200b", "\ufeff",
		"12\u202e34", "\u2066a\u2069", "a\u200fb", "\u061c", "a\u00adb", "\u2028", "\U000e0041",
	} {
		r := Record{Service: text, Sets: []Set{{Generation: 1, Codes: []Code{{Number: 1, Text: text}}}}}
		if written, err := r.MarshalText(); !errors.Is(err, ErrUnprintable) {
			t.Errorf("%q is written: %s, %v", text, written, err)
		}
		planted := "policy: any order\n\ngeneration 1\n1. " + strconv.Quote(text) + "\n"
		if r, err := ParseRecord([]byte(planted)); !errors.Is(err, ErrUnprintable) || len(r.Sets) > 0 {
			t.Errorf("%s is read: %+v, %v", planted, r, err)
		}
		r.Sets = nil
		roundTrip(t, r)
	}
}

func TestOddTextsRoundTrip(t *testing.T) {
	for _, text := range oddTexts {
		for _, c := range []Code{
			{Number: 1, Text: text},
			{Number: 1, Text: text, Used: day("2026-11-24")},
			{Number: 1, Text: text, Since: 1, Used: day("2026-11-24")},
		} {
			roundTrip(t, Record{Service: text, Sets: []Set{{Generation: 2, Codes: []Code{c}}}})
		}
	}
}

func roundTrip(t *testing.T, r Record) {
	t.Helper()
	text, err := r.MarshalText()
	if err != nil {
		t.Fatalf("%+v: %v", r, err)
	}
	back, err := ParseRecord(text)
	if err != nil || !reflect.DeepEqual(back, r) {
		t.Fatalf("%v\nwas  %+v\nis   %+v\ntext %s", err, r, back, text)
	}
}

// anyRecord returns a record made by chance, of odd texts among others.
func anyRecord(random *rand.Rand) Record {
	r := Record{Policy: Policy(random.IntN(len(policyNames)))}
	for days := range random.IntN(6) {
		anyChange(random, &r, days)
	}
	return r
}

// anyChange does by chance what may happen to a record on some day.
func anyChange(random *rand.Rand, r *Record, days int) {
	on := day("2026-11-01").AddDate(0, 0, days)
	var fresh []Code
	for range 1 + random.IntN(3) {
		fresh = append(fresh, Code{Text: oddTexts[random.IntN(len(oddTexts))]})
	}
	switch random.IntN(3) {
	case 0:
		_ = r.Supersede(fresh, on)
	case 1:
		_ = r.Append(fresh, on)
	case 2:
		_ = r.ReplaceCode(1+random.IntN(4), fresh[0].Text, on)
	}
	_, _ = r.Use(1+random.IntN(4), on)
}

func TestAnyRecordRoundTrips(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		roundTrip(t, anyRecord(random))
	}
}

func FuzzParseRecord(f *testing.F) {
	f.Add([]byte(example))
	for _, text := range oddTexts {
		f.Add([]byte("policy: any order\n\ngeneration 1\n1. " + text))
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := ParseRecord(text)
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Fatalf("not a damage: %v", err)
			}
			return
		}
		roundTrip(t, r)
	})
}

func FuzzCodeText(f *testing.F) {
	for _, text := range oddTexts {
		f.Add(text, 1, 0)
	}
	f.Fuzz(func(t *testing.T, text string, number, days int) {
		if number < 1 || number > maxNumber || !IsPrintable(text) {
			return
		}
		c := Code{Number: number, Text: text}
		if days > 0 && days < 100_000 {
			c.Used = day("2026-11-24").AddDate(0, 0, days)
		}
		roundTrip(t, Record{Service: text, Sets: []Set{{Generation: 1, Codes: []Code{c}}}})
	})
}
