//go:build unix

package vault_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"filippo.io/age"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/vault"
)

// TestDamaged puts one bad file among good ones.
func TestDamaged(t *testing.T) {
	t.Parallel()
	const name = "accounts/GitHub/mallory.age"
	const uri = "otpauth://totp/GitHub:mallory?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=GitHub"
	change := func(f func([]byte) []byte) func(*testing.T, *vault.Vault) {
		return func(t *testing.T, v *vault.Vault) {
			writeAge(t, v, name, uri)
			content, err := os.ReadFile(filepath.Join(v.Dir(), name))
			if err != nil {
				t.Fatal(err)
			}
			writeFile(t, v, name, f(content))
		}
	}
	flip := func(i int) func([]byte) []byte {
		return func(b []byte) []byte { b[(len(b)+i)%len(b)] ^= 1; return b }
	}
	plain := func(content string) func(*testing.T, *vault.Vault) {
		return func(t *testing.T, v *vault.Vault) { writeAge(t, v, name, content) }
	}
	for _, test := range []struct {
		name  string
		spoil func(t *testing.T, v *vault.Vault)
		says  string
		is    error
	}{
		{"empty", change(func([]byte) []byte { return nil }), "not an age file", nil},
		{"header cut", change(func(b []byte) []byte { return b[:40] }), "not an age file", nil},
		{"payload cut", change(func(b []byte) []byte { return b[:len(b)-1] }), "altered or cut short", nil},
		{"version flipped", change(flip(0)), "not an age file", nil},
		{"payload flipped", change(flip(-30)), "altered or cut short", nil},
		{"tag flipped", change(flip(-1)), "altered or cut short", nil},
		{"text", func(t *testing.T, v *vault.Vault) { writeFile(t, v, name, []byte(uri)) }, "not an age file", nil},
		{"another key", func(t *testing.T, v *vault.Vault) {
			other, err := age.GenerateX25519Identity()
			if err != nil {
				t.Fatal(err)
			}
			writeFile(t, v, name, encrypt(t, uri, other.Recipient()))
		}, "another key", nil},
		{"no URI", plain("hunter2"), "not an otpauth URI", nil},
		{"secret cut short", plain("otpauth://totp/GitHub:mallory?secret=GEZDGNBV"), "not an otpauth URI", nil},
		{"another's URI", plain(strings.Replace(uri, "mallory", "alice", 1)), "another account", nil},
		{"link", func(t *testing.T, v *vault.Vault) {
			if err := os.Symlink("alice.age", filepath.Join(v.Dir(), name)); err != nil {
				t.Fatal(err)
			}
		}, "link", vault.ErrSymlink},
		{"link out of the vault", func(t *testing.T, v *vault.Vault) {
			if err := os.Symlink("/etc/passwd", filepath.Join(v.Dir(), name)); err != nil {
				t.Fatal(err)
			}
		}, "link", vault.ErrSymlink},
		{"pipe", func(t *testing.T, v *vault.Vault) {
			if err := syscall.Mkfifo(filepath.Join(v.Dir(), name), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "not a regular file", nil},
		{"folder", func(t *testing.T, v *vault.Vault) {
			if err := os.Mkdir(filepath.Join(v.Dir(), name), 0o700); err != nil {
				t.Fatal(err)
			}
		}, "not a regular file", nil},
		{"others may write", func(t *testing.T, v *vault.Vault) {
			writeAge(t, v, name, uri)
			if err := os.Chmod(filepath.Join(v.Dir(), name), 0o620); err != nil {
				t.Fatal(err)
			}
		}, "mode is 0620", vault.ErrInsecure},
		{"endless", func(t *testing.T, v *vault.Vault) {
			writeFile(t, v, name, nil)
			if err := os.Truncate(filepath.Join(v.Dir(), name), 1<<40); err != nil {
				t.Fatal(err)
			}
		}, "longer than", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := create(t)
			put(t, v, "GitHub:alice", "GitHub:zoe")
			test.spoil(t, v)
			before := files(t, v.Dir())

			entries, err := v.Codes(now)
			checkDamage(t, err, name, test.says, test.is)
			if len(entries) != 2 || entries[0].Code.IsZero() || entries[1].Code.IsZero() {
				t.Errorf("the sound accounts are %+v", entries)
			}
			expectCode(t, v, account("GitHub:alice"))
			_, err = v.Code(account("GitHub:mallory"), now)
			checkDamage(t, err, name, test.says, test.is)
			if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "GEZDG") {
				t.Errorf("the error quotes the content: %v", err)
			}
			if err := v.Rekey(identity(t), vault.Ways{}); !errors.Is(err, vault.ErrDamaged) && !isReadable(test.name) {
				t.Errorf("Rekey over a damaged file: %v", err)
			}
			expectCode(t, v, account("GitHub:zoe"))
			if after := files(t, v.Dir()); !slices.Equal(after, before) && !isReadable(test.name) {
				t.Errorf("the folder held %q, and holds %q", before, after)
			}
		})
	}
}

