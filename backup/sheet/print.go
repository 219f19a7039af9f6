package sheet

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/sheet/layout"
	"github.com/tokenctl/tokenctl/backup/sheet/line"
	"github.com/tokenctl/tokenctl/oath"
)

// Plain returns the sheet as anyone can read it. The same sheet makes the same
// document. It returns ErrInvalid.
func (s Sheet) Plain() (layout.Document, error) {
	s, err := s.checked()
	if err != nil {
		return layout.Document{}, err
	}
	w := s.writer()
	list := s.contents()
	var body []layout.Block
	var names []string
	if s.VaultKey != "" {
		key := keyRecord(s.VaultKey)
		list.list = append(list.list, listedBlock{digests: []string{key.digest()}})
		body = append(body, layout.Block{
			Heading: vaultKeyName,
			Symbols: []layout.Symbol{{Text: s.VaultKey}},
			Lines:   w.Write(key.paragraph()),
			Notes:   []string{"This key opens the files of the vault. It has no other name and no passphrase: whoever has it, has all that is in the vault."},
		})
	}
	for _, e := range s.Entries {
		body = append(body, s.entryBlocks(w, e)...)
		list.list = append(list.list, e.listed()...)
	}
	for i := range body {
		body[i].Number = i + 1
		if body[i].Belongs {
			body[i-1].Facts = append(body[i-1].Facts, layout.Fact{Name: "Backup codes", Value: fmt.Sprintf("block %d", i+1)})
		}
		names = append(names, body[i].Heading)
	}
	// The list of contents has the pages of the blocks, which depend on how long it is.
	build := func(pages []int) layout.Document {
		for i, page := range pages {
			if i == 0 {
				list.page = page
			} else {
				list.list[i].turns = page - pages[i-1]
			}
		}
		d := s.document(w, s.ID, body, list.cut(s.stamp()), cutNames(names))
		d.Fonts = s.Fonts
		d.Steps, d.Later = s.plainSteps()
		if len(body) > 0 {
			d.List = "What is on which page"
		}
		return d
	}
	// Nobody has a part of one page, which needs no second list.
	one := build(slices.Repeat([]int{1}, len(body)))
	end := &one.Body[len(one.Body)-1]
	end.Heading, end.Symbols = "End", nil
	_, all, err := one.Pages(s.Paper)
	if err == nil && all == 1 {
		return one, nil
	}
	var pages []int
	const tries = 4
	for range tries {
		d := build(pages)
		now, _, err := d.Pages(s.Paper)
		if err != nil {
			return layout.Document{}, fmt.Errorf("%w: %w", ErrInvalid, err)
		}
		if now = now[1 : 1+len(body)]; slices.Equal(now, pages) {
			return d, nil
		}
		pages = now
	}
	return layout.Document{}, fmt.Errorf("%w: its pages cannot be counted", ErrInvalid)
}

// vaultKeyName is what the vault's key is called.
const vaultKeyName = "The vault's key"

func (s Sheet) stamp() stamp { return stamp{s.Number, s.ID} }

// adds returns the sheet that this one belongs with, 0 if it stands alone.
func (s Sheet) adds() int {
	if s.Partial {
		return s.Supersedes
	}
	return 0
}

func (s Sheet) contents() contentsRecord { return contentsRecord{date: s.Date, adds: s.adds()} }

// writer returns one that leaves room for the lines of the contents.
func (s Sheet) writer() *line.Writer {
	return &line.Writer{Last: 1 + len(s.about())}
}

// about returns what follows the first line, each on a line of its own.
func (s Sheet) about() (all []line.Paragraph) {
	for _, p := range []struct {
		keyword string
		n       int
	}{{addsKeyword, s.adds()}, {bareKeyword, s.bare()}} {
		if p.n > 0 {
			all = append(all, line.Paragraph{Keyword: p.keyword, Text: fmt.Sprint(p.n)})
		}
	}
	return all
}

