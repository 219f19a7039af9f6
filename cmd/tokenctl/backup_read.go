package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/vault"
)

// errNoAccountForCodes says that NAME fits nothing.
var errNoAccountForCodes = fmt.Errorf("%w", oath.ErrNotFound)

// accountForCodes returns the account that codes are to be recorded for: the one
// of that very name, or else the one that the query fits best, keys included.
func (p *program) accountForCodes(ctx context.Context, r *records, o backupAddOptions) (oath.ID, error) {
	accounts, err := r.accounts()
	if err != nil {
		return "", err
	}
	for _, a := range accounts {
		if string(a.ID()) == o.query || a.Issuer != "" && a.Label() == o.query {
			return a.ID(), nil
		}
	}
	if o.isNew {
		a := oath.ID(o.query).Account(oath.TOTP).WithDefaults()
		return a.ID(), a.Validate()
	}
	onKeys, failure := p.accountsOnKeys(ctx, o.tokens)
	a, err := oath.MatchOne(withoutDoubles(append(accounts, onKeys...)), o.query)
	switch {
	case errors.Is(err, oath.ErrNotFound) && failure != nil:
		return "", failure
	case errors.Is(err, oath.ErrNotFound):
		return "", fmt.Errorf("%q: %w", printable(o.query), errNoAccountForCodes)
	case err != nil:
		return "", fmt.Errorf("%q: %w", printable(o.query), err)
	}
	return a.ID(), nil
}

// accounts returns those in the vault, and those with codes.
func (r *records) accounts() ([]oath.Account, error) {
	ids, err := r.ids()
	if err != nil {
		return nil, err
	}
	accounts := mapSlice(ids, func(id oath.ID) oath.Account { return id.Account(oath.TypeUnknown) })
	if r.vault == nil {
		return accounts, nil
	}
	inVault, err := r.vault.List()
	if errors.Is(err, vault.ErrDamaged) {
		err = nil
	}
	return withoutDoubles(append(accounts, inVault...)), err
}

