package exchange

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// Password managers export tables of comma-separated values (RFC 4180), one line an
// item. Passwords and cards in them are passed over.
//
// The columns are those of KeePassXC's CsvExporter.cpp and of Bitwarden's
// base-csv-exporter.ts; those of the others are as importers expect them, such as
// Bitwarden's (libs/importer of github.com/bitwarden/clients).
var (
	bitwardenCSV = csvFormat(format{name: "Bitwarden CSV", word: "csv", write: writeCSV}, csvColumns{
		known: []string{"type"}, title: "name", user: "login_username", totp: "login_totp", notes: "notes",
	})
	keepassxcCSV = csvFormat(format{name: "KeePassXC CSV"}, csvColumns{
		known: []string{"group"}, title: "title", user: "username", totp: "totp", notes: "notes", keepass: true,
	})
	lastPassCSV = csvFormat(format{name: "LastPass CSV"}, csvColumns{
		known: []string{"extra", "grouping"}, title: "name", user: "username", totp: "totp", notes: "extra",
	})
	onePasswordCSV = csvFormat(format{name: "1Password CSV"}, csvColumns{
		known: []string{"archived"}, title: "title", user: "username", totp: "otpauth", notes: "notes",
	})
	appleCSV = csvFormat(format{name: "Apple Passwords CSV"}, csvColumns{
		known: []string{"url"}, title: "title", user: "username", totp: "otpauth", notes: "notes",
	})
	protonPassCSV = csvFormat(format{name: "Proton Pass CSV"}, csvColumns{
		known: []string{"type", "note"}, title: "name", user: "username", email: "email", totp: "totp", notes: "note",
	})
)

// csvColumns are the names of a program's columns, in lower case. It is known by those of
// the title, the user and the one-time password, and some more.
type csvColumns struct {
	known              []string
	title, user, email string // email is the user if that is empty
	totp, notes        string
	keepass            bool // an entry's other strings may be columns, too
}

func csvFormat(f format, c csvColumns) format {
	f.is = func(f *file) bool {
		if f.object != nil || f.array != nil {
			return false
		}
		header, _ := csvReader(f.text).Read()
		_, isTable := c.find(header)
		return isTable
	}
	f.read = func(r *reader) error { return r.readCSV(c) }
	return f
}

func csvReader(text string) *csv.Reader {
	c := csv.NewReader(strings.NewReader(strings.TrimSpace(text)))
	c.FieldsPerRecord = -1
	return c
}

// find returns where the columns are, and whether the table is this program's.
func (c csvColumns) find(header []string) (at map[string]int, isTable bool) {
	at = make(map[string]int)
	for i, name := range header {
		name = strings.ToLower(strings.TrimSpace(name))
		if _, again := at[name]; again {
			return nil, false
		}
		at[name] = i
	}
	required := append([]string{c.title, c.totp}, c.known...)
	if c.totp != "login_totp" { // the export of Bitwarden's Authenticator has no users
		required = append(required, c.user)
	}
	for _, name := range required {
		if _, found := at[name]; !found {
			return nil, false
		}
	}
	return at, true
}

func (r *reader) readCSV(c csvColumns) error {
	table := csvReader(r.text)
	header, err := table.Read()
	at, _ := c.find(header)
	archived, deleted := 0, 0
	for err == nil {
		var record []string
		if record, err = table.Read(); err != nil {
			break
		}
		value := func(column string) string {
			if i, found := at[column]; found && i < len(record) {
				return strings.TrimSpace(record[i])
			}
			return ""
		}
		text, user := value(c.totp), value(c.user)
		if user == "" {
			user = value(c.email)
		}
		uri := slices.IndexFunc(record, otpauth.IsURI)
		switch line, _ := table.FieldPos(0); {
		case len(record) < len(header) || len(record) > len(header) && uri < 0:
			r.refuse(fmt.Sprintf("line %d", line), invalid(fmt.Errorf("it has %d columns, and the table has %d", len(record), len(header))))
		case len(record) > len(header) && uri != at[c.totp]:
			// Bitwarden's Authenticator for Android writes three columns more than it names,
			// and quotes no issuer that has a comma.
			r.addText("", "", record[uri], "")
		case c.keepass && text != "" && strings.Contains(value("group")+"/", "/Recycle Bin/"):
			deleted++
			continue
		case c.keepass && r.addKeePass(value):
		case text != "":
			r.addText(value(c.title), user, text, value(c.notes))
		default:
			continue
		}
		if strings.EqualFold(value("archived"), "true") {
			archived++
		}
	}
	r.warnArchived(archived)
	r.warnDeleted(deleted)
	if err != io.EOF {
		return fmt.Errorf("%w: %w", ErrDamaged, err) // which has the line, and none of the text
	}
	return nil
}

// warnArchived and warnDeleted say what became of items that an app has put away.
func (r *reader) warnArchived(count int) {
	if count > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("Archived accounts among them: %d.", count))
	}
}

func (r *reader) warnDeleted(count int) {
	if count > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("Deleted accounts, still in the app's trash, which are left out: %d.", count))
	}
}

// writeCSV writes the columns of Bitwarden's export: KeePassXC, 1Password, Proton Pass,
// LastPass and most other managers read it. Steam's codes are spelled as Bitwarden does,
// which of an otpauth URI looks at the parameters alone, and so would take a counter for
// the time (libs/common/src/vault/services/totp.service.ts of its clients).
func writeCSV(entries []Entry, w *writing) ([]byte, error) {
	var b bytes.Buffer
	table := csv.NewWriter(&b)
	table.Write([]string{"folder", "favorite", "type", "name", "notes", "fields", "reprompt", "login_uri", "login_username", "login_password", "login_totp"})
	for _, e := range entries {
		text, err := e.Key.URI()
		switch {
		case err != nil:
			return nil, err
		case e.Account.Type == oath.HOTP:
			w.refuse(e, "Bitwarden would take its counter for the time")
			continue
		case e.Account.IsSteam():
			text = "steam://" + e.Secret.Base32()
		}
		table.Write([]string{"", "", "login", cmp.Or(e.Account.Issuer, e.Account.Name), e.Notes, "", "0", "", e.Account.Name, "", text})
	}
	table.Flush()
	return b.Bytes(), table.Error()
}
