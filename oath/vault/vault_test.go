package vault_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/oathtest"
	"github.com/tokenctl/tokenctl/oath/vault"
)

// quick makes scrypt cheap.
var quick = vault.Options{WorkFactor: 2}

const passphrase = "correct horse battery staple"

var now = time.Unix(1700000000, 0)

// create makes a vault with a passphrase, unlocked.
func create(t testing.TB) *vault.Vault {
	t.Helper()
	return createIn(t, filepath.Join(t.TempDir(), "vault"), quick)
}

func createIn(t testing.TB, dir string, o vault.Options) *vault.Vault {
	t.Helper()
	v, err := vault.Create(dir, identity(t), vault.Ways{Passphrase: passphrase}, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return v
}

func identity(t testing.TB) string {
	t.Helper()
	key, err := vault.GenerateIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// reopen opens the folder anew, locked.
func reopen(t testing.TB, dir string, o vault.Options) *vault.Vault {
	t.Helper()
	v, err := vault.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return v
}

// unlock opens the folder anew by its passphrase.
func unlock(t testing.TB, dir string) *vault.Vault {
	t.Helper()
	v := reopen(t, dir, quick)
	if err := v.UnlockWithPassphrase(passphrase); err != nil {
		t.Fatal(err)
	}
	return v
}

func account(id oath.ID) oath.Account { return id.Account(oath.TOTP).WithDefaults() }

func counted(id oath.ID, counter uint64) oath.Account {
	a := id.Account(oath.HOTP).WithDefaults()
	a.Counter = counter
	return a
}

func secret(t testing.TB, key string) oath.Secret {
	t.Helper()
	s, err := oath.NewSecret([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// key is the secret of accounts whose secret does not matter.
const key = "12345678901234567890"

func put(t testing.TB, v *vault.Vault, ids ...oath.ID) {
	t.Helper()
	for _, id := range ids {
		if err := v.Put(account(id), secret(t, key)); err != nil {
			t.Fatalf("Put(%q): %v", id, err)
		}
	}
}

// expectCode checks that the vault gives the code of the usual secret.
func expectCode(t testing.TB, v *vault.Vault, a oath.Account) {
	t.Helper()
	want, err := oath.Compute(a, secret(t, key), now)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := v.Code(a, now); err != nil || got != want {
		t.Errorf("Code(%q) = %+v, %v, want %+v", a.ID(), got, err, want)
	}
}

func ids(t testing.TB, v *vault.Vault) []oath.ID {
	t.Helper()
	accounts, err := v.List()
	if err != nil {
		t.Fatal(err)
	}
	var ids []oath.ID
	for _, a := range accounts {
		ids = append(ids, a.ID())
	}
	return ids
}

func expectIDs(t testing.TB, v *vault.Vault, want ...oath.ID) {
	t.Helper()
	if got := ids(t, v); !slices.Equal(got, want) {
		t.Errorf("List = %q, want %q", got, want)
	}
}

func expectError(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
}

// files returns every file in a folder but the lock, with slashes.
func files(t testing.TB, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || e.Name() == ".lock" {
			return err
		}
		name, err = filepath.Rel(dir, name)
		names = append(names, filepath.ToSlash(name))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestOldIndex opens a vault with the index of names that tokenctl once kept.
func TestOldIndex(t *testing.T) {
	v := create(t)
	put(t, v, "GitHub:alice")
	const index = "tokenctl names 1 0 0 00000000\nOther/alice.age\n"
	writeFile(t, v, ".names", []byte(index))
	v = unlock(t, v.Dir())
	put(t, v, "GitHub:bob")
	expectIDs(t, v, "GitHub:alice", "GitHub:bob")
	if found, err := v.Find("alice"); err != nil || len(found) != 1 || found[0].ID() != "GitHub:alice" {
		t.Errorf("Find = %v, %v", found, err)
	}
	if content, err := os.ReadFile(filepath.Join(v.Dir(), ".names")); string(content) != index {
		t.Errorf("the old index is now %q, %v", content, err)
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	oathtest.Run(t, oathtest.Suite{
		New: func(t *testing.T) oath.Token { return create(t) },
		Reopen: func(t *testing.T, token oath.Token) oath.Token {
			return unlock(t, token.(*vault.Vault).Dir())
		},
		Touch: oathtest.TouchNoted,
	})
}

// TestConformanceWithoutCase runs the suite as on a disk that knows no case, in
// that the vault goes by the folders' lists of names there.
func TestConformanceWithoutCase(t *testing.T) {
	t.Parallel()
	oathtest.Run(t, oathtest.Suite{
		New: func(t *testing.T) oath.Token {
			v := create(t)
			writeFile(t, v, ".AGE-RECIPIENTS", nil)
			return v
		},
		Touch: oathtest.TouchNoted,
	})
}

func TestLayout(t *testing.T) {
	v := create(t)
	put(t, v, "GitHub:alice", "alice", "60/GitHub:bob")
	want := []string{
		".age-recipients", "accounts/60%2FGitHub/bob.age", "accounts/GitHub/alice.age", "accounts/alice.age", "unlock/passphrase.age",
	}
	if got := files(t, v.Dir()); !slices.Equal(got, want) {
		t.Errorf("the folder holds %q, want %q", got, want)
	}
	filepath.WalkDir(v.Dir(), func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			t.Fatal(err)
		}
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: mode %v", name, info.Mode())
		}
		return nil
	})
	if err := v.Delete("GitHub:alice"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(v.Dir(), "accounts/GitHub")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder of an issuer without accounts is left: %v", err)
	}
}

func TestCreate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep/down/vault")
	createIn(t, dir, quick)
	_, err := vault.Create(dir, identity(t), vault.Ways{}, quick)
	expectError(t, err, vault.ErrVaultExists)
	unlock(t, dir)

	busy := t.TempDir()
	if err := os.WriteFile(filepath.Join(busy, "thesis.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = vault.Create(busy, identity(t), vault.Ways{}, quick)
	expectError(t, err, vault.ErrNotEmpty)
	if got := files(t, busy); !slices.Equal(got, []string{"thesis.txt"}) {
		t.Errorf("a folder in use was changed: %q", got)
	}

	// An unlock file may be all that opens somebody's accounts.
	orphan := createIn(t, filepath.Join(t.TempDir(), "vault"), quick).Dir()
	if err := os.Remove(filepath.Join(orphan, ".age-recipients")); err != nil {
		t.Fatal(err)
	}
	_, err = vault.Create(orphan, identity(t), vault.Ways{Passphrase: "x"}, quick)
	expectError(t, err, vault.ErrNotEmpty)

	_, err = vault.Create(filepath.Join(t.TempDir(), "v"), "AGE-SECRET-KEY-1NONSENSE", vault.Ways{}, quick)
	expectError(t, err, vault.ErrMalformedKey)
	if strings.Contains(err.Error(), "NONSENSE") {
		t.Errorf("the error quotes the key: %v", err)
	}
}

func TestOpenNothing(t *testing.T) {
	for _, dir := range []string{t.TempDir(), filepath.Join(t.TempDir(), "missing")} {
		_, err := vault.Open(dir, quick)
		expectError(t, err, vault.ErrNoVault)
	}
}

// TestLocked shows what goes without the key: all that is not reading.
func TestLocked(t *testing.T) {
	v := create(t)
	put(t, v, "GitHub:alice")
	v.Lock()

	put(t, v, "GitHub:bob")
	expectError(t, v.Put(account("GitHub:alice"), secret(t, key)), oath.ErrExists)
	expectIDs(t, v, "GitHub:alice", "GitHub:bob")

	_, err := v.Code(account("GitHub:alice"), now)
	expectError(t, err, oath.ErrLocked)
	_, err = v.Code(account("GitHub:nobody"), now)
	expectError(t, err, oath.ErrNotFound)
	_, err = v.Codes(now)
	expectError(t, err, oath.ErrLocked)
	_, _, err = v.Secret("GitHub:alice")
	expectError(t, err, oath.ErrLocked)
	_, err = v.Identity()
	expectError(t, err, oath.ErrLocked)
	expectError(t, v.Rename("GitHub:alice", "GitHub:carol"), oath.ErrLocked)
	expectError(t, v.Replace(account("GitHub:alice"), secret(t, key)), oath.ErrLocked)
	expectError(t, v.SetPassphrase("x"), oath.ErrLocked)
	expectError(t, v.Rekey(identity(t), vault.Ways{}), oath.ErrLocked)

	if err := v.Replace(account("GitHub:carol"), secret(t, key)); err != nil {
		t.Errorf("Replace of what is not there: %v", err)
	}
	if err := v.Delete("GitHub:bob"); err != nil {
		t.Errorf("Delete: %v", err)
	}
	if err := v.UnlockWithPassphrase(passphrase); err != nil {
		t.Fatal(err)
	}
	expectIDs(t, v, "GitHub:alice", "GitHub:carol")
	expectCode(t, v, account("GitHub:carol"))
}

func TestFind(t *testing.T) {
	v := create(t)
	put(t, v, "GitHub:alice", "GitHub:bob", "GitLab:alice", "alice")
	for _, test := range []struct {
		query string
		want  []oath.ID
	}{
		{"GitHub:alice", []oath.ID{"GitHub:alice"}},
		{"alice", []oath.ID{"alice"}},
		{"bob", []oath.ID{"GitHub:bob"}},
		{"gith", []oath.ID{"GitHub:alice", "GitHub:bob"}},
		{"lab", []oath.ID{"GitLab:alice"}},
		{"nobody", nil},
		{"", nil},
	} {
		accounts, err := v.Find(test.query)
		var got []oath.ID
		for _, a := range accounts {
			got = append(got, a.ID())
		}
		if !slices.Equal(got, test.want) || (err != nil) != (test.want == nil) {
			t.Errorf("Find(%q) = %q, %v, want %q", test.query, got, err, test.want)
		}
	}
}

// TestNotes checks that what the user wrote below the URI stays there.
func TestNotes(t *testing.T) {
	v := create(t)
	const notes = "url: https://bank.example\n\nnote: the blue one\n"
	writeAge(t, v, "accounts/Bank/alice.age",
		"otpauth://hotp/Bank:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&counter=0&image=logo.png\n"+notes)
	h := counted("Bank:alice", 0)
	for range 3 {
		expectCode(t, v, h)
		h.Counter++
	}
	if err := v.Rename("Bank:alice", "Bank:bob"); err != nil {
		t.Fatal(err)
	}
	want := "otpauth://hotp/Bank:bob?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Bank&algorithm=SHA1&digits=6&counter=3&image=logo.png\n" + notes
	if got := readAge(t, v, "accounts/Bank/bob.age"); got != want {
		t.Errorf("the file holds %q, want %q", got, want)
	}
	if err := v.Replace(counted("Bank:bob", 9), secret(t, key)); err != nil {
		t.Fatal(err)
	}
	if got := readAge(t, v, "accounts/Bank/bob.age"); !strings.HasSuffix(got, "\n"+notes) {
		t.Errorf("Replace leaves %q", got)
	}
}

func TestBackupCodes(t *testing.T) {
	v := create(t)
	const codes = "1111-2222\n3333-4444\n"
	put(t, v, "GitHub:alice", "GitHub:bob")
	v.Lock()
	for _, id := range []oath.ID{"GitHub:alice", "OnlyOnTheKey:alice"} {
		if err := v.SetBackupCodes(id, []byte(codes)); err != nil {
			t.Fatal(err)
		}
	}
	_, err := v.BackupCodes("GitHub:alice")
	expectError(t, err, oath.ErrLocked)
	v = unlock(t, v.Dir())
	expectIDs(t, v, "GitHub:alice", "GitHub:bob")

	expectCodes := func(id oath.ID, want string) {
		t.Helper()
		if got, err := v.BackupCodes(id); string(got) != want || err != nil {
			t.Errorf("BackupCodes(%q) = %q, %v, want %q", id, got, err, want)
		}
	}
	expectCodes("GitHub:alice", codes)
	expectCodes("GitHub:bob", "")
	if err := v.Rename("GitHub:alice", "GitLab:carol"); err != nil {
		t.Fatal(err)
	}
	expectCodes("GitHub:alice", "")
	expectCodes("GitLab:carol", codes)
	accounts, err := v.ListBackupCodes()
	if err != nil || len(accounts) != 2 || accounts[0].ID() != "GitLab:carol" || accounts[1].ID() != "OnlyOnTheKey:alice" {
		t.Errorf("ListBackupCodes = %v, %v", accounts, err)
	}
	if err := v.Delete("GitLab:carol"); err != nil {
		t.Fatal(err)
	}
	expectCodes("GitLab:carol", "")
	if err := v.SetBackupCodes("OnlyOnTheKey:alice", nil); err != nil {
		t.Fatal(err)
	}
	expectError(t, v.SetBackupCodes("OnlyOnTheKey:alice", nil), oath.ErrNotFound)
	if got := files(t, filepath.Join(v.Dir(), "accounts")); !slices.Equal(got, []string{"GitHub/bob.age"}) {
		t.Errorf("left are %q", got)
	}
}

// TestCase has accounts that differ in case alone at places that a disk without
// case keeps apart.
func TestCase(t *testing.T) {
	t.Parallel()
	v := create(t)
	all := []oath.ID{"GITHUB:alice", "GitHub:Alice", "GitHub:alice", "github:alice"}
	put(t, v, all...)
	expectIDs(t, v, all...)
	seen := make(map[string]string)
	for _, name := range files(t, filepath.Join(v.Dir(), "accounts")) {
		folded := strings.ToLower(name)
		if other, again := seen[folded]; again {
			t.Errorf("%q and %q differ in case alone", name, other)
		}
		seen[folded] = name
	}
	for _, id := range all {
		expectError(t, v.Put(account(id), secret(t, key)), oath.ErrExists)
		expectCode(t, v, account(id))
		if err := v.Delete(id); err != nil {
			t.Errorf("Delete(%q): %v", id, err)
		}
	}
	expectIDs(t, v)
}

func TestOlder(t *testing.T) {
	v := create(t)
	h := counted("Bank:alice", 5)
	if err := v.Put(h, secret(t, key)); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(v.Dir(), "accounts/Bank/alice.age")
	backup, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		expectCode(t, v, h)
		h.Counter++
	}
	if err := os.WriteFile(file, backup, 0o600); err != nil {
		t.Fatal(err)
	}
	v = reopen(t, v.Dir(), vault.Options{Known: v.Known()})
	if err := v.UnlockWithPassphrase(passphrase); err != nil {
		t.Fatal(err)
	}
	expectCode(t, v, h) // not one that was used
	h.Counter++
	expectCode(t, v, h)
	want := []vault.Older{{ID: "Bank:alice", Found: 5, Known: 8}}
	if got := v.Older(); !slices.Equal(got, want) {
		t.Errorf("Older = %v, want %v", got, want)
	}
}

// TestTouchIsKept follows the mark of a touch through every change, beside the lines
// of the user's.
func TestTouchIsKept(t *testing.T) {
	v := create(t)
	alice := account("GitHub:alice")
	alice.Touch = true
	expect := func(name string, id oath.ID, touch bool) {
		t.Helper()
		a, _, err := v.Secret(id)
		if err != nil || a.Touch != touch {
			t.Errorf("%s: touch is %v, %v", name, a.Touch, err)
		}
		for _, e := range entries(t, v) {
			if e.Account.ID() == id && (e.Account.Touch != touch || e.Code.IsZero()) {
				t.Errorf("%s: Codes has %+v", name, e)
			}
		}
		text := readAge(t, v, vault.Path(id))
		if strings.Contains(text, "\ntouch: yes\n") != touch {
			t.Errorf("%s: the file holds other lines than it should", name)
		}
	}
	put(t, v, "GitHub:bob")
	expect("no touch", "GitHub:bob", false)
	if err := v.Put(alice, secret(t, key)); err != nil {
		t.Fatal(err)
	}
	expect("Put", "GitHub:alice", true)
	writeAge(t, v, vault.Path("GitHub:alice"), readAge(t, v, vault.Path("GitHub:alice"))+"note: x\n")
	if err := v.Rename("GitHub:alice", "GitHub:anna"); err != nil {
		t.Fatal(err)
	}
	expect("Rename", "GitHub:anna", true)
	if err := v.Rekey(identity(t), vault.Ways{Passphrase: passphrase}); err != nil {
		t.Fatal(err)
	}
	expect("Rekey", "GitHub:anna", true)
	anna := account("GitHub:anna")
	if err := v.Replace(anna, secret(t, key)); err != nil {
		t.Fatal(err)
	}
	expect("Replace without", "GitHub:anna", false)
	anna.Touch = true
	if err := v.Replace(anna, secret(t, key)); err != nil {
		t.Fatal(err)
	}
	expect("Replace", "GitHub:anna", true)
	if text := readAge(t, v, vault.Path("GitHub:anna")); !strings.HasSuffix(text, "note: x\n") {
		t.Error("the user's line is lost")
	}
	carol := counted("Bank:carol", 0)
	carol.Touch = true
	if err := v.Put(carol, secret(t, key)); err != nil {
		t.Fatal(err)
	}
	expectCode(t, v, counted("Bank:carol", 0))
	if a, _, err := v.Secret("Bank:carol"); !a.Touch || a.Counter != 1 {
		t.Errorf("a moved counter leaves %+v, %v", a, err)
	}
}

func entries(t *testing.T, v *vault.Vault) []oath.Entry {
	t.Helper()
	all, err := v.Codes(now)
	if err != nil {
		t.Fatal(err)
	}
	return all
}
