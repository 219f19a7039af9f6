package vault_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"testing"

	"filippo.io/age"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/vault"
)

// BenchmarkCode measures what one code takes in an open vault, by the number of
// accounts in it: from opening the folder to the code.
func BenchmarkCode(b *testing.B) {
	for _, accounts := range []int{10, 10_000} {
		v := manyAccounts(b, accounts)
		key, err := v.Identity()
		if err != nil {
			b.Fatal(err)
		}
		for _, query := range []struct{ name, text string }{
			{"ID", "Issuer7:account"},
			{"name", "only here"},
			{"substring", "nly her"},
		} {
			b.Run(fmt.Sprintf("%s/%d", query.name, accounts), func(b *testing.B) {
				for b.Loop() {
					findCode(b, v.Dir(), key, query.text)
				}
			})
		}
	}
}

func findCode(b *testing.B, dir, key, query string) {
	v, err := vault.Open(dir, quick)
	if err != nil {
		b.Fatal(err)
	}
	defer v.Close()
	if err := v.UnlockWithIdentity(key); err != nil {
		b.Fatal(err)
	}
	found, err := v.Find(query)
	if err != nil || len(found) != 1 {
		b.Fatalf("Find(%q) = %v, %v", query, found, err)
	}
	if _, err := v.Code(found[0], now); err != nil {
		b.Fatal(err)
	}
}

// manyAccounts makes a vault of ten accounts an issuer.
func manyAccounts(b *testing.B, accounts int) *vault.Vault {
	b.Helper()
	v := createIn(b, filepath.Join(b.TempDir(), "vault"), quick)
	to, err := age.ParseRecipients(bytes.NewReader([]byte(v.Known().Recipients)))
	if err != nil {
		b.Fatal(err)
	}
	for i := range accounts {
		a := account(oath.ID(fmt.Sprintf("Issuer%d:account %d", i/10, i%10)))
		switch i {
		case 0:
			a = account("Issuer7:account")
		case 1:
			a = account("Issuer0:only here")
		}
		uri := fmt.Sprintf("otpauth://totp/%s?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=%s", a.Label(), a.Issuer)
		writeFile(b, v, vault.Path(a.ID()), encrypt(b, uri, to...))
	}
	return v
}

// BenchmarkCodes measures the codes of all accounts.
func BenchmarkCodes(b *testing.B) {
	v := manyAccounts(b, 1000)
	for b.Loop() {
		if _, err := v.Codes(now); err != nil {
			b.Fatal(err)
		}
	}
}
