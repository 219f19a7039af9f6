package ledger

import (
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/backup"
)

func day(text string) time.Time {
	d, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return d
}

func date(text string) backup.Date { return backup.Date(day(text)) }

// codes returns codes that are numbered from 1.
func codes(texts ...string) []backup.Code {
	var list []backup.Code
	for i, text := range texts {
		list = append(list, backup.Code{Number: i + 1, Text: text})
	}
	return list
}

// recorded returns a record of one set.
func recorded(t *testing.T, p backup.Policy, texts ...string) backup.Record {
	t.Helper()
	r := backup.Record{Policy: p}
	if err := r.Supersede(codes(texts...), day("2026-11-01")); err != nil {
		t.Fatal(err)
	}
	return r
}

// exampleRecord has two sets, with codes that are used, came later, or are on paper.
func exampleRecord() backup.Record {
	return backup.Record{
		Service: "GitHub",
		Sets: []backup.Set{
			{Generation: 1, Made: day("2025-01-02"), Codes: []backup.Code{
				{Number: 1, Text: "aaaa"}, {Number: 7, Text: "bbbb", Used: day("2025-02-03")},
			}},
			{Generation: 3, Made: day("2026-11-23"), Codes: []backup.Code{
				{Number: 1, Text: "4f3c2-9a1be", Since: 2}, {Number: 2, Text: "8d2e1-00c4f", Since: 2, Used: day("2026-11-24")}, {Number: 4},
			}},
		},
	}
}

func useOn(t *testing.T, r *backup.Record, number int, on string) {
	t.Helper()
	if _, err := r.Use(number, day(on)); err != nil {
		t.Fatal(err)
	}
}
