package vault_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/tag"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/vault"
)

func TestPassphrase(t *testing.T) {
	v := create(t)
	put(t, v, "GitHub:alice")
	dir := v.Dir()
	if err := v.SetPassphrase("second"); err != nil {
		t.Fatal(err)
	}
	v = reopen(t, dir, quick)
	for _, wrong := range []string{passphrase, "", "Second", "second "} {
		expectError(t, v.UnlockWithPassphrase(wrong), oath.ErrWrongPassword)
		if !v.Locked() {
			t.Fatalf("%q opens the vault", wrong)
		}
	}
	if err := v.UnlockWithPassphrase("second"); err != nil {
		t.Fatal(err)
	}
	expectCode(t, v, account("GitHub:alice"))
	v.Lock()
	_, err := v.Code(account("GitHub:alice"), now)
	expectError(t, err, oath.ErrLocked)

	if err := v.RemovePassphrase(); err != nil {
		t.Fatal(err)
	}
	expectError(t, v.RemovePassphrase(), vault.ErrNoWay)
	expectError(t, v.UnlockWithPassphrase("second"), vault.ErrNoWay)
}

func TestDamagedWay(t *testing.T) {
	v := create(t)
	key, err := v.Identity()
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"empty":  nil,
		"text":   []byte("AGE-SECRET-KEY-1..."),
		"cut":    scryptFile(t, key)[:100],
		"no key": scryptFile(t, "# nothing"),
		"typo":   scryptFile(t, key[:len(key)-2]+key[len(key)-1:]),
	} {
		writeFile(t, v, "unlock/passphrase.age", content)
		err := v.UnlockWithPassphrase(passphrase)
		if !errors.Is(err, vault.ErrDamaged) || !strings.Contains(err.Error(), "unlock/passphrase.age") {
			t.Errorf("%s: error %v", name, err)
		}
		if strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: the error quotes the key: %v", name, err)
		}
	}
	writeFile(t, v, "unlock/passphrase.age", scryptFile(t, identity(t)))
	expectError(t, v.UnlockWithPassphrase(passphrase), vault.ErrWrongKey)
}

func scryptFile(t *testing.T, content string) []byte {
	t.Helper()
	r, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		t.Fatal(err)
	}
	r.SetWorkFactor(2)
	return encrypt(t, content, r)
}

// TestPaper opens a sealed archive, which has no other way in.
func TestPaper(t *testing.T) {
	printed := identity(t)
	v, err := vault.Create(filepath.Join(t.TempDir(), "vault"), printed, vault.Ways{}, quick)
	if err != nil {
		t.Fatal(err)
	}
	v.Close()
	v = reopen(t, v.Dir(), quick)
	if ways, err := v.Ways(); len(ways) != 0 || err != nil {
		t.Errorf("Ways = %v, %v", ways, err)
	}
	put(t, v, "GitHub:alice")
	expectError(t, v.UnlockWithPassphrase(passphrase), vault.ErrNoWay)
	expectError(t, v.UnlockWithIdentity(identity(t)), vault.ErrWrongKey)
	expectError(t, v.UnlockWithIdentity(printed[:len(printed)-1]), vault.ErrMalformedKey)

	groups := strings.ToLower(printed[:20]) + " " + strings.ToLower(printed[20:40]) + "\n" + strings.ToLower(printed[40:])
	for _, typed := range []string{printed, groups} {
		v.Lock()
		if err := v.UnlockWithIdentity(typed); err != nil {
			t.Errorf("typed as %q: %v", typed, err)
		}
	}
	expectCode(t, v, account("GitHub:alice"))
	if got, err := v.Identity(); got != printed || err != nil {
		t.Errorf("Identity gives another key than was printed: %v", err)
	}
	if err := v.SetPassphrase(passphrase); err != nil { // unseals it
		t.Fatal(err)
	}
	expectCode(t, unlock(t, v.Dir()), account("GitHub:alice"))
}

// A slot is a PIV slot in software.
type slot struct {
	*ecdh.PrivateKey
	used int   // exchanges
	err  error // of the next ones
}

func newSlot(t *testing.T) *slot {
	t.Helper()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &slot{PrivateKey: key}
}

func (s *slot) ECDH(peer *ecdh.PublicKey) ([]byte, error) {
	s.used++
	if s.err != nil {
		return nil, s.err
	}
	return s.PrivateKey.ECDH(peer)
}

