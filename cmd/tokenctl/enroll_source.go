package main

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/paper"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// accountsToEnroll returns the accounts, which may come with an error about what else
// is there and cannot be read.
func (p *program) accountsToEnroll(ctx context.Context, o enrollOptions, google *otpauth.Reader) (accounts []otpauth.Key, unread error) {
	if live := o.live.Sources(); len(o.sources)+len(live) == 0 {
		accounts, unread = p.readTyped(o.typed, o.wanted)
	} else {
		var uris []string
		for _, source := range o.sources {
			found, err := p.urisOfArgument(ctx, source)
			if err != nil {
				return nil, err
			}
			uris = append(uris, found...)
		}
		for _, source := range live {
			found, err := p.urisOf(ctx, source)
			if err != nil {
				return nil, err
			}
			uris = append(uris, found...)
		}
		accounts, unread = p.accountsOf(google, uris, o.typed)
	}
	// Two of the same name with different secrets are an error, for one would be written
	// over the other.
	seen := make(map[oath.ID]oath.Secret, len(accounts))
	var distinct []otpauth.Key
	for _, key := range accounts {
		if err := otpauth.CheckName(key.Account.Label()); err != nil {
			return nil, err
		}
		id := key.Account.ID()
		there, twin := seen[id]
		if twin && subtle.ConstantTimeCompare(there.Bytes(), key.Secret.Bytes()) == 0 {
			return nil, term.Usagef("%q appears twice, with different secrets; enroll one by one, with another --account name", term.Printable(string(id)))
		}
		if !twin {
			seen[id] = key.Secret
			distinct = append(distinct, key)
		}
	}
	return distinct, unread
}

// accountsOf returns the accounts of URIs, under the name that the options give, and
// notes how what they leave open was understood. Its error is that of accountsToEnroll; what
// is missing of exports, the reader knows.
func (p *program) accountsOf(r *otpauth.Reader, uris []string, named typedAccount) ([]otpauth.Key, error) {
	if named.describesCodes() || named.secretStdin {
		return nil, term.Usagef("a SOURCE gives type, secret and form of the codes; only --issuer and --account may override it")
	}
	accounts, unread := r.Read(uris...)
	if e := (*otpauth.NameError)(nil); len(uris) == 1 && named.name != "" && errors.As(unread, &e) {
		accounts, unread = []otpauth.Key{e.Key}, nil
	}
	if err := named.rename(accounts); err != nil {
		return nil, err
	}
	for _, k := range accounts {
		for _, warning := range k.Warnings {
			p.Note("%s: %s", term.Printable(k.Account.Label()), term.Printable(warning))
		}
	}
	return accounts, unread
}

// urisOfArgument returns the URIs of a source on the command line: itself, or in a file.
func (p *program) urisOfArgument(ctx context.Context, source string) (uris []string, err error) {
	if otpauth.IsURI(source) {
		p.Note("Other programs on this computer can read a command line, and the shell may keep it.\nNext time, give the URI on standard input: tokenctl enroll -")
		return []string{source}, nil
	}
	return p.urisOf(ctx, paper.File(source))
}

// urisOf returns the URIs in the QR codes of a source, or on the lines of a text. What
// else there is is left alone.
func (p *program) urisOf(ctx context.Context, source paper.Source) (uris []string, err error) {
	found, err := paper.Texts(ctx, p.Console, source, missingOfAccounts)
	if err != nil {
		return nil, err
	}
	return p.pickURIs(found)
}

// pickURIs returns what of a source is URIs, and notes the rest.
func (p *program) pickURIs(found paper.Found) (uris []string, err error) {
	others := 0
	var apps []*otpauth.AppError
	for _, text := range found.Texts {
		if otpauth.IsURI(text) {
			uris = append(uris, text)
			continue
		}
		_, err := otpauth.Parse(text)
		if app := (*otpauth.AppError)(nil); errors.As(err, &app) {
			apps = append(apps, app)
		} else {
			others++
		}
	}
	switch {
	case len(uris) == 0 && len(apps) > 0:
		return nil, fmt.Errorf("reading %s: %w", found.Name, apps[0])
	case len(uris) == 0:
		return nil, fmt.Errorf("reading %s: %w", found.Name, errNoURI)
	}
	for _, app := range apps {
		p.Note("%s: a code that is only for %s is skipped.", found.Name, app.App)
	}
	if others > 0 {
		p.Note("%s: %s skipped.", found.Name, term.Are(others, "other "+found.What))
	}
	return uris, nil
}

// exportsWith joins the parts of exports that were read now with those that were read by
// earlier commands. Missing is an error about parts of the former that were read by none.
func (p *program) exportsWith(now []otpauth.Export) (known []otpauth.Export, missing, err error) {
	if len(now) == 0 {
		return nil, nil, nil
	}
	before, err := p.open.Exports()
	if err != nil {
		return nil, nil, err
	}
	known = otpauth.MergeExports(before, now...)
	for _, x := range known {
		if slices.ContainsFunc(now, func(read otpauth.Export) bool { return read.ID == x.ID && read.Size == x.Size }) {
			missing = errors.Join(missing, x.Incomplete())
		}
	}
	return known, missing, nil
}

// missingOfAccounts says what must still be shown: an account's QR code, or the rest of an
// export.
func missingOfAccounts(texts []string) []string {
	uris := slices.DeleteFunc(slices.Clone(texts), func(text string) bool { return !otpauth.IsURI(text) })
	if len(uris) == 0 {
		return []string{"an account's QR code"}
	}
	_, err := otpauth.ParseAll(uris...)
	if part := (*otpauth.IncompleteError)(nil); errors.As(err, &part) {
		return mapSlice(part.Missing, func(n int) string { return fmt.Sprintf("QR code %d of %d of the export", n, part.Size) })
	}
	return nil
}