// isReadable reports whether a bad file is at least encrypted to the vault's key,
// so that Rekey takes it.
func isReadable(name string) bool {
	return name == "no URI" || name == "secret cut short" || name == "another's URI"
}

func checkDamage(t *testing.T, err error, name, says string, is error) {
	t.Helper()
	var file *vault.DamagedFile
	if !errors.As(err, &file) || !errors.Is(err, vault.ErrDamaged) {
		t.Fatalf("got error %v, want one about a damaged file", err)
	}
	if file.Path != name || !strings.Contains(err.Error(), says) {
		t.Errorf("the error is %q, want one about %s that says %q", err, name, says)
	}
	if is != nil {
		expectError(t, err, is)
	}
}

func TestMisnamed(t *testing.T) {
	v := create(t)
	put(t, v, "GitHub:alice")
	const uri = "otpauth://totp/a:b:c?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	writeAge(t, v, "accounts/a/b:c.age", uri)
	writeFile(t, v, "accounts/README", []byte("mine"))
	writeFile(t, v, "accounts/.DS_Store", []byte("macOS's"))

	accounts, err := v.List()
	checkDamage(t, err, "accounts/a/b:c.age", `"b%3Ac"`, nil)
	if len(accounts) != 1 {
		t.Errorf("List = %v", accounts)
	}
	status, err := v.Status()
	checkDamage(t, err, "accounts/a/b:c.age", `"b%3Ac"`, nil)
	if status.Accounts != 1 {
		t.Errorf("Status counts %d accounts", status.Accounts)
	}
}

// TestTwice has the same account in two files, as two machines may have made it.
func TestTwice(t *testing.T) {
	v := create(t)
	put(t, v, "GitHub:Alice", "GitHub:alice") // the second file is marked
	second := files(t, filepath.Join(v.Dir(), "accounts"))[1]
	content, err := os.ReadFile(filepath.Join(v.Dir(), "accounts", second))
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, v, "accounts/GitHub/alice.age", content)
	entries, err := v.Codes(now)
	if len(entries) != 2 {
		t.Errorf("Codes returns %d accounts", len(entries))
	}
	checkDamage(t, err, "accounts/"+second, "the same account", nil)
}

func TestInsecureFolders(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{".", "accounts", "accounts/GitHub", "unlock"} {
		for _, mode := range []os.FileMode{0o770, 0o707, 0o777 | fs.ModeSticky} {
			v := create(t)
			put(t, v, "GitHub:alice")
			if err := os.Chmod(filepath.Join(v.Dir(), folder), mode); err != nil {
				t.Fatal(err)
			}
			err := useAll(v.Dir())
			expectError(t, err, vault.ErrInsecure)
			if name := filepath.Base(filepath.Join(v.Dir(), folder)); err != nil && !strings.Contains(err.Error(), name) {
				t.Errorf("%s with mode %v: the error does not name it: %v", folder, mode, err)
			}
		}
	}
}

// useAll opens the vault and an account in it, and stores another one.
func useAll(dir string) error {
	v, err := vault.Open(dir, quick)
	if err != nil {
		return err
	}
	defer v.Close()
	if err := v.UnlockWithPassphrase(passphrase); err != nil {
		return err
	}
	if _, err := v.Code(account("GitHub:alice"), now); err != nil {
		return err
	}
	s, err := oath.NewSecret([]byte(key))
	if err != nil {
		return err
	}
	return v.Put(account("GitHub:bob"), s)
}