// document puts the contents before the blocks, and again behind them: a reader
// must not depend on one page. The name is the sheet's ID, or says which copy of it this
// is.
func (s Sheet) document(w *line.Writer, name string, body []layout.Block, contents []contentsRecord, names []namesRecord) layout.Document {
	head := fmt.Sprintf("%d %s %s lines=%d", s.Number, name, formatDay(s.Date), w.Last+1)
	var start line.Writer
	first := layout.Block{Heading: "Contents", Lines: start.Write(line.Paragraph{Keyword: sheetKeyword, Text: head})}
	for _, p := range s.about() {
		first.Lines = append(first.Lines, start.Write(p)...)
	}
	end := *w
	last := layout.Block{Heading: "Contents, once more", Lines: end.Write(line.Paragraph{Keyword: endKeyword, Text: head})}
	for _, b := range []*layout.Block{&first, &last} {
		for i, piece := range contents {
			addSymbol(b, numbered("For tokenctl, to see whether anything is missing", i, len(contents)), s.stamp().text(piece.paragraph()))
		}
		for i, piece := range names {
			addSymbol(b, numbered("For tokenctl, to name what is missing", i, len(names)), s.stamp().text(piece.paragraph()))
		}
	}
	foot := fmt.Sprintf("Recovery sheet %d", s.Number)
	if s.Owner != "" {
		foot += " of " + s.Owner
	}
	return layout.Document{
		Title: fmt.Sprintf("Recovery sheet %d", s.Number),
		Facts: s.facts(),
		Blank: "Checked on",
		Body:  slices.Concat([]layout.Block{first}, body, []layout.Block{last}),
		Foot:  fmt.Sprintf("%s, %s, %s", foot, formatDay(s.Date), s.ID),
	}
}

// facts say on the first page what the sheet is.
func (s Sheet) facts() (facts []layout.Fact) {
	add := func(name, value string) { facts = append(facts, layout.Fact{Name: name, Value: value}) }
	secrets, sets := s.count()
	var holds []string
	if secrets > 0 {
		holds = append(holds, plural(secrets, "account"))
	}
	if sets > 0 {
		holds = append(holds, "the backup codes of "+plural(sets, "account"))
	}
	if s.VaultKey != "" {
		holds = append(holds, "the vault's key")
	}
	if s.Owner != "" {
		add("Belongs to", s.Owner)
	}
	add("Date", formatDay(s.Date))
	add("Sheet ID", s.ID)
	add("Holds", enumerated(holds))
	switch {
	case s.Partial && s.Supersedes != 0:
		add("Keep it with", fmt.Sprintf("sheet %d. This one holds only a part of what there is.", s.Supersedes))
	case s.Partial:
		add("Note", "This sheet holds only a part of what there is.")
	case s.Supersedes != 0:
		add("Supersedes", fmt.Sprintf("sheet %d, and those kept with it. Destroy them once this one is checked.", s.Supersedes))
	}
	switch without := len(s.Entries) - secrets; {
	case without > 0 && secrets > 0:
		add("NOT on it", fmt.Sprintf("the secrets of %s that it names. It cannot restore them.", plural(without, "account")))
	case without > 0:
		add("NOT on it", "the secret of any account that it names. It cannot restore accounts.")
	}
	return facts
}

// count returns how many accounts have their secret on the sheet, and how many
// their backup codes.
func (s Sheet) count() (secrets, sets int) {
	for _, e := range s.Entries {
		if e.hasSecret() {
			secrets++
		}
		if e.hasCodes() {
			sets++
		}
	}
	return secrets, sets
}

// bare returns how many accounts have neither their secret nor their codes on the sheet.
func (s Sheet) bare() (n int) {
	for _, e := range s.Entries {
		if !e.hasSecret() && !e.hasCodes() {
			n++
		}
	}
	return n
}

// listed returns what the list of contents says of an account's blocks.
func (e Entry) listed() (all []listedBlock) {
	if e.hasSecret() {
		all = append(all, listedBlock{digests: []string{accountRecord{e.Key}.digest()}, touch: e.Key.Account.Touch})
	}
	if e.hasCodes() {
		all = append(all, listedBlock{digests: []string{codesRecord{account: e.id(), record: e.Codes}.digest()}})
	}
	if len(all) == 0 {
		all = []listedBlock{{}}
	}
	return all
}

