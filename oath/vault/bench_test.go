package vault_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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

// BenchmarkPutAll measures how long it takes to store many accounts in a vault that is
// locked, and in one that is not, where each is read back and computes a code, as a
// multiple of what it takes only to encrypt as many files one after the other, and to write
// them to a folder.
func BenchmarkPutAll(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		all, s := numbered(n, n/10), secret(b, key)
		b.Run(fmt.Sprintf("accounts=%d", n), func(b *testing.B) {
			var alone, stored, computed time.Duration
			for b.Loop() {
				v := createIn(b, filepath.Join(b.TempDir(), "vault"), quick)
				identity, err := v.Identity()
				if err != nil {
					b.Fatal(err)
				}
				v.Lock()
				begun := time.Now()
				encryptAlone(b, b.TempDir(), v, all)
				alone += time.Since(begun)
				begun = time.Now()
				putAll(b, v, all...)
				stored += time.Since(begun)
				if err := v.UnlockWithIdentity(identity); err != nil {
					b.Fatal(err)
				}
				begun = time.Now()
				for a := range keyed(s, all...) {
					if _, err := v.Code(a, now); err != nil {
						b.Fatal(err)
					}
				}
				computed += time.Since(begun)
			}
			b.ReportMetric(float64(stored)/float64(alone), "locked/age")
			b.ReportMetric(float64(stored+computed)/float64(alone), "unlocked/age")
			b.ReportMetric(float64(stored.Microseconds())/float64(b.N*n), "us/account")
		})
	}
}

// encryptAlone encrypts what an account's file holds, for as many files as there are
// accounts.
func encryptAlone(b *testing.B, dir string, v *vault.Vault, all []oath.ID) {
	to, err := age.ParseRecipients(strings.NewReader(v.Known().Recipients))
	if err != nil {
		b.Fatal(err)
	}
	for i, id := range all {
		uri := fmt.Sprintf("otpauth://totp/%s?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n", id)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), encrypt(b, uri, to...), 0o600); err != nil {
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