func TestAnotherOwner(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only the superuser can give files away")
	}
	v := create(t)
	put(t, v, "GitHub:alice")
	if err := os.Chown(filepath.Join(v.Dir(), "accounts/GitHub/alice.age"), 12345, 12345); err != nil {
		t.Fatal(err)
	}
	_, err := v.Code(account("GitHub:alice"), now)
	expectError(t, err, vault.ErrInsecure)
	if err := os.Chown(v.Dir(), 12345, 12345); err != nil {
		t.Fatal(err)
	}
	_, err = vault.Open(v.Dir(), quick)
	expectError(t, err, vault.ErrInsecure)
}

// TestLinkedFolders has links instead of each folder and file.
func TestLinkedFolders(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"accounts", "accounts/GitHub", "accounts/GitHub/alice.age", "unlock", "unlock/passphrase.age", ".age-recipients"} {
		for _, out := range []bool{false, true} {
			v := create(t)
			put(t, v, "GitHub:alice")
			away := filepath.Join(v.Dir(), filepath.Dir(name), "away")
			if out {
				away = filepath.Join(filepath.Dir(v.Dir()), "away")
			}
			if err := os.Rename(filepath.Join(v.Dir(), name), away); err != nil {
				t.Fatal(err)
			}
			to := "away"
			if out {
				to = away
			}
			if err := os.Symlink(to, filepath.Join(v.Dir(), name)); err != nil {
				t.Fatal(err)
			}
			err := useAll(v.Dir())
			expectError(t, err, vault.ErrSymlink)
			if err != nil && !strings.Contains(err.Error(), name) {
				t.Errorf("the error does not name %s: %v", name, err)
			}
		}
	}
}

// TestLinkToVault allows the user's own link to the folder as a whole.
func TestLinkToVault(t *testing.T) {
	v := create(t)
	put(t, v, "GitHub:alice")
	link := filepath.Join(t.TempDir(), "vault")
	if err := os.Symlink(v.Dir(), link); err != nil {
		t.Fatal(err)
	}
	if err := useAll(link); err != nil {
		t.Error(err)
	}
}

// A vault that lost its public key is not taken for a folder without a vault.
func TestRecipientsLost(t *testing.T) {
	v := create(t)
	put(t, v, "GitHub:alice")
	if err := os.Remove(filepath.Join(v.Dir(), ".age-recipients")); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.Open(v.Dir(), quick); !errors.Is(err, vault.ErrDamaged) || errors.Is(err, vault.ErrNoVault) {
		t.Errorf("Open = %v, want ErrDamaged", err)
	}
}

// TestWhatIsThereIsNotAbsent hides accounts behind what cannot be looked at.
func TestWhatIsThereIsNotAbsent(t *testing.T) {
	for name, spoil := range map[string]func(dir string) error{
		"a folder that others may write to": func(dir string) error { return os.Chmod(filepath.Join(dir, "accounts/GitHub"), 0o770) },
		"all of them":                       func(dir string) error { return os.Chmod(filepath.Join(dir, "accounts"), 0o770) },
		"a link": func(dir string) error {
			return errors.Join(os.Rename(filepath.Join(dir, "accounts/GitHub"), filepath.Join(dir, "x")), os.Symlink("../x", filepath.Join(dir, "accounts/GitHub")))
		},
		"a name that is none": func(dir string) error {
			return os.Rename(filepath.Join(dir, "accounts/GitHub/alice.age"), filepath.Join(dir, "accounts/GitHub/%zz.age"))
		},
	} {
		v := create(t)
		put(t, v, "GitHub:alice")
		if err := spoil(v.Dir()); err != nil {
			t.Fatal(err)
		}
		for _, query := range []string{"alice", "GitHub", "GitHub:alice"} {
			if _, err := v.Find(query); !errors.Is(err, vault.ErrDamaged) || errors.Is(err, oath.ErrNotFound) {
				t.Errorf("%s: Find(%q): %v", name, query, err)
			}
		}
	}
}