// accountsOnKeys returns those on the keys that are plugged in. The error tells of
// keys that could not be asked.
func (p *program) accountsOnKeys(ctx context.Context, o tokenOptions) ([]oath.Account, error) {
	if o.noKeys {
		return nil, nil
	}
	o.vault.none = true
	t, err := p.openTokens(ctx, o, false)
	if isAbsence(err) && !o.namesKey() {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer t.close()
	holdings, err := t.List()
	var accounts []oath.Account
	for _, h := range holdings {
		accounts = append(accounts, h.Account)
	}
	return accounts, err
}

// withoutDoubles leaves out accounts that came before.
func withoutDoubles(accounts []oath.Account) []oath.Account {
	seen := make(map[oath.ID]bool, len(accounts))
	var distinct []oath.Account
	for _, a := range accounts {
		if id := a.ID(); !seen[id] {
			seen[id] = true
			distinct = append(distinct, a)
		}
	}
	return distinct
}

// A codesSource is where codes were read, and what was found there.
type codesSource struct {
	found backup.Found
	file  *codesFile // nil if it is no file that could be deleted
}

// readCodes reads the codes of an addition.
func (p *program) readCodes(a *addition, o backupAddOptions) (codesSource, error) {
	var s codesSource
	if o.onPaper > backup.MaxCodes {
		return s, fmt.Errorf("%d: %w", o.onPaper, backup.ErrTooLarge)
	}
	if o.onPaper > 0 {
		a.codes = make([]backup.Code, o.onPaper)
		return s, nil
	}
	text, err := p.readCodesText(&s, o.source)
	if err != nil {
		return s, err
	}
	defer clear(text)
	if s.found, err = backup.RecognizeForm(text, formOf(a.service.Form)); err != nil {
		return s, err
	}
	a.codes = s.found.Set(a.day)
	if a.replaces > 0 && len(a.codes) != 1 {
		return s, usagef("--replace-number takes one code, and there are %d", len(a.codes))
	}
	return s, nil
}

// readCodesText reads at most one byte more than is taken for codes.
func (p *program) readCodesText(s *codesSource, source string) (text []byte, err error) {
	switch source {
	case "":
		if p.terminal == nil {
			return nil, usagef("there are no codes: name a FILE, or - for standard input")
		}
		return p.terminal.paste("Paste the codes", backup.MaxText)
	case "-":
		text, err = io.ReadAll(io.LimitReader(p.in, backup.MaxText+1))
		if err != nil {
			return nil, fmt.Errorf("reading standard input: %w", err)
		}
		return text, nil
	}
	text, s.file, err = readCodesFile(source)
	return text, err
}

// formOf returns nil for a form that is not known.
func formOf(expression string) *regexp.Regexp {
	if expression == "" {
		return nil
	}
	form, err := regexp.Compile(expression)
	if err != nil {
		return nil // services.Read has compiled it before
	}
	return form
}

// confirmAddition tells what was found, and asks whether that is what was meant.
func (p *program) confirmAddition(r *records, a addition, s codesSource, o backupAddOptions) error {
	if !a.onPaper() {
		for _, hint := range a.service.Check(s.found.Texts()) {
			p.note("%s", printable(hint))
		}
	}
	if p.terminal == nil || o.yes {
		return nil
	}
	label := printable(labelOf(a.id))
	if a.onPaper() {
		return p.terminal.confirm(false, "Record for %s that %s on your paper%s?", label, are(len(a.codes)), a.effect(r))
	}
	p.terminal.tell("%s", describeFound(s.found))
	return p.terminal.confirm(false, "Record %s for %s%s?", itOrThem(len(a.codes)), label, a.effect(r))
}

// effect tells what becomes of the codes before, as far as the ledger knows them.
func (a addition) effect(r *records) string {
	record := r.entry(a.id).Record
	if record.Left() == 0 && a.replaces == 0 {
		return ""
	}
	switch way, number := a.wayInto(&record); way {
	case replaces:
		return fmt.Sprintf(", in the place of number %d", number)
	case appends:
		return fmt.Sprintf(", beside the %d before", record.Left())
	}
	return fmt.Sprintf(", in the place of the %d before", record.Left())
}

func itOrThem(n int) string {
	if n == 1 {
		return "it"
	}
	return "them"
}

// maxIgnored is the number of lines that were not taken for codes, and are shown.
const maxIgnored = 5

// describeFound tells what a text was taken for, on the terminal alone: the
// beginning of a code, and lines that may be codes, belong nowhere else.
func describeFound(f backup.Found) string {
	var b strings.Builder
	b.WriteString(howMany(len(f.Codes), "code"))
	if f.Numbered {
		b.WriteString(", numbered")
	}
	fmt.Fprintf(&b, ", like %s", beginning(f.Codes[0].Text))
	if n := len(f.Repeated); n > 0 {
		fmt.Fprintf(&b, "; %d more came twice", n)
	}
	if used := countUsed(f); used > 0 {
		fmt.Fprintf(&b, "; %d marked as used", used)
	}
	if len(f.Ignored) > 0 {
		fmt.Fprintf(&b, "; not taken for codes:")
	}
	for i, passage := range f.Ignored {
		if i == maxIgnored {
			fmt.Fprintf(&b, "\n  and %d more", len(f.Ignored)-i)
			break
		}
		fmt.Fprintf(&b, "\n  line %d: %s", passage.Line, printable(passage.Text))
	}
	return b.String()
}

func countUsed(f backup.Found) int {
	used := 0
	for _, c := range f.Codes {
		if c.Used {
			used++
		}
	}
	return used
}

// beginning returns a third of a code.
func beginning(code string) string {
	n := (utf8.RuneCountInString(code) + 2) / 3
	return printable(string([]rune(code)[:n])) + "…"
}
