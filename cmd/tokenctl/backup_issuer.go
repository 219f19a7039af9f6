package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup/issuer"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
)

// An issuerOptions names a store of a service's codes, and a user in it.
type issuerOptions struct {
	store, user string
	keyFile     string
}

func (o *issuerOptions) addFlags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.store, "store", "", "the service's `FILE` of hashed codes, or a database, postgres://...")
	f.StringVar(&o.user, "user", "", "the `NAME` of the service's user")
	f.StringVar(&o.keyFile, "server-key-file", "", "hash with HMAC-SHA-256 under the first key in `FILE`, rather than with Argon2id;\na key is a line: its name, a space, 32 bytes in base64")
	term.GroupFlags(f, term.OwnSecretFlags, "server-key-file")
}

// withIssuer calls do with the issuer of new codes of a form, and of those in the store.
// With the zero form, no new ones are made, nor tables for them.
func (p *program) withIssuer(ctx context.Context, o issuerOptions, form issuer.Form, do func(*issuer.Issuer) error) error {
	i := &issuer.Issuer{Now: p.Now, Random: p.random, Form: form}
	if o.keyFile != "" {
		keys, err := readServerKeys(o.keyFile)
		if err != nil {
			return fmt.Errorf("reading %s: %w", term.Printable(o.keyFile), err)
		}
		i.Hasher = issuer.AnyOf(keys, issuer.Argon2id{})
	}
	if !strings.HasPrefix(o.store, "postgres://") && !strings.HasPrefix(o.store, "postgresql://") {
		i.Store = issuer.NewFileStore(o.store)
		return do(i)
	}
	address, err := url.Parse(o.store)
	if err != nil {
		return term.Usagef("--store: invalid PostgreSQL address") // the error shows all of it
	}
	_, hasPassword := address.User.Password()
	if hasPassword || address.Query().Has("password") {
		return term.Usagef("--store: everybody on this machine can read a password there; PostgreSQL's programs and this one find it in ~/.pgpass, or in the file that PGPASSFILE names")
	}
	db, err := sql.Open("pgx", o.store)
	if err != nil {
		return err
	}
	defer db.Close()
	store, err := issuer.OpenSQL(ctx, db, "")
	if err != nil {
		return err
	}
	i.Store = store
	err = store.Check(ctx)
	if errors.Is(err, issuer.ErrDatabase) && form != (issuer.Form{}) { // for new codes
		err = store.Migrate(ctx)
	}
	if err != nil {
		return err
	}
	return do(i)
}

// maxServerKeys bounds the file of server keys, in bytes.
const maxServerKeys = 64 << 10

func readServerKeys(path string) (issuer.Keyed, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxServerKeys))
	if err != nil {
		return nil, err
	}
	defer clear(text)
	return issuer.ParseKeys(text)
}

// issuedJSON is how a user's codes are doing, as other programs read it.
type issuedJSON struct {
	User       string     `json:"user"`
	Generation int        `json:"generation,omitempty"`
	Made       *time.Time `json:"made,omitempty"`
	Codes      int        `json:"codes"`
	Left       int        `json:"left"`
	Next       int        `json:"next,omitempty"` // the lowest unused number
	Low        bool       `json:"low,omitempty"`  // new ones are due
	Used       []usedCode `json:"used,omitempty"`
	Pending    int        `json:"pending,omitempty"` // generation that waits
	Failed     int        `json:"failed,omitempty"`  // wrong ones in a row
	Throttled  bool       `json:"throttled,omitempty"`
	Until      *time.Time `json:"until,omitempty"` // throttled
}

// A usedCode is when the code of a number was used.
type usedCode struct {
	Number int       `json:"number"`
	At     time.Time `json:"at"`
}

func (p *program) printStatus(ctx context.Context, i *issuer.Issuer, user string, asJSON bool) error {
	s, err := i.Status(ctx, user)
	if err != nil {
		return err
	}
	if asJSON {
		j := issuedJSON{User: user, Generation: s.Generation, Codes: s.Codes, Left: s.Left, Next: s.Next, Pending: s.Pending,
			Failed: s.Failed, Throttled: s.Throttled}
		if s.Generation != 0 {
			j.Made, j.Low = &s.Made, s.Low()
		}
		if !s.Until.IsZero() {
			j.Until = &s.Until
		}
		for _, u := range s.Used {
			j.Used = append(j.Used, usedCode(u))
		}
		return p.PrintJSON(j)
	}
	rows := [][]string{
		{"left", fmt.Sprintf("%d of %d", s.Left, s.Codes)},
		{"next", orNone(s.Next)},
		{"generation", orNone(s.Generation)},
		{"pending", orNone(s.Pending)},
	}
	if s.Throttled {
		until := "there are new codes"
		if !s.Until.IsZero() {
			until = s.Until.Local().Format(time.DateTime)
		}
		rows = append(rows, []string{"throttled", "until " + until})
	}
	p.PrintColumns(rows)
	return nil
}

func orNone(n int) string {
	if n == 0 {
		return "none"
	}
	return strconv.Itoa(n)
}

var issuerRemedies = []term.Remedy{
	{Of: issuer.ErrUsed, Exit: term.ExitPassword, Hint: "Each code works once. If the user did not use it, somebody else has their codes."},
	{Of: issuer.ErrSuperseded, Exit: term.ExitPassword, Hint: "The user has newer codes. Use one of those."},
	{Of: issuer.ErrMalformed, Exit: term.ExitPassword},
	{Of: issuer.ErrUnknown, Exit: term.ExitPassword},
	{Of: issuer.ErrThrottled, Exit: term.ExitFailure, Hint: "To end this, make new codes: tokenctl backup generate --store FILE --user NAME"},
	{Of: issuer.ErrNoCodes, Exit: term.ExitNotFound, Hint: "Make some with: tokenctl backup generate --store FILE --user NAME"},
	{Of: issuer.ErrNotPending, Exit: term.ExitFailure, Hint: "Prepare them with: tokenctl backup generate --store FILE --user NAME --prepare"},
	{Of: issuer.ErrNoKey, Exit: term.ExitPassword, Hint: "Give the key that they were hashed with: --server-key-file FILE"},
	{Of: issuer.ErrForm, Exit: term.ExitUsage},
	{Of: issuer.ErrUser, Exit: term.ExitUsage},
	{Of: issuer.ErrDamaged, Exit: term.ExitFailure, Hint: "The file was not changed. Restore it from a copy."},
	{Of: issuer.ErrDatabase, Exit: term.ExitFailure, Hint: "New codes make its tables: tokenctl backup generate --store postgres://HOST/DATABASE --user NAME"},
	{Of: issuer.ErrFull, Exit: term.ExitNoSpace, Hint: "Keep them in PostgreSQL. See docs/service.md."},
}
