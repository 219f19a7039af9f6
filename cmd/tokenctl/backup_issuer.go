package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

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
	f.StringVar(&o.store, "store", "", "the service's `FILE` of hashed codes")
	f.StringVar(&o.user, "user", "", "the `NAME` of the service's user")
	f.StringVar(&o.keyFile, "server-key-file", "", "hash with HMAC-SHA-256 under the first key in `FILE`, rather than with Argon2id;\na key is a line: its name, a space, 32 bytes in base64")
	term.GroupFlags(f, term.OwnSecretFlags, "server-key-file")
}

// issuer returns the issuer of new codes of a form, and of those in the store.
func (p *program) issuer(o issuerOptions, form issuer.Form) (*issuer.Issuer, error) {
	i := &issuer.Issuer{Store: issuer.FileStore{Path: o.store}, Now: p.Now, Random: p.random, Form: form}
	if o.keyFile == "" {
		return i, nil
	}
	keys, err := readServerKeys(o.keyFile)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", term.Printable(o.keyFile), err)
	}
	i.Hasher = issuer.AnyOf(keys, issuer.Argon2id{})
	return i, nil
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
	Next       int        `json:"next,omitempty"`    // the lowest unused number
	Pending    int        `json:"pending,omitempty"` // generation that waits
}

func (p *program) printStatus(ctx context.Context, i *issuer.Issuer, user string, asJSON bool) error {
	s, err := i.Status(ctx, user)
	if err != nil {
		return err
	}
	if asJSON {
		j := issuedJSON{user, s.Generation, nil, s.Codes, s.Left, s.Next, s.Pending}
		if s.Generation != 0 {
			j.Made = &s.Made
		}
		return p.PrintJSON(j)
	}
	rows := [][]string{
		{"left", fmt.Sprintf("%d of %d", s.Left, s.Codes)},
		{"next", orNone(s.Next)},
		{"generation", orNone(s.Generation)},
		{"pending", orNone(s.Pending)},
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
	{Of: issuer.ErrUsed, Exit: term.ExitPassword, Hint: "Each code is good once. If the user did not use it, somebody else has their codes."},
	{Of: issuer.ErrSuperseded, Exit: term.ExitPassword, Hint: "The user has newer codes. One of those is good."},
	{Of: issuer.ErrMalformed, Exit: term.ExitPassword},
	{Of: issuer.ErrUnknown, Exit: term.ExitPassword},
	{Of: issuer.ErrThrottled, Exit: term.ExitFailure, Hint: "New codes end it: tokenctl backup generate --store FILE --user NAME"},
	{Of: issuer.ErrNoCodes, Exit: term.ExitNotFound, Hint: "Make some with: tokenctl backup generate --store FILE --user NAME"},
	{Of: issuer.ErrNotPending, Exit: term.ExitFailure, Hint: "Prepare them with: tokenctl backup generate --store FILE --user NAME --prepare"},
	{Of: issuer.ErrNoKey, Exit: term.ExitPassword, Hint: "Give the key that they were hashed with: --server-key-file FILE"},
	{Of: issuer.ErrForm, Exit: term.ExitUsage},
	{Of: issuer.ErrUser, Exit: term.ExitUsage},
	{Of: issuer.ErrDamaged, Exit: term.ExitFailure, Hint: "The file is left as it is. Bring it back from a copy."},
	{Of: issuer.ErrFull, Exit: term.ExitNoSpace, Hint: "Keep them in PostgreSQL. See docs/issuing-backup-codes.md."},
}
