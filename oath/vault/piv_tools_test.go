//go:build cgo && linux

package vault_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/oathtest"
	"github.com/tokenctl/tokenctl/oath/vault"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

// tool runs another maker's program in a folder, which must be content. Words with
// spaces in them come after the command.
func tool(t *testing.T, dir, command string, more ...string) string {
	t.Helper()
	words := append(strings.Fields(command), more...)
	oathtest.RequireTool(t, words[0])
	c := exec.Command(words[0], words[1:]...)
	c.Dir, c.Env = dir, append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME="+dir, "LC_ALL=C.UTF-8")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
	return string(out)
}

// TestPIVKeepsWhatToolsMade has keys that other tools put into slots.
func TestPIVKeepsWhatToolsMade(t *testing.T) {
	dir := t.TempDir()
	reader, _ := plug(t, virtualkey.Config{Firmware: virtualkey.Version{5, 4, 3}})
	tool(t, dir, "openssl ecparam -name prime256v1 -genkey -noout -out p256.pem")
	tool(t, dir, "openssl genrsa -out rsa.pem 2048")
	tool(t, dir, "openssl req -x509 -new -key rsa.pem -subj /CN=alice -out certificate.pem")
	run := func(arguments string) string {
		t.Helper()
		return tool(t, dir, "yubico-piv-tool "+arguments, "-r", reader)
	}
	run("-a import-key -s 82 --pin-policy never -i p256.pem")
	run("-a import-key -s 83 -i rsa.pem")
	run("-a import-certificate -s 84 -i certificate.pem")
	run("-a generate -s 9d -A ECCP384 -o public.pem")
	before := run("-a status")

	p := openPIV(t, vault.PIVOptions{})
	for id, want := range map[vault.SlotID]error{0x82: nil, 0x83: oath.ErrUnsupported, 0x84: vault.ErrSlotEmpty, 0x9d: oath.ErrUnsupported} {
		_, err := p.Make(id, vault.NewSlot{})
		expectError(t, err, vault.ErrSlotInUse)
		_, err = p.Take(id)
		expectError(t, err, want)
	}
	if id, err := p.FreeSlot(); id != 0x85 || err != nil {
		t.Errorf("the first free slot is %v, %v", id, err)
	}
	taken, err := p.Take(0x82)
	if err != nil {
		t.Fatal(err)
	}
	if err := openedBy(t, p, taken).UnlockWithPIV(p); err != nil {
		t.Errorf("by an imported key: %v", err)
	}
	p.Close()
	if after := run("-a status"); after != before {
		t.Errorf("the key says\n%s\nbefore\n%s", after, before)
	}
}

// TestPIVProtectedManagementKey has ykman keep the management key behind the PIN.
func TestPIVProtectedManagementKey(t *testing.T) {
	for _, firmware := range []virtualkey.Version{{5, 7, 1}, {5, 4, 3}} {
		_, pull := plug(t, virtualkey.Config{Firmware: firmware})
		tool(t, t.TempDir(), "ykman -d 12345678 piv access change-management-key --protect --generate -P 123456 -f -m 010203040506070801020304050607080102030405060708")

		p := openPIV(t, vault.PIVOptions{})
		_, err := p.Make(0x82, vault.NewSlot{})
		expectError(t, err, oath.ErrLocked)
		p.Close()
		user := &pins{answers: []string{"654321", "123456"}}
		p = openPIV(t, vault.PIVOptions{PIN: user.ask})
		_, err = p.Make(0x82, vault.NewSlot{})
		expectError(t, err, oath.ErrWrongPassword)
		_, err = p.Take(0x82)
		expectError(t, err, vault.ErrSlotEmpty)
		if _, err := p.Make(0x82, vault.NewSlot{}); err != nil {
			t.Errorf("firmware %v: %v", firmware, err)
		}
		if !p.PINKnown() {
			t.Error("the key was given its PIN")
		}
		p.Close()
		pull()
	}
}

// TestPIVOpensWhatAgeWrote has age encrypt the vault's key to the slot.
func TestPIVOpensWhatAgeWrote(t *testing.T) {
	plug(t, virtualkey.Config{})
	p := openPIV(t, vault.PIVOptions{})
	v, slot := enrolled(t, p, vault.NewSlot{PIN: vault.PINNever, Touch: vault.TouchNever})
	recipient, err := vault.SlotRecipient(slot.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	way := filepath.Join(v.Dir(), "unlock/piv-12345678.age")
	other := filepath.Join(t.TempDir(), "other.key")
	if err := os.WriteFile(other, []byte(identity(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	commands := ageCommands(t)
	for name, age := range commands { // each can read the header
		out, err := exec.Command(age, "-d", "-i", other, way).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "no identity matched any of the recipients") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}

	if err := v.UnlockWithPIV(p); err != nil {
		t.Fatal(err)
	}
	key, err := v.Identity()
	if err != nil {
		t.Fatal(err)
	}
	v.Lock()
	if err := os.Remove(way); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(commands["age v1.3.2"], "-r", recipient, "-o", way)
	c.Stdin = strings.NewReader(key + "\n")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("age -r %s: %v\n%s", recipient, err, out)
	}
	if err := v.UnlockWithPIV(p); err != nil {
		t.Errorf("what age wrote: %v", err)
	}
}
