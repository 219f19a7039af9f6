//go:build cgo && linux

package vault_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-piv/piv-go/v2/piv"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/oathtest"
	"github.com/tokenctl/tokenctl/oath/vault"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
	"github.com/tokenctl/tokenctl/oath/virtualkey/vktest"
)

// plug puts a virtual key under a real pcscd, for this process.
func plug(t *testing.T, config virtualkey.Config) (reader string, pull func()) {
	t.Helper()
	d := vktest.Shared(t)
	return d.Readers()[0], d.Plug(t, 0, vktest.New(t, config).Key)
}

// bare does something to a key as another program would, by piv-go alone.
func bare(t *testing.T, reader string, f func(*piv.YubiKey) error) {
	t.Helper()
	yk, err := piv.Open(reader)
	if err != nil {
		t.Fatal(err)
	}
	defer yk.Close()
	if err := f(yk); err != nil {
		t.Fatal(err)
	}
}

// rootsOf returns the virtual key's own root of attestation, which stands where
// Yubico's is.
func rootsOf(t *testing.T, reader string) *x509.CertPool {
	t.Helper()
	roots := x509.NewCertPool()
	bare(t, reader, func(yk *piv.YubiKey) error {
		cert, err := yk.AttestationCertificate()
		if err == nil {
			roots.AddCert(cert)
		}
		return err
	})
	return roots
}

// pins answers with one PIN after the other, and notes the tries left.
type pins struct {
	answers []string
	tries   []int
}

func (p *pins) ask(tries int) (string, error) {
	p.tries = append(p.tries, tries)
	if len(p.answers) == 0 {
		return "", errors.New("asked for one PIN too many")
	}
	pin := p.answers[0]
	p.answers = p.answers[1:]
	return pin, nil
}

