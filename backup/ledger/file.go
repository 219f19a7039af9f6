package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/durable"
)

// Read reads a ledger. One that is not there is empty. It returns
// backup.ErrDamaged or backup.ErrNewer, with the file's name.
func Read(path string) (*Ledger, error) {
	content, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return parse(path, content)
}

// Update changes a ledger, which is made if it is not there. Other processes that
// want to do so wait meanwhile. If change returns an error, that is returned, and
// the file stays as it is; so it does, with backup.ErrDamaged or backup.ErrNewer, if
// it cannot be read.
func Update(path string, change func(*Ledger) error) error {
	return durable.Update(path, func(old []byte) ([]byte, error) {
		l, err := parse(path, old)
		if err != nil {
			return nil, err
		}
		if err := change(l); err != nil {
			return nil, err
		}
		if err := l.check(); err != nil {
			return nil, fmt.Errorf("writing %s: %w", path, err)
		}
		return l.write()
	})
}

// A Head is what stands first in a ledger's file: as much as every command asks for.
type Head struct {
	Newest time.Time // as Ledger.Newest returns it
	Notice Notice
	Due    []Due
	Keys   []Key
}

// ReadHead returns a ledger's head, with what is on the keys or without. It reads no further
// than that goes, so that every command can afford it, and does not notice damage behind it.
// Its errors are those of Read.
func ReadHead(path string, withAccounts bool) (h Head, err error) {
	f, err := readHead(path, withAccounts)
	if err != nil {
		return h, err
	}
	h.Newest, _ = time.Parse(time.DateOnly, f.Newest)
	h.Notice, h.Due = f.Notice, readDue(f.Due)
	if h.Keys, err = readKeys(f); err != nil {
		err = fmt.Errorf("%s: %w: %w", path, backup.ErrDamaged, err)
	}
	return h, err
}

func readHead(path string, withAccounts bool) (head file, err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return head, nil
	}
	if err != nil {
		return head, err
	}
	defer f.Close()
	decoder := json.NewDecoder(f)
	isNext := func(want json.Token) bool {
		token, err := decoder.Token()
		return err == nil && token == want
	}
	if isNext(json.Delim('{')) && isNext("format") && decoder.Decode(&head.Format) == nil && head.Format == fileFormat &&
		isNext("newest") && decoder.Decode(&head.Newest) == nil &&
		isNext("notice") && decoder.Decode(&head.Notice) == nil && isNext("due") && decoder.Decode(&head.Due) == nil &&
		isNext("keys") && decoder.Decode(&head.Keys) == nil &&
		(!withAccounts || isNext("held") && decoder.Decode(&head.Held) == nil) {
		return head, nil
	}
	// It is an older one, somebody put it into another order, or it is damaged.
	l, err := Read(path)
	if err != nil {
		return file{}, err
	}
	if head = l.head(); !withAccounts {
		head.Held = nil
	}
	return head, nil
}

// head returns what stands before the accounts in the file.
func (l *Ledger) head() file {
	f := file{Format: fileFormat, Newest: backup.Date(l.Newest()).String(), Notice: l.Notice}
	for _, d := range l.Due {
		f.Due = append(f.Due, dueLine{accountOf(d.ID), d})
	}
	for _, k := range l.Keys {
		f.Keys = append(f.Keys, k)
		line := keyLine{Serial: k.Serial}
		for _, id := range k.IDs() {
			held := heldLine{account: accountOf(id), Held: k.Accounts[id]}
			if held.Renamed != "" {
				name := accountOf(held.Renamed)
				held.Name = &name
			}
			line.Accounts = append(line.Accounts, held)
		}
		if len(line.Accounts) > 0 {
			f.Held = append(f.Held, line)
		}
	}
	return f
}

// fileFormat is the form of the ledger's file. It grows with every change that an
// older tokenctl would not keep when it writes the file again.
const fileFormat = 4 // 1 had no Newest, 2 no Notice, Keys, OldInVault, Accepted, 3 no Ignored

// maxFiles is how many files a sheet is written to: one, or one for each share.
const maxFiles = 16

// A file is a ledger as JSON. Format, Newest, Notice, Due, Keys and Held come first, for readHead.
type file struct {
	Format   int            `json:"format"`
	Newest   string         `json:"newest"` // as in 2026-11-23; "" for none
	Notice   Notice         `json:"notice"`
	Due      []dueLine      `json:"due"`
	Keys     []Key          `json:"keys"`
	Held     []keyLine      `json:"held"` // what is on the keys
	Accounts []entryLine    `json:"accounts"`
	Sheets   []sheetLine    `json:"sheets"`
	Old      []sinceLine    `json:"old_in_vault"`
	Ignored  []sinceLine    `json:"ignored"`
	Accepted []acceptedLine `json:"accepted"`
}

