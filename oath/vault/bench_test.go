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
		v := createIn(b, filepath.Join(b.TempDir(), "vault"), quick)
		fillWith(b, v, accounts, accounts/10)
		key, err := v.Identity()
		if err != nil {
			b.Fatal(err)
		}
		for _, query := range []struct{ by, text string }{
			{"ID", "Issuer0:user0@example.com"},
			{"name", "user0@example.com"},
			{"substring", "user0@"},
		} {
			b.Run(fmt.Sprintf("by=%s/accounts=%d", query.by, accounts), func(b *testing.B) {
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

// BenchmarkCodes measures the codes of all accounts.
func BenchmarkCodes(b *testing.B) {
	v := createIn(b, filepath.Join(b.TempDir(), "vault"), quick)
	fillWith(b, v, 1000, 100)
	for b.Loop() {
		if _, err := v.Codes(now); err != nil {
			b.Fatal(err)
		}
	}
}

// fillWith writes accounts by age alone, so many an issuer.
func fillWith(t testing.TB, v *vault.Vault, accounts, issuers int) {
	t.Helper()
	to, err := age.ParseRecipients(bytes.NewReader([]byte(v.Known().Recipients)))
	if err != nil {
		t.Fatal(err)
	}
	for i := range accounts {
		writeAccount(t, v, oath.ID(fmt.Sprintf("Issuer%d:user%d@example.com", i%issuers, i)), to)
	}
}

func writeAccount(t testing.TB, v *vault.Vault, id oath.ID, to []age.Recipient) {
	t.Helper()
	a := account(id)
	uri := fmt.Sprintf("otpauth://totp/%s?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&period=%d", a.Label(), a.Period)
	writeFile(t, v, vault.Path(id), encrypt(t, uri, to...))
}
