package main

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/exchange"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// An importRig is a vault, and an encrypted file of another authenticator with accounts.
type importRig struct {
	tb       testing.TB
	dir      string // of the vault
	file     string
	password string // a file with the password of the other
	uris     []string
}

func newImportRig(tb testing.TB, accounts int) importRig {
	tb.Helper()
	home := tb.TempDir()
	for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "PCSCLITE_CSOCK_NAME"} {
		tb.Setenv(name, filepath.Join(home, "nowhere"))
	}
	r := importRig{tb: tb, dir: filepath.Join(home, "vault"), file: filepath.Join(home, "aegis.json"), password: filepath.Join(home, "password")}
	entries := make([]exchange.Entry, accounts)
	for i := range entries {
		secret, err := oath.NewSecret(binary.BigEndian.AppendUint64(make([]byte, 12), uint64(i)+1))
		if err != nil {
			tb.Fatal(err)
		}
		a := oath.Account{Issuer: fmt.Sprintf("Service %d", i/10), Name: fmt.Sprintf("user%d", i)}
		entries[i].Key = otpauth.Key{Account: a, Secret: secret}
		uri, err := entries[i].Key.URI()
		if err != nil {
			tb.Fatal(err)
		}
		r.uris = append(r.uris, uri)
	}
	data, _, err := exchange.Write("aegis", entries, "open sesame", rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	for name, content := range map[string][]byte{r.file: data, r.password: []byte("open sesame\n")} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	r.must("vault", "init", "--no-passphrase")
	return r
}

// must runs a command, and returns what it said.
func (r importRig) must(args ...string) string {
	r.tb.Helper()
	var out, messages bytes.Buffer
	p := newProgram(term.Console{In: strings.NewReader(""), Out: &out, Err: &messages, Now: time.Now}, rand.Reader)
	if status := execute(r.tb.Context(), p, append(args, "--vault", r.dir)); status != 0 {
		r.tb.Fatalf("%v: exit status %d: %s", args, status, &messages)
	}
	return messages.String()
}

func (r importRig) importAll() string {
	r.tb.Helper()
	return r.must("import", r.file, "--export-password-file", r.password, "--to", "vault")
}

// encryptAlone encrypts the same accounts with age, and writes a file for each.
func (r importRig) encryptAlone() {
	recipients, err := os.ReadFile(filepath.Join(r.dir, ".age-recipients"))
	if err != nil {
		r.tb.Fatal(err)
	}
	to, err := age.ParseRecipients(bytes.NewReader(recipients))
	if err != nil {
		r.tb.Fatal(err)
	}
	dir := r.tb.TempDir()
	for i, uri := range r.uris {
		var sealed bytes.Buffer
		w, err := age.Encrypt(&sealed, to...)
		if err == nil {
			_, err = w.Write([]byte(uri + "\n"))
		}
		if err == nil {
			err = w.Close()
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), sealed.Bytes(), 0o600)
		}
		if err != nil {
			r.tb.Fatal(err)
		}
	}
}

// TestImportIsLinear imports some accounts, and ten times as many, which must take about
// ten times as many allocations and bytes of memory.
func TestImportIsLinear(t *testing.T) {
	most := 10_000
	if testing.Short() {
		most = 2000
	}
	cost := func(accounts int) (mallocs, allocated uint64) {
		r := newImportRig(t, accounts)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		said := r.importAll()
		runtime.ReadMemStats(&after)
		if want := fmt.Sprintf("vault: %d new", accounts); !strings.Contains(said, want) {
			t.Fatalf("it says %q, not %q", said, want)
		}
		return after.Mallocs - before.Mallocs, after.TotalAlloc - before.TotalAlloc
	}
	someMallocs, someBytes := cost(most / 10)
	mallocs, allocated := cost(most)
	if mallocs > 12*someMallocs || allocated > 12*someBytes {
		t.Errorf("%d accounts take %d allocations of %d bytes, and ten times as many %d of %d", most/10, someMallocs, someBytes, mallocs, allocated)
	}
}

// BenchmarkImport measures how long it takes to import many accounts from an encrypted
// file of Aegis into the vault, as a multiple of what it takes only to encrypt as many
// files one after the other, and to write them to a folder.
func BenchmarkImport(b *testing.B) {
	const accounts = 10_000
	var alone, imported time.Duration
	for b.Loop() {
		r := newImportRig(b, accounts)
		begun := time.Now()
		r.encryptAlone()
		alone += time.Since(begun)
		begun = time.Now()
		r.importAll()
		imported += time.Since(begun)
	}
	b.ReportMetric(float64(imported)/float64(alone), "import/age")
}
