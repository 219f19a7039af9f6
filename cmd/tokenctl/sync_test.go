//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/otpauth"
	"github.com/tokenctl/tokenctl/oath/vault"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

// vaultOf makes a vault of accounts, and returns the flags that open it.
func vaultOf(t *testing.T, uris ...string) (flags []string) {
	t.Helper()
	identity, err := vault.GenerateIdentity()
	if err != nil {
		t.Fatal(err)
	}
	dir, file := filepath.Join(t.TempDir(), "vault"), filepath.Join(t.TempDir(), "key")
	v, err := vault.Create(dir, identity, vault.Ways{}, vault.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	for _, uri := range uris {
		k, err := otpauth.Parse(uri)
		if err == nil {
			err = v.Put(k.Account, k.Secret)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(file, []byte(identity+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"--vault", dir, "--vault-key-file", file}
}

// The key is pulled out at each APDU of a sync, before the key carries it out and after.
// Plugged in again, it is as it was or as it should be, and the same command does the rest.
func TestSyncPulled(t *testing.T) {
	dave := strings.Replace(aliceURI, "alice", "dave", 1)
	for _, test := range []struct {
		name  string
		vault []string
	}{
		{"new", []string{aliceURI, bobURI, carolURI}},
		{"renamed", []string{dave, bobURI}},
	} {
		for _, kind := range []virtualkey.FaultKind{virtualkey.FaultPull, virtualkey.FaultPullAfter} {
			t.Run(fmt.Sprintf("%s/%v", test.name, kind), func(t *testing.T) {
				t.Parallel()
				r := newRig(t)
				before := preparedState(r)
				old := snapshot(r, "")
				command := append([]string{"tokenctl", "sync", "--yes"}, vaultOf(t, test.vault...)...)
				r.must("", command...)
				done := snapshot(r, "")
				if done == old {
					t.Fatal("nothing was done")
				}
				r.keys["prepared"].pull()
				for nth := 1; ; nth++ {
					state := filepath.Join(t.TempDir(), "key")
					if err := os.WriteFile(state, before, 0o600); err != nil {
						t.Fatal(err)
					}
					d := r.plug(fmt.Sprint(nth), 0, virtualkey.Config{State: state})
					d.SetFaults(virtualkey.Fault{Nth: nth, Kind: kind})
					o := r.run("", command...)
					if len(d.trace.take()) < nth {
						if o.status != 0 || nth == 1 {
							t.Fatal(o)
						}
						return
					}
					if o.status != term.ExitNoKey && o.status != term.ExitPartial || !strings.Contains(o.stderr, "removed") {
						t.Errorf("pulled out at APDU %d: %v", nth, o)
					}
					r.again(d)
					if found := snapshot(r, ""); found != old && found != done {
						t.Errorf("pulled out at APDU %d, the key has:\n%s", nth, found)
					}
					if o := r.run("", command...); o.status != 0 {
						t.Errorf("again after APDU %d: %v", nth, o)
					}
					if found := snapshot(r, ""); found != done {
						t.Errorf("pulled out at APDU %d, and again, the key has:\n%s", nth, found)
					}
					d.pull()
				}
			})
		}
	}
}

// Of two hundred accounts, each key takes as many as it has room for, in the order that
// its owner gives; the rest is named, and a second run does not touch the keys.
func TestSyncFull(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var uris []string
	for i := range 200 {
		uris = append(uris, fmt.Sprintf("otpauth://totp/I%03d:n?secret=%s", i, numberedSecret(i)))
	}
	flags := vaultOf(t, uris...)
	small := r.plug("small", 0, virtualkey.Config{Serial: 1, Firmware: virtualkey.Version{5, 4, 3}})
	large := r.plug("large", 1, virtualkey.Config{Serial: 2})
	command := append([]string{"tokenctl", "sync", "--yes", "--select", "I19", "--select", "I"}, flags...)
	for _, want := range []string{"key:1: 32 new, 168 left out.\nkey:2: 64 new, 136 left out.\n", "key:1: 32 there before, 168 left out.\nkey:2: 64 there before, 136 left out.\n"} {
		small.trace.take()
		large.trace.take()
		o := r.run("", command...)
		if o.status != term.ExitPartial || !strings.Contains(o.stderr, want) || !strings.Contains(o.stderr, `"I022:n"`) {
			t.Errorf("got %v, want %q", o, want)
		}
	}
	for _, d := range []*device{small, large} {
		if sent := d.trace.take(); slices.Contains(sent, "PUT") || slices.Contains(sent, "DELETE") {
			t.Errorf("the second run sent %q", sent)
		}
	}
	list := r.must("", "tokenctl", "list", "--device", "1")
	if lines := strings.Fields(list); len(lines) != 32 || lines[0] != "I000:n" || lines[21] != "I021:n" || lines[22] != "I190:n" {
		t.Errorf("the small key has %q", lines)
	}
}

// numberedSecret returns one of many secrets, in base32.
func numberedSecret(i int) string {
	return strings.Repeat("A", 28) + string("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[i/32]) + string("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[i%32]) + "AA"
}