type (
	dueLine struct {
		account
		Due
	}
	keyLine struct {
		Serial   uint32     `json:"serial"`
		Accounts []heldLine `json:"accounts"`
	}
	heldLine struct {
		account
		Held
		Name *account `json:"renamed,omitempty"`
	}
	sinceLine struct {
		account
		Since backup.Date `json:"since"`
	}
	acceptedLine struct {
		Risk  string      `json:"risk"`
		Since backup.Date `json:"since"`
	}
	entryLine struct {
		account
		Service string        `json:"service,omitempty"`
		Policy  backup.Policy `json:"policy"`
		Kept    Keeping       `json:"kept,omitempty"`
		Sets    []bareSet     `json:"sets"`
	}
	sheetLine struct {
		Sheet
		Items []itemLine `json:"items"`
	}
	itemLine struct {
		account
		Item
	}
)

// A bareSet is a set without the texts of its codes: there is no field for them.
type bareSet struct {
	Generation int                 `json:"generation"`
	Made       backup.Date         `json:"recorded,omitzero"`
	Codes      []int               `json:"codes"`
	Used       map[int]backup.Date `json:"used,omitempty"`
	Since      map[int]int         `json:"since,omitempty"`
}

// An account is the ID of one.
type account struct {
	Text  string `json:"id"`
	Bytes []byte `json:"id_bytes,omitempty"` // base64, if the ID is not UTF-8
}

func accountOf(id oath.ID) account {
	if utf8.ValidString(string(id)) {
		return account{Text: string(id)}
	}
	return account{string(id), []byte(id)}
}

func (a account) id() oath.ID {
	if a.Bytes != nil {
		return oath.ID(a.Bytes)
	}
	return oath.ID(a.Text)
}

// write writes the ledger with each account and each sheet on a line of its own.
func (l *Ledger) write() ([]byte, error) {
	f := l.head()
	for _, id := range l.IDs() {
		e := l.Accounts[id]
		line := entryLine{account: accountOf(id), Service: e.Service, Policy: e.Policy, Kept: e.Kept}
		for _, s := range e.Sets {
			line.Sets = append(line.Sets, bare(s))
		}
		f.Accounts = append(f.Accounts, line)
	}
	for _, s := range l.Sheets {
		line := sheetLine{Sheet: s}
		for _, id := range slices.Sorted(maps.Keys(s.Items)) {
			line.Items = append(line.Items, itemLine{accountOf(id), s.Items[id]})
		}
		f.Sheets = append(f.Sheets, line)
	}
	for _, id := range slices.Sorted(maps.Keys(l.OldInVault)) {
		f.Old = append(f.Old, sinceLine{accountOf(id), l.OldInVault[id]})
	}
	for _, id := range slices.Sorted(maps.Keys(l.Ignored)) {
		f.Ignored = append(f.Ignored, sinceLine{accountOf(id), l.Ignored[id]})
	}
	for _, risk := range slices.Sorted(maps.Keys(l.Accepted)) {
		f.Accepted = append(f.Accepted, acceptedLine{risk, l.Accepted[risk]})
	}
	var b bytes.Buffer
	notice, err := json.Marshal(f.Notice)
	fmt.Fprintf(&b, "{\"format\":%d,\"newest\":%q,\"notice\":%s", f.Format, f.Newest, notice)
	err = errors.Join(err, writeLines(&b, "due", f.Due), writeLines(&b, "keys", f.Keys), writeLines(&b, "held", f.Held), writeLines(&b, "accounts", f.Accounts),
		writeLines(&b, "sheets", f.Sheets), writeLines(&b, "old_in_vault", f.Old), writeLines(&b, "ignored", f.Ignored), writeLines(&b, "accepted", f.Accepted))
	b.WriteString("}\n")
	return b.Bytes(), err
}

func bare(s backup.Set) bareSet {
	b := bareSet{Generation: s.Generation, Made: backup.Date(s.Made), Used: make(map[int]backup.Date), Since: make(map[int]int)}
	for _, c := range s.Codes {
		b.Codes = append(b.Codes, c.Number)
		if !c.Used.IsZero() {
			b.Used[c.Number] = backup.Date(c.Used)
		}
		if c.Since != 0 {
			b.Since[c.Number] = c.Since
		}
	}
	return b
}

func writeLines[T any](b *bytes.Buffer, name string, lines []T) error {
	encoder := json.NewEncoder(b)
	encoder.SetEscapeHTML(false)
	fmt.Fprintf(b, ",\n%q:[", name)
	for i, line := range lines {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
		if err := encoder.Encode(line); err != nil {
			return err
		}
		b.Truncate(b.Len() - 1) // the line break
	}
	b.WriteByte(']')
	return nil
}