func (s *slot) recipient(t *testing.T) string {
	t.Helper()
	r, err := vault.SlotRecipient(s.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestKey(t *testing.T) {
	v := create(t)
	put(t, v, "GitHub:alice")
	one, other := newSlot(t), newSlot(t)
	for serial, s := range map[uint32]*slot{12345678: one, 1: other} {
		if err := v.AddKey(serial, s.recipient(t)); err != nil {
			t.Fatal(err)
		}
	}
	want := []vault.Way{
		{Path: "unlock/passphrase.age"}, {Serial: 1, Path: "unlock/piv-1.age"}, {Serial: 12345678, Path: "unlock/piv-12345678.age"},
	}
	if ways, err := v.Ways(); !slices.Equal(ways, want) || err != nil {
		t.Errorf("Ways = %v, %v, want %v", ways, err, want)
	}

	v = reopen(t, v.Dir(), quick)
	expectError(t, v.UnlockWithKey(12345678, other), vault.ErrWrongSlot)
	if other.used != 0 {
		t.Error("a slot was asked that the file is not encrypted to")
	}
	blocked := errors.New("the PIN is blocked")
	one.err = blocked
	expectError(t, v.UnlockWithKey(12345678, one), blocked)
	one.err = nil
	if err := v.UnlockWithKey(12345678, one); err != nil {
		t.Fatal(err)
	}
	if one.used != 2 {
		t.Errorf("the slot was asked %d times", one.used)
	}
	expectCode(t, v, account("GitHub:alice"))

	if err := v.RemoveKey(12345678); err != nil {
		t.Fatal(err)
	}
	expectError(t, v.RemoveKey(12345678), vault.ErrNoWay)
	expectError(t, v.UnlockWithKey(12345678, one), vault.ErrNoWay)
	v.Lock()
	if err := v.UnlockWithKey(1, other); err != nil {
		t.Error(err)
	}
	if err := v.AddKey(5, "age1nonsense"); err == nil {
		t.Error("a recipient that is none was taken")
	}
	p384, err := ecdh.P384().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := vault.SlotRecipient(p384.PublicKey()); err == nil {
		t.Error("a P-384 key was taken")
	}
}

// TestSlotRecipient compares with age's own encoding of the same key, and opens
// what age encrypts to it among others, and with its tag on others' stanzas.
func TestSlotRecipient(t *testing.T) {
	v := create(t)
	s := newSlot(t)
	r, err := tag.ParseRecipient(s.recipient(t))
	if err != nil {
		t.Fatal(err)
	}
	compressed := r.Bytes()
	if !bytes.Equal(compressed[1:], s.PublicKey().Bytes()[1:33]) {
		t.Fatalf("the recipient is of another key")
	}
	identityText, err := v.Identity()
	if err != nil {
		t.Fatal(err)
	}
	decoy, err := tag.ParseRecipient(newSlot(t).recipient(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string][]age.Recipient{
		"alone":  {r},
		"second": {decoy, r},
		"forged": {forged{decoy, r}, r},
	} {
		writeFile(t, v, "unlock/piv-7.age", encrypt(t, identityText, to...))
		v.Lock()
		if err := v.UnlockWithKey(7, s); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// forged encrypts to one recipient under the tag of another.
type forged struct{ to, as *tag.Recipient }

func (f forged) Wrap(fileKey []byte) ([]*age.Stanza, error) {
	stanzas, err := f.to.Wrap(fileKey)
	if err != nil {
		return nil, err
	}
	point, err := decode(stanzas[0].Args[1])
	if err != nil {
		return nil, err
	}
	mark, err := f.as.Tag(point)
	if err != nil {
		return nil, err
	}
	stanzas[0].Args[0] = encode(mark)
	return stanzas, nil
}

func TestChangedRecipients(t *testing.T) {
	v := create(t)
	put(t, v, "GitHub:alice")
	known := v.Known()
	attacker, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(v.Dir(), ".age-recipients")
	original, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"replaced": attacker.Recipient().String() + "\n",
		"added":    string(original) + attacker.Recipient().String() + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			expectError(t, v.Put(account("GitHub:bob"), secret(t, key)), vault.ErrRecipientsChanged)

			o := quick
			o.Known = known
			later := reopen(t, v.Dir(), o)
			expectError(t, later.Put(account("GitHub:bob"), secret(t, key)), vault.ErrRecipientsChanged)
			if err := later.UnlockWithPassphrase(passphrase); err != nil {
				t.Fatalf("the user is locked out: %v", err)
			}
			expectCode(t, later, account("GitHub:alice"))
			expectError(t, later.SetPassphrase("x"), vault.ErrRecipientsChanged)

			status, err := later.Status()
			if err != nil || !status.Changed || status.Recipients == known.Recipients {
				t.Errorf("Status = %+v, %v", status, err)
			}
			expectError(t, later.Trust(known.Recipients), vault.ErrRecipientsChanged)
			if err := later.Trust(status.Recipients); err != nil {
				t.Fatal(err)
			}
			id := oath.ID("GitHub:" + name)
			put(t, later, id)
			if got := later.Known().Recipients; got != status.Recipients {
				t.Errorf("Known returns %q", got)
			}
			content, err := os.ReadFile(filepath.Join(v.Dir(), vault.Path(id)))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := age.Decrypt(bytes.NewReader(content), attacker); err != nil {
				t.Errorf("what was confirmed is not encrypted to: %v", err)
			}
		})
	}
	if err := os.WriteFile(file, []byte("rubbish\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = vault.Open(v.Dir(), quick)
	expectError(t, err, vault.ErrDamaged)
}

func TestRekey(t *testing.T) {
	v := create(t)
	put(t, v, "GitHub:alice", "GitHub:bob")
	if err := v.SetBackupCodes("GitHub:alice", []byte("1111\n")); err != nil {
		t.Fatal(err)
	}
	kept, dropped := newSlot(t), newSlot(t)
	for serial, s := range map[uint32]*slot{1: kept, 2: dropped} {
		if err := v.AddKey(serial, s.recipient(t)); err != nil {
			t.Fatal(err)
		}
	}
	old, err := v.Identity()
	if err != nil {
		t.Fatal(err)
	}
	next := identity(t)
	ways := vault.Ways{Passphrase: "next", Keys: map[uint32]string{1: kept.recipient(t)}}
	if err := v.Rekey(next, ways); err != nil {
		t.Fatal(err)
	}
	put(t, v, "GitHub:carol") // continues without a question

	for name, open := range map[string]func(*vault.Vault) error{
		"passphrase": func(v *vault.Vault) error { return v.UnlockWithPassphrase("next") },
		"key":        func(v *vault.Vault) error { return v.UnlockWithKey(1, kept) },
		"paper":      func(v *vault.Vault) error { return v.UnlockWithIdentity(next) },
	} {
		o := quick
		o.Known = v.Known()
		v := reopen(t, v.Dir(), o)
		if err := open(v); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, id := range []oath.ID{"GitHub:alice", "GitHub:bob", "GitHub:carol"} {
			expectCode(t, v, account(id))
		}
		if codes, err := v.BackupCodes("GitHub:alice"); string(codes) != "1111\n" || err != nil {
			t.Errorf("%s: backup codes %q, %v", name, codes, err)
		}
	}
	v = reopen(t, v.Dir(), quick)
	expectError(t, v.UnlockWithPassphrase(passphrase), oath.ErrWrongPassword)
	expectError(t, v.UnlockWithKey(2, dropped), vault.ErrNoWay)
	expectError(t, v.UnlockWithIdentity(old), vault.ErrWrongKey)
	former, err := age.ParseX25519Identity(old)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files(t, filepath.Join(v.Dir(), "accounts")) {
		content, err := os.ReadFile(filepath.Join(v.Dir(), "accounts", name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := age.Decrypt(bytes.NewReader(content), former); err == nil {
			t.Errorf("%s opens with the old key", name)
		}
	}
}

// TestKeyring keeps the open vault's key elsewhere and opens it again with that.
func TestKeyring(t *testing.T) {
	v := create(t)
	put(t, v, "GitHub:alice")
	kept, err := v.Identity()
	if err != nil {
		t.Fatal(err)
	}
	v = reopen(t, v.Dir(), quick)
	if err := v.UnlockWithIdentity(kept); err != nil {
		t.Fatal(err)
	}
	expectCode(t, v, account("GitHub:alice"))
}

func encode(b []byte) string { return base64.RawStdEncoding.EncodeToString(b) }

func decode(s string) ([]byte, error) { return base64.RawStdEncoding.DecodeString(s) }

// TestPassphraseForms opens a vault in each form of Unicode, whatever it was set in.
func TestPassphraseForms(t *testing.T) {
	const composed, apart = "na\u00efve caf\u00e9", "nai\u0308ve cafe\u0301" // NFC and NFD
	v := create(t)
	if err := v.SetPassphrase(apart); err != nil {
		t.Fatal(err)
	}
	for _, given := range []string{composed, apart} {
		v.Lock()
		if err := v.UnlockWithPassphrase(given); err != nil {
			t.Errorf("%+q: %v", given, err)
		}
	}
	v.Lock()
	expectError(t, v.UnlockWithPassphrase("naive cafe"), oath.ErrWrongPassword)
	key, err := age.NewScryptIdentity(composed) // set as other programs give it
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(v.Dir(), "unlock/passphrase.age"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := age.Decrypt(bytes.NewReader(content), key); err != nil {
		t.Errorf("age does not open it by NFC: %v", err)
	}

	// One that was set as NFD, by an earlier tokenctl or by age.
	old := create(t)
	id, err := old.Identity()
	if err != nil {
		t.Fatal(err)
	}
	to, err := age.NewScryptRecipient(apart)
	if err != nil {
		t.Fatal(err)
	}
	to.SetWorkFactor(2)
	writeFile(t, old, "unlock/passphrase.age", encrypt(t, id, to))
	for _, given := range []string{composed, apart} {
		old.Lock()
		if err := old.UnlockWithPassphrase(given); err != nil {
			t.Errorf("%+q: %v", given, err)
		}
	}
}