func openPIV(t *testing.T, o vault.PIVOptions) *vault.PIV {
	t.Helper()
	p, err := vault.OpenPIV(vktest.Shared(t).Readers()[0], o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// enrolled returns a vault that a new slot of the key opens, locked.
func enrolled(t *testing.T, p *vault.PIV, n vault.NewSlot) (*vault.Vault, *vault.Slot) {
	t.Helper()
	v := create(t)
	put(t, v, "GitHub:alice")
	id, err := p.FreeSlot()
	if err != nil {
		t.Fatal(err)
	}
	slot, err := p.Make(id, n)
	if err != nil {
		t.Fatal(err)
	}
	recipient, err := vault.SlotRecipient(slot.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	if err := v.AddKey(p.Serial(), recipient); err != nil {
		t.Fatal(err)
	}
	return reopen(t, v.Dir(), quick), slot
}

func TestPIV(t *testing.T) {
	reader, _ := plug(t, virtualkey.Config{})
	user := &pins{answers: []string{"123456"}}
	p := openPIV(t, vault.PIVOptions{PIN: user.ask, Roots: rootsOf(t, reader)})
	if p.Serial() != virtualkey.DefaultSerial {
		t.Errorf("serial number %d", p.Serial())
	}
	v, slot := enrolled(t, p, vault.NewSlot{})
	if slot.ID != vault.SlotFirstRetired {
		t.Errorf("the slot is %v", slot.ID)
	}
	if len(user.tries) != 0 {
		t.Error("the PIN was asked for to make a key")
	}
	if err := v.UnlockWithPIV(p); err != nil {
		t.Fatal(err)
	}
	expectCode(t, v, account("GitHub:alice"))
	if len(user.tries) != 1 || user.tries[0] != 3 {
		t.Errorf("the PIN was asked for with these tries left: %v", user.tries)
	}
	v.Lock()
	if err := v.UnlockWithPIV(p); err != nil { // once is enough
		t.Fatal(err)
	}

	got, err := p.Attest(slot)
	want := vault.Attestation{Serial: virtualkey.DefaultSerial, Firmware: "5.7.1"}
	if got != want || err != nil {
		t.Errorf("Attest = %+v, %v, want %+v", got, err, want)
	}
}

func TestPIVAttestation(t *testing.T) {
	reader, _ := plug(t, virtualkey.Config{})
	imported, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	bare(t, reader, func(yk *piv.YubiKey) error {
		return yk.SetPrivateKeyInsecure(piv.DefaultManagementKey, piv.SlotKeyManagement, imported,
			piv.Key{PINPolicy: piv.PINPolicyNever, TouchPolicy: piv.TouchPolicyNever})
	})
	p := openPIV(t, vault.PIVOptions{}) // believes Yubico alone
	made, err := p.Make(vault.SlotAuthentication, vault.NewSlot{PIN: vault.PINNever, Touch: vault.TouchNever})
	if err != nil {
		t.Fatal(err)
	}
	if a, err := p.Attest(made); err != nil || a.Problem == nil {
		t.Errorf("Attest = %+v, %v, want a problem", a, err)
	}
	taken, err := p.Take(vault.SlotKeyManagement)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Attest(taken)
	expectError(t, err, vault.ErrNoAttestation)

	v := create(t)
	recipient, err := vault.SlotRecipient(taken.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	if err := v.AddKey(p.Serial(), recipient); err != nil {
		t.Fatal(err)
	}
	v.Lock()
	if err := v.UnlockWithPIV(p); err != nil {
		t.Errorf("by a key that was taken: %v", err)
	}
}

func TestPIVSlotInUse(t *testing.T) {
	reader, _ := plug(t, virtualkey.Config{})
	retired, _ := piv.RetiredKeyManagementSlot(0x83)
	bare(t, reader, func(yk *piv.YubiKey) error {
		key := piv.Key{Algorithm: piv.AlgorithmEC384, PINPolicy: piv.PINPolicyNever, TouchPolicy: piv.TouchPolicyNever}
		if _, err := yk.GenerateKey(piv.DefaultManagementKey, retired, key); err != nil {
			return err
		}
		cert, err := yk.Attest(retired)
		if err != nil {
			return err
		}
		return yk.SetCertificate(piv.DefaultManagementKey, piv.SlotSignature, cert) // without a key
	})
	p := openPIV(t, vault.PIVOptions{})
	for _, id := range []vault.SlotID{0x83, vault.SlotSignature} {
		_, err := p.Make(id, vault.NewSlot{})
		expectError(t, err, vault.ErrSlotInUse)
	}
	_, err := p.Take(0x83)
	expectError(t, err, oath.ErrUnsupported)
	_, err = p.Take(0x84)
	expectError(t, err, vault.ErrSlotEmpty)

	var made []vault.SlotID
	for {
		id, err := p.FreeSlot()
		if errors.Is(err, vault.ErrNoFreeSlot) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Make(id, vault.NewSlot{}); err != nil {
			t.Fatal(err)
		}
		made = append(made, id)
	}
	if len(made) != 19 || made[0] != 0x82 || made[1] != 0x84 {
		t.Errorf("made keys in %v", made)
	}
	_, err = p.Make(0x82, vault.NewSlot{})
	expectError(t, err, vault.ErrSlotInUse)
}

func TestPIVWrongPIN(t *testing.T) {
	plug(t, virtualkey.Config{})
	user := &pins{answers: []string{"111111", "12345678901", "222222", "333333"}}
	p := openPIV(t, vault.PIVOptions{PIN: user.ask})
	v, _ := enrolled(t, p, vault.NewSlot{Touch: vault.TouchNever})

	for _, tries := range []int{2, 0, 1} {
		err := v.UnlockWithPIV(p)
		if tries == 0 { // too long to be right, and so not tried
			expectError(t, err, vault.ErrMalformedPIN)
			continue
		}
		var wrong *vault.PINError
		if !errors.As(err, &wrong) || wrong.Tries != tries || !errors.Is(err, oath.ErrWrongPassword) {
			t.Errorf("got error %v, want a wrong PIN with %d tries left", err, tries)
		}
	}
	expectError(t, v.UnlockWithPIV(p), vault.ErrPINBlocked)
	asked := len(user.tries)
	expectError(t, v.UnlockWithPIV(p), vault.ErrPINBlocked)
	if len(user.tries) != asked {
		t.Error("a blocked PIN was asked for")
	}
	if err := v.UnlockWithPassphrase(passphrase); err != nil {
		t.Error(err)
	}
}

func TestPIVPromptFails(t *testing.T) {
	plug(t, virtualkey.Config{})
	noTerminal := errors.New("no terminal")
	p := openPIV(t, vault.PIVOptions{PIN: func(int) (string, error) { return "", noTerminal }})
	v, _ := enrolled(t, p, vault.NewSlot{})
	expectError(t, v.UnlockWithPIV(p), noTerminal)
}

func TestPIVTouch(t *testing.T) {
	plug(t, virtualkey.Config{Touch: virtualkey.TouchNever, TouchTimeout: 100 * time.Millisecond})
	user := &pins{answers: []string{"123456"}}
	p := openPIV(t, vault.PIVOptions{PIN: user.ask})
	v, _ := enrolled(t, p, vault.NewSlot{})
	expectError(t, v.UnlockWithPIV(p), oath.ErrTouchTimeout)
	expectError(t, v.UnlockWithPIV(p), oath.ErrTouchTimeout)
}

func TestPIVOtherKey(t *testing.T) {
	reader, pull := plug(t, virtualkey.Config{Serial: 1})
	user := &pins{answers: []string{"123456"}}
	p := openPIV(t, vault.PIVOptions{PIN: user.ask})
	v, _ := enrolled(t, p, vault.NewSlot{})
	_, err := vault.OpenPIV(reader, vault.PIVOptions{})
	expectError(t, err, vault.ErrKeyBusy)
	p.Close()
	_, err = vault.OpenPIV("no such reader", vault.PIVOptions{})
	expectError(t, err, vault.ErrNoKey)
	pull()
	_, err = vault.OpenPIV(reader, vault.PIVOptions{})
	expectError(t, err, vault.ErrNoKey)

	// The same number and other keys in its slots, as after a reset.
	plug(t, virtualkey.Config{Serial: 1})
	p = openPIV(t, vault.PIVOptions{PIN: user.ask})
	expectError(t, v.UnlockWithPIV(p), vault.ErrWrongSlot)
	if _, err := p.Make(0x82, vault.NewSlot{}); err != nil {
		t.Fatal(err)
	}
	expectError(t, v.UnlockWithPIV(p), vault.ErrWrongSlot)
	if len(user.tries) != 0 {
		t.Error("the PIN was asked for in vain")
	}
}

func TestPIVPulled(t *testing.T) {
	_, pull := plug(t, virtualkey.Config{})
	p := openPIV(t, vault.PIVOptions{})
	pull()
	_, err := p.Take(0x82)
	expectError(t, err, oath.ErrRemoved)
	_, err = p.Make(0x82, vault.NewSlot{})
	expectError(t, err, oath.ErrRemoved)
}

// A YubiKey that never answers is given up at every step: what of the vault needs it
// fails, and nothing more is sent to it.
func TestPIVSilent(t *testing.T) {
	after := make(chan time.Time)
	for _, test := range []struct {
		ins  byte // NIST SP 800-73-4, part 2, and Yubico, "PIV extensions"
		name string
	}{
		{0x20, "VERIFY"}, {0x87, "GENERAL AUTHENTICATE"}, {0xf7, "GET METADATA"}, {0xcb, "GET DATA"}, {0xf9, "ATTEST"},
	} {
		t.Run(test.name, func(t *testing.T) {
			k, err := virtualkey.New(virtualkey.Config{After: func(time.Duration) <-chan time.Time { return after }})
			if err != nil {
				t.Fatal(err)
			}
			defer k.Close()
			d := vktest.Shared(t)
			defer d.Plug(t, 0, k)()
			user := &pins{answers: []string{"123456", "123456"}}
			given := 0 // calls that were given up
			late := make(chan struct{})
			p, err := vault.OpenPIV(d.Readers()[0], vault.PIVOptions{PIN: user.ask, Answer: func(call func() error, silent error, release func()) error {
				done := make(chan error, 1)
				go func() { done <- call() }()
				select {
				case err := <-done:
					return err
				case after <- time.Time{}: // the key waits: it is given up, and answers after all
					given++
					go func() { <-done; release(); close(late) }()
					return silent
				}
			}})
			if err != nil {
				t.Fatal(err)
			}
			v, slot := enrolled(t, p, vault.NewSlot{})
			k.SetFaults(virtualkey.Fault{Nth: 1, INS: test.ins, Kind: virtualkey.FaultDelay, Delay: time.Hour})
			var failures []error
			_, err = p.Attest(slot)
			failures = append(failures, err, v.UnlockWithPIV(p))
			_, err = p.Make(0x83, vault.NewSlot{})
			failures = append(failures, err)
			if !slices.ContainsFunc(failures, func(err error) bool { return errors.Is(err, oath.ErrSilent) }) || given != 1 {
				t.Fatalf("given up %d times: %v", given, failures)
			}
			<-late
			k.ClearExchanges()
			expectError(t, v.UnlockWithPIV(p), oath.ErrSilent)
			_, err = p.Take(slot.ID)
			expectError(t, err, oath.ErrSilent)
			expectError(t, p.Close(), oath.ErrSilent)
			if n := k.Exchanges(); n != 0 {
				t.Errorf("%d commands were sent to it", n)
			}
			again := openPIV(t, vault.PIVOptions{PIN: user.ask}) // it was released
			again.Close()
		})
	}
}

func TestPIVManagementKey(t *testing.T) {
	reader, _ := plug(t, virtualkey.Config{})
	management := bytes.Repeat([]byte{7}, 24)
	bare(t, reader, func(yk *piv.YubiKey) error {
		return yk.SetManagementKey(piv.DefaultManagementKey, management)
	})
	user := &pins{answers: []string{"123456", "123456"}}
	p := openPIV(t, vault.PIVOptions{PIN: user.ask})
	_, err := p.Make(0x82, vault.NewSlot{})
	expectError(t, err, vault.ErrManagementKey) // nor is it behind the PIN
	_, err = p.Make(0x82, vault.NewSlot{ManagementKey: bytes.Repeat([]byte{8}, 24)})
	expectError(t, err, vault.ErrManagementKey)
	_, err = p.Make(0x82, vault.NewSlot{ManagementKey: []byte("short")})
	expectError(t, err, vault.ErrManagementKey)
	if _, err := p.Make(0x82, vault.NewSlot{ManagementKey: management}); err != nil {
		t.Error(err)
	}
	p.Close()

	bare(t, reader, func(yk *piv.YubiKey) error {
		return yk.SetMetadata(management, &piv.Metadata{ManagementKey: &management})
	})
	p = openPIV(t, vault.PIVOptions{PIN: user.ask})
	if _, err := p.Make(0x83, vault.NewSlot{}); err != nil {
		t.Errorf("with the key behind the PIN: %v", err)
	}
}

// TestPIVOldFirmware has a key that does not show which slots are in use.
func TestPIVOldFirmware(t *testing.T) {
	reader, _ := plug(t, virtualkey.Config{Firmware: virtualkey.Version{4, 3, 7}})
	bare(t, reader, func(yk *piv.YubiKey) error {
		_, err := yk.GenerateKey(piv.DefaultManagementKey, piv.SlotKeyManagement,
			piv.Key{Algorithm: piv.AlgorithmEC256, PINPolicy: piv.PINPolicyOnce, TouchPolicy: piv.TouchPolicyNever})
		return err
	})
	user := &pins{answers: []string{"123456"}}
	p := openPIV(t, vault.PIVOptions{PIN: user.ask})
	_, err := p.Make(0x82, vault.NewSlot{})
	expectError(t, err, oath.ErrUnsupported)
	_, err = p.FreeSlot()
	expectError(t, err, oath.ErrUnsupported)
	slot, err := p.Take(vault.SlotKeyManagement)
	if err != nil {
		t.Fatal(err)
	}
	recipient, err := vault.SlotRecipient(slot.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	v := create(t)
	if err := v.AddKey(p.Serial(), recipient); err != nil {
		t.Fatal(err)
	}
	v.Lock()
	if err := v.UnlockWithPIV(p); err != nil {
		t.Error(err)
	}
}

// TestPIVSeen has ykman see that the slot is in use.
func TestPIVSeen(t *testing.T) {
	ykman, err := exec.LookPath("ykman")
	oathtest.NeedsTool(t, err)
	reader, _ := plug(t, virtualkey.Config{})
	p := openPIV(t, vault.PIVOptions{})
	if _, err := p.Make(vault.SlotKeyManagement, vault.NewSlot{}); err != nil {
		t.Fatal(err)
	}
	p.Close()
	out, err := exec.Command(ykman, "--reader", reader, "piv", "info").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "CN=tokenctl vault") {
		t.Errorf("ykman piv info: %v\n%s", err, out)
	}
}

// TestPIVFile checks that the way in is encrypted as age's own package does.
func TestPIVFile(t *testing.T) {
	plug(t, virtualkey.Config{})
	p := openPIV(t, vault.PIVOptions{})
	v, _ := enrolled(t, p, vault.NewSlot{})
	content, err := os.ReadFile(filepath.Join(v.Dir(), "unlock/piv-12345678.age"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(content, []byte("age-encryption.org/v1\n-> p256tag ")) {
		t.Errorf("the file begins with %q", content[:60])
	}
}

func TestParseSlotID(t *testing.T) {
	for text, want := range map[string]vault.SlotID{"9d": 0x9d, "9A": 0x9a, "0x82": 0x82, "95": 0x95} {
		if got, err := vault.ParseSlotID(text); got != want || err != nil {
			t.Errorf("ParseSlotID(%q) = %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "9b", "f9", "81", "96", "9", "149", "slot"} {
		if got, err := vault.ParseSlotID(text); err == nil {
			t.Errorf("ParseSlotID(%q) = %v", text, got)
		}
	}
}
