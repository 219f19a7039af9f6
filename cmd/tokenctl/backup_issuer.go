package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup/issuer"
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
}

// issuer returns the issuer of new codes of a form, and of those in the store.
func (p *program) issuer(o issuerOptions, form issuer.Form) (*issuer.Issuer, error) {
	i := &issuer.Issuer{Store: issuer.FileStore{Path: o.store}, Now: p.now, Random: p.random, Form: form}
	if o.keyFile == "" {
		return i, nil
	}
	keys, err := readServerKeys(o.keyFile)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", printable(o.keyFile), err)
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
