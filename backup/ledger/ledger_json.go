package ledger

import (
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/oath"
)

// ledgerFormat is the form of the ledger's file. It grows with every change that
// an older tokenctl would not keep when it writes the file again.
const ledgerFormat = 1

// ledgerJSON is a ledger in its file. Format and Due come first, for ReadDue.
type ledgerJSON struct {
	Format   int         `json:"format"`
	Due      []dueJSON   `json:"due"`
	Accounts []entryJSON `json:"accounts"`
	Sheets   []sheetJSON `json:"sheets"`
}

// idJSON is an account's ID.
type idJSON struct {
	ID    string `json:"id"`
	Bytes []byte `json:"id_bytes,omitempty"` // base64, if the ID is not UTF-8
}

func writeID(id oath.ID) idJSON {
	j := idJSON{ID: string(id)}
	if !utf8.ValidString(j.ID) {
		j.Bytes = []byte(id)
	}
	return j
}

func (j idJSON) read() oath.ID {
	if j.Bytes != nil {
		return oath.ID(j.Bytes)
	}
	return oath.ID(j.ID)
}

// dateJSON is a day as 2026-11-23.
type dateJSON struct{ day time.Time }

// IsZero is for the option omitzero.
func (d dateJSON) IsZero() bool { return d.day.IsZero() }

func (d dateJSON) MarshalText() ([]byte, error) {
	if !backup.IsDay(d.day) {
		return nil, fmt.Errorf("a date in the year %d", d.day.Year())
	}
	return []byte(d.day.Format(time.DateOnly)), nil
}

func (d *dateJSON) UnmarshalText(text []byte) (err error) {
	d.day, err = backup.ParseDay(string(text))
	return err
}

type dueJSON struct {
	idJSON
	Service    string   `json:"service,omitempty"`
	Since      dateJSON `json:"since,omitzero"`
	Renew      string   `json:"renew,omitempty"`
	Left       int      `json:"left"`
	Generation int      `json:"generation,omitempty"`
}

func writeDue(d Due) dueJSON {
	return dueJSON{writeID(d.ID), d.Service, dateJSON{d.Since}, d.Renew, d.Left, d.Generation}
}

func (j dueJSON) read() Due {
	return Due{j.idJSON.read(), j.Service, j.Since.day, j.Renew, j.Left, j.Generation}
}

type entryJSON struct {
	idJSON
	Service string        `json:"service,omitempty"`
	Policy  backup.Policy `json:"policy"`
	Kept    Keeping       `json:"kept,omitempty"`
	Sets    []setJSON     `json:"sets"`
}

// setJSON is a set without the texts of its codes: there is no field for them.
type setJSON struct {
	Generation int              `json:"generation"`
	Made       dateJSON         `json:"recorded,omitzero"`
	Codes      []int            `json:"codes"`
	Used       map[int]dateJSON `json:"used,omitempty"`
	Since      map[int]int      `json:"since,omitempty"`
}

func writeEntry(id oath.ID, e *Entry) entryJSON {
	j := entryJSON{writeID(id), e.Service, e.Policy, e.Kept, nil}
	for _, s := range e.Sets {
		j.Sets = append(j.Sets, writeSet(s))
	}
	return j
}

func writeSet(s backup.Set) setJSON {
	j := setJSON{s.Generation, dateJSON{s.Made}, nil, make(map[int]dateJSON), make(map[int]int)}
	for _, c := range s.Codes {
		j.Codes = append(j.Codes, c.Number)
		if !c.Used.IsZero() {
			j.Used[c.Number] = dateJSON{c.Used}
		}
		if c.Since != 0 {
			j.Since[c.Number] = c.Since
		}
	}
	return j
}

func (j entryJSON) read() *Entry {
	e := &Entry{backup.Record{Service: j.Service, Policy: j.Policy}, j.Kept}
	for _, s := range j.Sets {
		e.Sets = append(e.Sets, s.read())
	}
	return e
}

func (j setJSON) read() backup.Set {
	s := backup.Set{Generation: j.Generation, Made: j.Made.day, Codes: make([]backup.Code, len(j.Codes))}
	for i, number := range j.Codes {
		s.Codes[i] = backup.Code{Number: number, Used: j.Used[number].day, Since: j.Since[number]}
	}
	return s
}

type sheetJSON struct {
	Number   int        `json:"number"`
	ID       string     `json:"id"`
	Date     dateJSON   `json:"date,omitzero"`
	OnlyNew  bool       `json:"only_new,omitempty"`
	Verified dateJSON   `json:"verified,omitzero"`
	Items    []itemJSON `json:"items"`
}

type itemJSON struct {
	idJSON
	Fingerprint string `json:"fingerprint,omitempty"`
	Generation  int    `json:"generation,omitempty"`
}

func writeSheet(s Sheet) sheetJSON {
	j := sheetJSON{s.Number, s.ID, dateJSON{s.Date}, s.OnlyNew, dateJSON{s.Verified}, nil}
	for _, id := range sortedIDs(s.Items) {
		j.Items = append(j.Items, itemJSON{writeID(id), s.Items[id].Fingerprint, s.Items[id].Generation})
	}
	return j
}

func (j sheetJSON) read() (Sheet, error) {
	s := Sheet{Number: j.Number, ID: j.ID, Date: j.Date.day, OnlyNew: j.OnlyNew, Verified: j.Verified.day}
	for _, item := range j.Items {
		if s.Items == nil {
			s.Items = make(map[oath.ID]Item, len(j.Items))
		}
		s.Items[item.read()] = Item{item.Fingerprint, item.Generation}
	}
	if len(s.Items) < len(j.Items) {
		return Sheet{}, fmt.Errorf("sheet %d has an account twice", s.Number)
	}
	return s, nil
}

// place names an account in an error.
func (j idJSON) place() string { return "account " + strconv.Quote(j.ID) }
