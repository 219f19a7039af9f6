package main

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/paper"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/exchange"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// An importedFile is a file, and what of it is an account.
type importedFile struct {
	*exchange.Contents
	name string
	file *secretFile // nil if it is none that could be deleted
	open bool        // it was not encrypted
}

// imported is what all files hold together.
type imported struct {
	files    []importedFile
	accounts []exchange.Entry // each once; a name may come twice
	refused  []exchange.Refusal
	exports  []otpauth.Export // Google Authenticator's, as far as they were read by now

	seen map[oath.ID][]int // entries of that ID
}

// readImports reads files, and what is in front of the person. One that cannot be read
// does not keep out the others.
func (p *program) readImports(ctx context.Context, o importOptions) (all *imported, unread error) {
	all = &imported{seen: make(map[oath.ID][]int)}
	for i, source := range o.live.Sources(o.files...) {
		one, err := importedFile{}, error(nil)
		if i < len(o.files) {
			one, err = fileToImport(o.files[i])
		}
		if err == nil {
			err = p.readImport(ctx, source, o.password, &one)
		}
		if err != nil {
			unread = errors.Join(unread, err)
			continue
		}
		p.Note("%s: %s, %s.", one.name, one.Format, term.Count(len(one.Entries), "account"))
		for _, warning := range one.Warnings {
			p.Note("%s: %s", one.name, warning)
		}
		all.files = append(all.files, one)
		all.exports = otpauth.MergeExports(all.exports, one.Exports...)
		all.refused = append(all.refused, one.Refused...)
		for _, e := range one.Entries {
			all.add(e)
		}
	}
	return all, unread
}

func fileToImport(file string) (importedFile, error) {
	if otpauth.IsURI(file) {
		return importedFile{}, term.Usagef("a FILE is a file; give a URI on standard input: tokenctl import -")
	}
	if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
		return importedFile{file: &secretFile{file, info}}, nil
	}
	return importedFile{}, nil
}

// readImport reads one source. Several QR codes are as a text with a line for each.
func (p *program) readImport(ctx context.Context, source paper.Source, password open.Password, one *importedFile) error {
	found, data, err := paper.Load(ctx, p.Console, source, missingOfAccounts)
	if err == nil && data == nil {
		found.Texts, err = p.pickURIs(found)
		data = []byte(strings.Join(found.Texts, "\n"))
	}
	defer clear(data)
	if err != nil {
		return err
	}
	one.name, one.open = found.Name, true
	ask := func() (string, error) {
		one.open = false
		switch {
		case password.IsGiven():
			return password.Read(ctx)
		case p.Terminal == nil:
			return "", oath.ErrLocked
		}
		return p.Terminal.AskSecret(fmt.Sprintf("Password of %s", one.name))
	}
	for try := 1; ; try++ {
		one.Contents, err = exchange.Read(data, ask)
		if !errors.Is(err, oath.ErrWrongPassword) || password.IsGiven() || try == term.PasswordTries {
			break
		}
		p.Terminal.Show("That is not it.")
	}
	switch {
	case errors.Is(err, oath.ErrWrongPassword), errors.Is(err, oath.ErrLocked):
		return fmt.Errorf("%w %s: %w", errOpening, one.name, err)
	case err != nil:
		return fmt.Errorf("reading %s: %w", one.name, err)
	}
	return nil
}

// add takes an account, unless it is there already.
func (all *imported) add(e exchange.Entry) {
	id := e.Account.ID()
	if err := otpauth.CheckName(e.Account.Label()); err != nil {
		all.refused = append(all.refused, exchange.Refusal{Label: "…", Err: err})
		return
	}
	for _, i := range all.seen[id] {
		there := &all.accounts[i]
		if subtle.ConstantTimeCompare(there.Secret.Bytes(), e.Secret.Bytes()) == 1 {
			there.Codes, there.Notes = append(there.Codes, e.Codes...), cmp.Or(there.Notes, e.Notes)
			return
		}
	}
	all.seen[id] = append(all.seen[id], len(all.accounts))
	all.accounts = append(all.accounts, e)
}

// choose leaves the accounts that a query fits, and the entries like it that are refused.
func (all *imported) choose(query string) error {
	accounts := mapSlice(all.accounts, func(e exchange.Entry) oath.Account { return e.Account })
	for _, r := range all.refused {
		accounts = append(accounts, oath.ID(r.Label).Account(oath.HOTP))
	}
	matches, err := oath.Match(accounts, query)
	if err != nil {
		return fmt.Errorf("--select %q %w", query, errNoneSelected)
	}
	chosen := make(map[oath.Account]bool, len(matches))
	for _, a := range matches {
		chosen[a] = true
	}
	all.accounts = slices.DeleteFunc(all.accounts, func(e exchange.Entry) bool { return !chosen[e.Account] })
	all.refused = slices.DeleteFunc(all.refused, func(r exchange.Refusal) bool { return !chosen[oath.ID(r.Label).Account(oath.HOTP)] })
	return nil
}
