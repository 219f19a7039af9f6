package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/oath"
)

// write writes the ledger with each account on a line of its own.
func (l *Ledger) write() ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\"format\":%d", ledgerFormat)
	entry := func(id oath.ID) entryJSON { return writeEntry(id, l.Accounts[id]) }
	err := errors.Join(
		writeList(&b, "due", l.Due, writeDue),
		writeList(&b, "accounts", l.ids(), entry),
		writeList(&b, "sheets", l.Sheets, writeSheet),
	)
	b.WriteString("}\n")
	return b.Bytes(), err
}

// ids returns those of the accounts with codes, in order.
func (l *Ledger) ids() []oath.ID {
	none := func(id oath.ID) bool { return l.Accounts[id] == nil }
	return slices.DeleteFunc(sortedIDs(l.Accounts), none)
}

func sortedIDs[T any](of map[oath.ID]T) []oath.ID {
	ids := make([]oath.ID, 0, len(of))
	for id := range of {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func writeList[T, J any](b *bytes.Buffer, name string, list []T, as func(T) J) error {
	encoder := json.NewEncoder(b)
	encoder.SetEscapeHTML(false)
	fmt.Fprintf(b, ",\n%q:[", name)
	for i, element := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
		if err := encoder.Encode(as(element)); err != nil {
			return err
		}
		b.Truncate(b.Len() - 1) // the line break
	}
	b.WriteByte(']')
	return nil
}

// parseLedger reads what write wrote.
func parseLedger(content []byte) (*Ledger, error) {
	var j ledgerJSON
	err := strictly(content, &j)
	if err != nil {
		var known struct{ Format int }
		if json.Unmarshal(content, &known) == nil {
			j.Format = known.Format
		}
	}
	if j.Format > ledgerFormat {
		return nil, backup.ErrNewer
	}
	if err == nil {
		var l *Ledger
		if l, err = j.read(); err == nil {
			return l, nil
		}
	}
	return nil, fmt.Errorf("%w: %w", backup.ErrDamaged, err)
}

// strictly decodes a JSON value that nothing follows, and in which nothing is
// unknown: that would be lost when the ledger is written again.
func strictly(content []byte, to any) error {
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	var syntax *json.SyntaxError
	err := decoder.Decode(to)
	if errors.As(err, &syntax) {
		return fmt.Errorf("at byte %d: %w", syntax.Offset, err)
	}
	if err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("at byte %d: something follows", decoder.InputOffset())
	}
	return nil
}

func (j ledgerJSON) read() (*Ledger, error) {
	if j.Format < 1 {
		return nil, errors.New("it does not tell its format")
	}
	l := new(Ledger)
	for _, d := range j.Due {
		l.Due = append(l.Due, d.read())
	}
	for _, e := range j.Accounts {
		if err := l.add(e); err != nil {
			return nil, fmt.Errorf("%s: %w", e.place(), err)
		}
	}
	for _, s := range j.Sheets {
		sheet, err := s.read()
		if err != nil {
			return nil, err
		}
		l.Sheets = append(l.Sheets, sheet)
	}
	return l, l.check()
}

func (l *Ledger) add(j entryJSON) error {
	if l.Accounts == nil {
		l.Accounts = make(map[oath.ID]*Entry)
	}
	id := j.idJSON.read()
	if l.Accounts[id] != nil {
		return errors.New("it comes twice")
	}
	l.Accounts[id] = j.read()
	return nil
}

// check reports what in the ledger is not as the comments of its types say.
func (l *Ledger) check() error {
	for _, id := range l.ids() {
		e := l.Accounts[id]
		if err := e.Check(); err != nil {
			return fmt.Errorf("%s: %w", writeID(id).place(), err)
		}
		if e.Kept != "" && e.Kept != InVault && e.Kept != OnPaper {
			return fmt.Errorf("%s: kept in %q", writeID(id).place(), e.Kept)
		}
	}
	number := 0
	for _, s := range l.Sheets {
		if s.Number <= number {
			return fmt.Errorf("sheet %d after sheet %d", s.Number, number)
		}
		number = s.Number
	}
	return nil
}
