package main

import (
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"

	"crypto/rand"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/store"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/paper"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/exchange"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// A generation is a new secret, for a server of one's own, and what that is given of it.
type generation struct {
	wanted bool
	file   string // for the server; "-" is standard output
	format string // one of serverFormats
}

// serverFormats are those that a server reads.
var serverFormats = []string{"uri", "pskc", "google-authenticator", "users"}

func (g *generation) addFlags(c *cobra.Command) {
	f := c.Flags()
	f.BoolVar(&g.wanted, "generate", false, "make a new secret, for a server of your own")
	f.StringVar(&g.file, "server", "", "write the server's side of a new secret to `FILE`; - is standard output")
	f.StringVar(&g.format, "server-format", "uri", "`FORMAT` of the server's side: "+strings.Join(serverFormats, ", "))
	term.GroupFlags(f, term.ServerFlags, "generate", "server", "server-format")
	c.MarkFlagsRequiredTogether("generate", "server")
	c.RegisterFlagCompletionFunc("server-format", cobra.FixedCompletions(serverFormats, cobra.ShellCompDirectiveNoFileComp))
}

func (g generation) check(sources []string, t typedAccount) error {
	switch {
	case !g.wanted:
		return nil
	case len(sources) > 0 || t.secretStdin:
		return term.Usagef("--generate makes the secret, and takes none")
	case !slices.Contains(serverFormats, g.format):
		return term.Usagef("--server-format %q must be one of %s", g.format, strings.Join(serverFormats, ", "))
	case g.file == "":
		return term.Usagef("--server names no file")
	case g.file == "-":
		return nil
	}
	return paper.CheckFile(g.file, false)
}

// secretSizes are as long as the output of each hash, as RFC 4226 (section 4, R6) and RFC
// 6238 (section 5.1) recommend; in bytes.
var secretSizes = map[oath.Algorithm]int{oath.SHA1: 20, oath.SHA256: 32, oath.SHA512: 64}

func (p *program) newSecret(a oath.Account) (oath.Secret, error) {
	key := make([]byte, secretSizes[a.Algorithm])
	defer clear(key)
	if _, err := io.ReadFull(p.random, key); err != nil {
		return oath.Secret{}, err
	}
	return oath.NewSecret(key)
}

// scratchCodes is how many the program google-authenticator makes.
const scratchCodes = 5

// serverSide returns what the server is given of an account. Google's PAM module gets
// scratch codes as well.
func (p *program) serverSide(k otpauth.Key, g generation) (e exchange.Entry, content []byte, err error) {
	e.Key = k
	for range scratchCodes {
		if g.format != "google-authenticator" {
			break
		}
		n, err := rand.Int(p.random, big.NewInt(9e7)) // eight digits, the first not 0
		if err != nil {
			return e, nil, err
		}
		e.Codes = append(e.Codes, fmt.Sprint(n.Int64()+1e7))
	}
	content, refused, err := exchange.Write(g.format, []exchange.Entry{e}, "", p.random)
	if err == nil && len(refused) > 0 {
		err = term.Usage(refused[0].Err)
	}
	return e, content, err
}

// errNoServerSide says that tokens have an account whose server does not.
var errNoServerSide = errors.New("the server's side was not written; delete the account, and begin again")

// handOver writes the server's side of an account that a token has, and records its
// scratch codes.
func (p *program) handOver(t *open.Tokens, e exchange.Entry, content []byte, g generation) error {
	var err error
	if g.file == "-" {
		_, err = p.Out.Write(content)
	} else if err = paper.WriteFile(g.file, content); err == nil {
		p.Note("%s has the server's side, the secret in the clear. Delete it when the server has it.", term.Printable(g.file))
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errNoServerSide, err)
	}
	if len(e.Codes) == 0 {
		return nil
	}
	s, err := p.open.StoreOf(t)
	if err != nil {
		return err
	}
	a := store.Addition{ID: e.Account.ID(), Day: backup.Day(p.Now())}
	for i, code := range e.Codes {
		a.Codes = append(a.Codes, backup.Code{Number: i + 1, Text: code})
	}
	added, record, err := s.Add(a)
	if err != nil {
		return fmt.Errorf("the scratch codes, which %s has: %w", term.Printable(g.file), err)
	}
	p.Note("%s: its scratch codes: %s", term.Label(a.ID), outcomeOf(added, record))
	return nil
}
