package vault_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"
	"github.com/creack/pty"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/oathtest"
	"github.com/tokenctl/tokenctl/oath/vault"
)

// writeAge writes a file as somebody would with age and the public key.
func writeAge(t testing.TB, v *vault.Vault, name, content string) {
	t.Helper()
	recipients, err := os.ReadFile(filepath.Join(v.Dir(), ".age-recipients"))
	if err != nil {
		t.Fatal(err)
	}
	to, err := age.ParseRecipients(bytes.NewReader(recipients))
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, v, name, encrypt(t, content, to...))
}

func encrypt(t testing.TB, content string, to ...age.Recipient) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := age.Encrypt(&b, to...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func writeFile(t testing.TB, v *vault.Vault, name string, content []byte) {
	t.Helper()
	file := filepath.Join(v.Dir(), name)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// readAge decrypts a file with the vault's key and age's own package.
func readAge(t testing.TB, v *vault.Vault, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(v.Dir(), name))
	if err != nil {
		t.Fatal(err)
	}
	text, err := v.Identity()
	if err != nil {
		t.Fatal(err)
	}
	key, err := age.ParseX25519Identity(text)
	if err != nil {
		t.Fatal(err)
	}
	r, err := age.Decrypt(bytes.NewReader(content), key)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(plain)
}

// ageCommands returns the age commands to be judged by: the system's, and the one
// of the age that this module is built with.
func ageCommands(t *testing.T) map[string]string {
	t.Helper()
	system, err := exec.LookPath("age")
	oathtest.NeedsTool(t, err)
	bin := t.TempDir()
	install := exec.Command("go", "install", "filippo.io/age/cmd/age@v1.3.2")
	install.Env = append(os.Environ(), "GOBIN="+bin, "GOFLAGS=")
	if out, err := install.CombinedOutput(); err != nil {
		t.Logf("building age: %v\n%s", err, out)
		oathtest.NeedsTool(t, err)
	}
	return map[string]string{"system": system, "age v1.3.2": filepath.Join(bin, "age")}
}

// ask runs a command on a terminal of its own, and types an answer at the prompt.
func ask(t *testing.T, answer, name string, args ...string) {
	t.Helper()
	command := exec.Command(name, args...)
	terminal, err := pty.Start(command)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	watchdog := time.AfterFunc(time.Minute, func() { command.Process.Kill() })
	defer watchdog.Stop()
	var said strings.Builder
	buffer := make([]byte, 1024)
	for typed := false; ; {
		n, err := terminal.Read(buffer)
		said.Write(buffer[:n])
		if err != nil {
			break // the command is gone
		}
		if !typed && strings.Contains(said.String(), "assphrase") {
			typed = true
			if _, err := io.WriteString(terminal, answer+"\n"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := command.Wait(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, said.String())
	}
}

// TestAge has age's own command open all that the vault wrote, and the vault what
// age wrote.
func TestAge(t *testing.T) {
	t.Parallel()
	for name, command := range ageCommands(t) {
		t.Run(name, func(t *testing.T) {
			v := create(t)
			put(t, v, "GitHub:alice", "a/b:c", oath.ID(strings.Repeat("long", 100)))
			if err := v.SetBackupCodes("GitHub:alice", []byte("1111-2222\n")); err != nil {
				t.Fatal(err)
			}
			testAgeReads(t, v, command)
			testAgeWrites(t, v, command)
		})
	}
}

func testAgeReads(t *testing.T, v *vault.Vault, command string) {
	tmp := t.TempDir()
	opened := filepath.Join(tmp, "opened.txt")
	ask(t, passphrase, command, "--decrypt", "-o", opened, filepath.Join(v.Dir(), "unlock/passphrase.age"))

	key, err := v.Identity()
	if err != nil {
		t.Fatal(err)
	}
	printed := filepath.Join(tmp, "printed.txt")
	if err := os.WriteFile(printed, []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, identity := range []string{opened, printed} {
		for _, file := range files(t, filepath.Join(v.Dir(), "accounts")) {
			out, err := exec.Command(command, "--decrypt", "-i", identity, filepath.Join(v.Dir(), "accounts", file)).Output()
			if err != nil {
				t.Fatalf("age -d %q: %v", file, err)
			}
			if want := readAge(t, v, "accounts/"+file); string(out) != want {
				t.Errorf("age -d %q gives %q, want %q", file, out, want)
			}
		}
	}
	// As the package's comment says: the unlock file itself is an identity.
	plain := filepath.Join(tmp, "account.txt")
	ask(t, passphrase, command, "--decrypt", "-i", filepath.Join(v.Dir(), "unlock/passphrase.age"),
		"-o", plain, filepath.Join(v.Dir(), "accounts/GitHub/alice.age"))
	got, err := os.ReadFile(plain)
	if err != nil {
		t.Fatal(err)
	}
	const want = "otpauth://totp/GitHub:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=GitHub&algorithm=SHA1&digits=6&period=30\n"
	if string(got) != want {
		t.Errorf("age -d -i unlock/passphrase.age gives %q, want %q", got, want)
	}
}

func testAgeWrites(t *testing.T, v *vault.Vault, command string) {
	for file, uri := range map[string]string{
		"accounts/GitLab/bob.age":  "otpauth://totp/GitLab:bob?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=GitLab",
		"accounts/GitLab/slow.age": "otpauth://totp/GitLab:slow?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&period=60\nurl: x\n",
	} {
		if err := os.MkdirAll(filepath.Join(v.Dir(), filepath.Dir(file)), 0o700); err != nil {
			t.Fatal(err)
		}
		encrypt := exec.Command(command, "-R", filepath.Join(v.Dir(), ".age-recipients"), "-o", filepath.Join(v.Dir(), file))
		encrypt.Stdin = strings.NewReader(uri)
		if out, err := encrypt.CombinedOutput(); err != nil {
			t.Fatalf("age -R: %v\n%s", err, out)
		}
	}
	v = unlock(t, v.Dir())
	expectCode(t, v, account("GitLab:bob"))

	// The period may stand in the file alone: the code is right by either ID.
	slow := account("60/GitLab:slow")
	expectCode(t, v, slow)
	want, err := oath.Compute(slow, secret(t, key), now)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := v.Code(account("GitLab:slow"), now); got != want || err != nil {
		t.Errorf("by its file's name: %+v, %v, want %+v", got, err, want)
	}
	expectError(t, v.Put(slow, secret(t, key)), oath.ErrExists)
	if err := v.Rename("60/GitLab:slow", "60/GitLab:slower"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(v.Dir(), "accounts/GitLab/slow.age")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the old file is left: %v", err)
	}
	expectCode(t, v, account("60/GitLab:slower"))
}

// TestArmored reads files as "age --armor" writes them, and writes them as ever.
func TestArmored(t *testing.T) {
	v := create(t)
	put(t, v, "GitHub:alice")
	if err := errors.Join(v.Put(counted("Bank:carol", 0), secret(t, key)), v.SetBackupCodes("GitHub:alice", []byte("1\n"))); err != nil {
		t.Fatal(err)
	}
	for name, ends := range map[string]string{
		"accounts/GitHub/alice.age": "\n", "accounts/Bank/carol.age": "\r\n", "accounts/GitHub/alice.codes.age": "\n", "unlock/passphrase.age": "\n",
	} {
		content, err := os.ReadFile(filepath.Join(v.Dir(), name))
		if err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		w := armor.NewWriter(&text)
		w.Write(content)
		w.Close()
		writeFile(t, v, name, bytes.ReplaceAll(text.Bytes(), []byte("\n"), []byte(ends)))
	}
	writeFile(t, v, "accounts/broken.age", []byte(armor.Header+"\nrubbish\n"+armor.Footer+"\n"))
	v = unlock(t, v.Dir())
	expectCode(t, v, account("GitHub:alice"))
	expectCode(t, v, counted("Bank:carol", 0))
	if codes, err := v.BackupCodes("GitHub:alice"); string(codes) != "1\n" {
		t.Errorf("the codes are %q, %v", codes, err)
	}
	_, err := v.Code(account("broken"), now)
	expectError(t, err, vault.ErrDamaged)
	if content, err := os.ReadFile(filepath.Join(v.Dir(), "accounts/Bank/carol.age")); err != nil || !bytes.HasPrefix(content, []byte("age-encryption.org/v1")) {
		t.Errorf("the moved counter is written as %q, %v", content, err)
	}
}