// entryBlocks returns the block of an account, and that of its backup codes. If its
// secret is not there, its codes are in the first.
func (s Sheet) entryBlocks(w *line.Writer, e Entry) (all []layout.Block) {
	b := layout.Block{Heading: e.label(), Facts: e.facts()}
	if e.hasSecret() {
		r := accountRecord{e.Key}
		caption := ""
		if e.Key.Account.IsSteam() {
			caption = "For an authenticator app that knows Steam"
		}
		addSymbol(&b, caption, r.uri())
		b.Lines = w.Write(r.paragraph())
		if e.Key.Account.Type == oath.HOTP {
			b.Notes = append(b.Notes, "The counter moves with every code. If the service refuses a code, try the next few.")
		}
		if e.hasCodes() {
			all, b = append(all, b), layout.Block{Heading: e.label() + " (backup codes)", Belongs: true}
		}
	} else {
		b.Notes = append(b.Notes, "The secret is NOT on this sheet, which cannot restore this account.")
	}
	set := e.Codes.Current()
	if e.Renew != "" && set != nil {
		b.Facts = append(b.Facts, layout.Fact{Name: "New codes", Value: e.Renew})
	}
	if e.hasCodes() {
		r := codesRecord{account: e.id(), record: e.Codes}
		pieces := r.cut(s.stamp())
		for i, piece := range pieces {
			addSymbol(&b, numbered("Backup codes, for tokenctl", i, len(pieces)), s.stamp().text(piece.paragraphs(false)...))
		}
		addCodeLines(&b, w, r)
		b.Notes = append(b.Notes, policyNotes[e.Codes.Policy])
		if slices.ContainsFunc(set.Codes, func(c backup.Code) bool { return c.Text == "" }) {
			b.Notes = append(b.Notes, "Codes without a text are on other paper.")
		}
	} else if set != nil && len(set.Codes) > 0 {
		b.Notes = append(b.Notes, "Its backup codes are on other paper, and not on this sheet.")
	}
	all = append(all, b)
	all[0].Notes = append(all[0].Notes, e.Notes...)
	return all
}

// addSymbol adds a QR code, if one can hold the text.
func addSymbol(b *layout.Block, caption, text string) {
	if !layout.Fits(text) {
		b.Notes = append(b.Notes, "What the lines hold is too long for a QR code: type them instead.")
		return
	}
	b.Symbols = append(b.Symbols, layout.Symbol{Caption: caption, Text: text})
}

// addCodeLines adds the lines of a set of codes, each code with a box to tick.
func addCodeLines(b *layout.Block, w *line.Writer, r codesRecord) {
	for i, p := range r.paragraphs(true) {
		lines := w.Write(p)
		if i > 0 {
			code := r.record.Current().Codes[i-1]
			lines[0].Tick, lines[0].Used = r.record.Policy != backup.Reusable, formatDay(code.Used)
			if len(lines) > 1 || p.Text != code.Text {
				b.Notes = append(b.Notes, fmt.Sprintf("Code %d in full, as the service wants it: %s", code.Number, code.Text))
			}
		}
		b.Lines = append(b.Lines, lines...)
	}
}

// policyNotes say what the holder has to know of each policy.
var policyNotes = map[backup.Policy]string{
	backup.AnyOrder:          "Each backup code works once.",
	backup.InOrder:           "Use the backup codes in their order: using one voids those before it.",
	backup.ByNumber:          "The service asks for a backup code by its number. Each works once.",
	backup.Replaced:          "Each backup code works once. The service then shows a new one: write it here, and record it.",
	backup.DisablesTwoFactor: "Using a backup code turns two-factor authentication off: turn it on again at once.",
	backup.Reusable:          "The backup code works again and again.",
}

// facts say where else an account is, and what an app has to know beside the secret
// if that is not the usual.
func (e Entry) facts() (facts []layout.Fact) {
	add := func(name, value string) {
		if value != "" {
			facts = append(facts, layout.Fact{Name: name, Value: value})
		}
	}
	add("Also on", strings.Join(e.Where, ", "))
	if a := e.Key.Account.WithDefaults(); e.hasSecret() {
		var parts []string
		if a.Type == oath.HOTP {
			parts = append(parts, fmt.Sprintf("by counter (HOTP), which was %d", a.Counter))
		}
		if a.IsSteam() {
			parts = append(parts, "Steam's letters")
		} else if a.Digits != oath.DefaultDigits {
			parts = append(parts, fmt.Sprintf("%d digits", a.Digits))
		}
		if a.Type == oath.TOTP && a.Period != oath.DefaultPeriod {
			parts = append(parts, fmt.Sprintf("every %d seconds", a.Period))
		}
		if a.Algorithm != oath.SHA1 {
			parts = append(parts, a.Algorithm.String())
		}
		add("Settings", strings.Join(parts, ", "))
	}
	if e.Key.Account.Touch {
		add("Touch", "a key asks for one before it computes a code")
	}
	return facts
}

// numbered names one of several by its number.
func numbered(caption string, i, of int) string {
	if of == 1 {
		return caption
	}
	return fmt.Sprintf("%s (%d of %d)", caption, i+1, of)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// enumerated returns "a", "a and b", "a, b and c"; "nothing" of none.
func enumerated(parts []string) string {
	n := len(parts)
	switch n {
	case 0:
		return "nothing"
	case 1:
		return parts[0]
	}
	return strings.Join(parts[:n-1], ", ") + " and " + parts[n-1]
}
