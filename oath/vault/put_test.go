package vault_test

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/vault"
)

// keyed returns accounts that have the usual secret.
func keyed(s oath.Secret, all ...oath.ID) iter.Seq2[oath.Account, oath.Secret] {
	return func(yield func(oath.Account, oath.Secret) bool) {
		for _, id := range all {
			if !yield(account(id), s) {
				return
			}
		}
	}
}

// numbered returns so many IDs of so many issuers.
func numbered(accounts, issuers int) (all []oath.ID) {
	for i := range accounts {
		all = append(all, oath.ID(fmt.Sprintf("Issuer%d:user%d@example.com", i%issuers, i)))
	}
	return all
}

// putAll returns what came of each account, or fails.
func putAll(t testing.TB, v *vault.Vault, all ...oath.ID) (each []error) {
	t.Helper()
	err := v.PutAll(keyed(secret(t, key), all...), func(i int, err error) {
		if i != len(each) {
			t.Errorf("account %d came after %d others", i, len(each))
		}
		each = append(each, err)
	})
	if err != nil || len(each) != len(all) {
		t.Fatalf("PutAll returned %v after %d accounts of %d", err, len(each), len(all))
	}
	return each
}

// TestPutAll has accounts that can be stored among others that cannot.
func TestPutAll(t *testing.T) {
	t.Parallel()
	v := create(t)
	put(t, v, "GitHub:alice", "mail:Carol")
	if err := v.SetBackupCodes("Codes:Frank", []byte("1111\n")); err != nil { // which keep the place
		t.Fatal(err)
	}
	writeFile(t, v, "accounts/File", nil)
	if err := os.WriteFile(filepath.Join(v.Dir(), "accounts/mail/.tmp-0123456789abcdef"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	v.Lock()
	tests := []struct {
		id   oath.ID
		want error
	}{
		{"GitHub:bob", nil},
		{"GitHub:alice", oath.ErrExists},
		{"GitHub:Alice", nil},
		{"GITHUB:alice", nil},
		{"github:alice", nil},
		{"New:dave", nil},
		{"New:dave", oath.ErrExists},
		{"New:Dave", nil},
		{"new:dave", nil},
		{"mail:carol", nil},
		{"Codes:Frank", nil},
		{"File:erin", oath.ErrDamaged},
		{oath.ID(strings.Repeat("x", 2000)), oath.ErrInvalid},
		{"60/GitHub:alice", nil},
		{"alone", nil},
	}
	var all, want []oath.ID
	for _, test := range tests {
		all = append(all, test.id)
	}
	each := putAll(t, v, all...)
	want = append(want, "GitHub:alice", "mail:Carol")
	for i, test := range tests {
		if !errors.Is(each[i], test.want) {
			t.Errorf("%.40q: got %v, want %v", test.id, each[i], test.want)
		}
		if test.want == nil {
			want = append(want, test.id)
		}
	}
	if err := v.UnlockWithPassphrase(passphrase); err != nil {
		t.Fatal(err)
	}
	slices.Sort(want)
	expectIDs(t, v, want...)
	for _, id := range want {
		expectCode(t, v, account(id))
	}
	if codes, err := v.BackupCodes("Codes:Frank"); err != nil || string(codes) != "1111\n" {
		t.Errorf("the backup codes are %q, %v", codes, err)
	}
	folded := make(map[string]bool)
	for _, name := range files(t, v.Dir()) {
		if strings.Contains(name, ".tmp-") || folded[strings.ToLower(name)] {
			t.Errorf("%s is left, or differs from another in case alone", name)
		}
		folded[strings.ToLower(name)] = true
	}
	for _, err := range putAll(t, v, want...) {
		expectError(t, err, oath.ErrExists)
	}
}

// TestPutAllEnds stores what came before the sequence ended, over several batches.
func TestPutAllEnds(t *testing.T) {
	t.Parallel()
	v := create(t)
	all := numbered(1100, 7)
	for _, err := range putAll(t, v, all...) {
		expectError(t, err, nil)
	}
	slices.Sort(all)
	expectIDs(t, v, all...)
	if entries, err := v.Codes(now); err != nil || len(entries) != len(all) {
		t.Errorf("Codes returned %d accounts, %v", len(entries), err)
	}
	putAll(t, v) // none
}

// TestPutAllCommits has git take all accounts in one commit.
func TestPutAllCommits(t *testing.T) {
	t.Parallel()
	v := createIn(t, filepath.Join(t.TempDir(), "vault"), gitOptions(t))
	if err := v.InitGit(); err != nil {
		t.Fatal(err)
	}
	for _, all := range [][]oath.ID{numbered(700, 3), numbered(700, 3), numbered(701, 3), numbered(710, 3)} {
		putAll(t, v, all...)
	}
	want := "Keep the vault in git\nAdd 700 accounts\nAdd Issuer1:user700@example.com\nAdd 9 accounts"
	if got := git(t, v.Dir(), "log", "--reverse", "--format=%s"); got != want {
		t.Errorf("the commits are\n%s\nwant\n%s", got, want)
	}
	if status := git(t, v.Dir(), "status", "--porcelain"); status != "" {
		t.Errorf("not committed: %s", status)
	}
}

// TestPutAllRefuses returns what is wrong with the whole, and stores nothing.
func TestPutAllRefuses(t *testing.T) {
	t.Parallel()
	v := create(t)
	attacker, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, v, ".age-recipients", []byte(attacker.Recipient().String()+"\n"))
	err = v.PutAll(keyed(secret(t, key), "GitHub:alice"), func(int, error) { t.Error("an account was tried") })
	expectError(t, err, vault.ErrRecipientsChanged)
	expectIDs(t, v)
}