// parse reads what write writes; nil is an empty ledger. What is unknown in the
// file would be lost when it is written again, and is refused.
func parse(path string, content []byte) (*Ledger, error) {
	if content == nil {
		return new(Ledger), nil
	}
	var f file
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&f)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		err = fmt.Errorf("at byte %d: %w", syntax.Offset, err)
	}
	if err != nil { // A newer form may look different.
		var known struct{ Format int }
		_ = json.Unmarshal(content, &known)
		f.Format = known.Format
	} else if _, end := decoder.Token(); !errors.Is(end, io.EOF) {
		err = fmt.Errorf("at byte %d: something follows", decoder.InputOffset())
	}
	if f.Format > fileFormat {
		return nil, fmt.Errorf("%s: %w", path, backup.ErrNewer)
	}
	var l *Ledger
	if err == nil {
		l, err = f.read()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, backup.ErrDamaged, err)
	}
	return l, nil
}

func (f file) read() (*Ledger, error) {
	if f.Format < 1 {
		return nil, errors.New("the format is missing")
	}
	keys, err := readKeys(f)
	if err != nil {
		return nil, err
	}
	l := &Ledger{Notice: f.Notice, Due: readDue(f.Due), Keys: keys}
	for _, line := range f.Old {
		if l.OldInVault == nil {
			l.OldInVault = make(map[oath.ID]backup.Date)
		}
		l.OldInVault[line.id()] = line.Since
	}
	for _, line := range f.Ignored {
		if l.Ignored == nil {
			l.Ignored = make(map[oath.ID]backup.Date)
		}
		l.Ignored[line.id()] = line.Since
	}
	for _, line := range f.Accepted {
		if l.Accepted == nil {
			l.Accepted = make(map[string]backup.Date)
		}
		l.Accepted[line.Risk] = line.Since
	}
	for _, line := range f.Accounts {
		if l.Accounts[line.id()] != nil {
			return nil, fmt.Errorf("account %q: it appears twice", line.Text)
		}
		e := l.Entry(line.id())
		e.Service, e.Policy, e.Kept = line.Service, line.Policy, line.Kept
		for _, b := range line.Sets {
			s := backup.Set{Generation: b.Generation, Made: time.Time(b.Made), Codes: make([]backup.Code, len(b.Codes))}
			for i, number := range b.Codes {
				s.Codes[i] = backup.Code{Number: number, Used: time.Time(b.Used[number]), Since: b.Since[number]}
			}
			e.Sets = append(e.Sets, s)
		}
	}
	for _, line := range f.Sheets {
		s := line.Sheet
		for _, item := range line.Items {
			if s.Items == nil {
				s.Items = make(map[oath.ID]Item, len(line.Items))
			}
			s.Items[item.id()] = item.Item
		}
		if len(s.Items) < len(line.Items) {
			return nil, fmt.Errorf("sheet %d has an account twice", s.Number)
		}
		l.Sheets = append(l.Sheets, s)
	}
	return l, l.check()
}

func readDue(lines []dueLine) []Due {
	var due []Due
	for _, line := range lines {
		line.Due.ID = line.id()
		due = append(due, line.Due)
	}
	return due
}

// readKeys returns the keys, each with what is on it.
func readKeys(f file) (keys []Key, err error) {
	for _, k := range f.Keys {
		if k.Serial == 0 || len(keys) > 0 && k.Serial <= keys[len(keys)-1].Serial {
			return nil, fmt.Errorf("key %d: it is not in its place", k.Serial)
		}
		keys = append(keys, k)
	}
	l := Ledger{Keys: keys}
	for _, line := range f.Held {
		k := l.Key(line.Serial)
		if k == nil || k.Accounts != nil {
			return nil, fmt.Errorf("accounts on key %d: they are not in their place", line.Serial)
		}
		k.Accounts = make(map[oath.ID]Held, len(line.Accounts))
		for _, held := range line.Accounts {
			if held.Name != nil {
				held.Renamed = held.Name.id()
			}
			k.Accounts[held.id()] = held.Held
		}
	}
	return keys, nil
}

// check reports what in the ledger is not as the comments of its types say.
func (l *Ledger) check() error {
	for _, id := range l.IDs() {
		e := l.Accounts[id]
		if err := e.Validate(); err != nil {
			return fmt.Errorf("account %q: %w", id, err)
		}
		if e.Kept != "" && e.Kept != InVault && e.Kept != OnPaper {
			return fmt.Errorf("account %q: kept in %q", id, e.Kept)
		}
	}
	number := 0
	for _, s := range l.Sheets {
		if s.Number <= number {
			return fmt.Errorf("sheet %d after sheet %d", s.Number, number)
		}
		number = s.Number
		if len(s.Files) > maxFiles || slices.ContainsFunc(s.Files, func(d string) bool { return len(d) != 2*sha256.Size }) {
			return fmt.Errorf("sheet %d has files that it cannot have", number)
		}
	}
	return nil
}
