//go:build cgo && linux

package vault_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/go-piv/piv-go/v2/piv"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/vault"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

// TestPIVPolicies makes a slot of each policy, on firmware that differs in what it
// shows of slots, and counts how often the PIN and a touch are asked for.
func TestPIVPolicies(t *testing.T) {
	for _, firmware := range []virtualkey.Version{{5, 7, 1}, {5, 4, 3}, {5, 2, 4}, {4, 3, 5}} {
		t.Run(fmt.Sprint(firmware), func(t *testing.T) {
			reader, pull := plug(t, virtualkey.Config{Firmware: firmware})
			defer pull()
			for i, n := range []vault.NewSlot{
				{PIN: vault.PINOnce, Touch: vault.TouchAlways},
				{PIN: vault.PINAlways, Touch: vault.TouchCached},
				{PIN: vault.PINNever, Touch: vault.TouchNever},
			} {
				id := vault.SlotFirstRetired + vault.SlotID(i)
				v := pivVault(t, reader, firmware, id, n)
				countQuestions(t, v, reader, id, n)
			}
		})
	}
}

// pivVault returns a vault that a new slot opens. What is too old to make it is
// helped by another tool.
func pivVault(t *testing.T, reader string, firmware virtualkey.Version, id vault.SlotID, n vault.NewSlot) *vault.Vault {
	t.Helper()
	p := openPIV(t, vault.PIVOptions{})
	defer p.Close()
	_, err := p.Take(id)
	expectError(t, err, vault.ErrSlotEmpty)
	if _, err := p.Make(id, n); firmware[0] < 5 || firmware[1] < 3 {
		expectError(t, err, oath.ErrUnsupported)
		_, err := p.FreeSlot()
		expectError(t, err, oath.ErrUnsupported)
		p.Close()
		generate(t, reader, id, n)
		p = openPIV(t, vault.PIVOptions{})
		defer p.Close()
	} else if err != nil {
		t.Fatal(err)
	}
	slot, err := p.Take(id)
	if err != nil {
		t.Fatal(err)
	}
	return openedBy(t, p, slot)
}

// openedBy returns a vault that a slot opens, locked.
func openedBy(t *testing.T, p *vault.PIV, slot *vault.Slot) *vault.Vault {
	t.Helper()
	recipient, err := vault.SlotRecipient(slot.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	v := create(t)
	if err := v.AddKey(p.Serial(), recipient); err != nil {
		t.Fatal(err)
	}
	v.Lock()
	return v
}

// generate makes a key in a slot by piv-go alone.
func generate(t *testing.T, reader string, id vault.SlotID, n vault.NewSlot) {
	t.Helper()
	slot, _ := piv.RetiredKeyManagementSlot(uint32(id))
	bare(t, reader, func(yk *piv.YubiKey) error {
		_, err := yk.GenerateKey(piv.DefaultManagementKey, slot, piv.Key{
			Algorithm:   piv.AlgorithmEC256,
			PINPolicy:   [...]piv.PINPolicy{piv.PINPolicyOnce, piv.PINPolicyAlways, piv.PINPolicyNever}[n.PIN],
			TouchPolicy: [...]piv.TouchPolicy{piv.TouchPolicyAlways, piv.TouchPolicyCached, piv.TouchPolicyNever}[n.Touch],
		})
		return err
	})
}

// countQuestions opens the vault twice in a session.
func countQuestions(t *testing.T, v *vault.Vault, reader string, id vault.SlotID, n vault.NewSlot) {
	t.Helper()
	roots := rootsOf(t, reader)
	pins, touches, done := 0, 0, 0
	p := openPIV(t, vault.PIVOptions{
		PIN:   func(int) (string, error) { pins++; return "123456", nil },
		Touch: func() func() { touches++; return func() { done++ } },
		Roots: roots,
	})
	defer p.Close()
	for range 2 {
		if err := v.UnlockWithPIV(p); err != nil {
			t.Fatal(err)
		}
		v.Lock()
	}
	if want := map[vault.PINPolicy]int{vault.PINOnce: 1, vault.PINAlways: 2, vault.PINNever: 0}[n.PIN]; pins != want {
		t.Errorf("PIN policy %v: asked for %d times, want %d", n.PIN, pins, want)
	}
	if p.PINKnown() != (pins > 0) {
		t.Errorf("PIN policy %v: PINKnown is %t", n.PIN, p.PINKnown())
	}
	if want := map[vault.TouchPolicy]int{vault.TouchAlways: 2, vault.TouchCached: 2, vault.TouchNever: 0}[n.Touch]; touches != want || done != want {
		t.Errorf("touch policy %v: asked for %d times and done %d times, want %d", n.Touch, touches, done, want)
	}
	slot, err := p.Take(id)
	if err != nil {
		t.Fatal(err)
	}
	a, err := p.Attest(slot)
	if err != nil || a.Problem != nil || a.PIN != n.PIN || a.Touch != n.Touch || a.Serial != p.Serial() {
		t.Errorf("Attest = %+v, %v, want policies %v and %v", a, err, n.PIN, n.Touch)
	}
}

// TestPIVImportedOnOldFirmware has a key that shows by its certificate alone.
func TestPIVImportedOnOldFirmware(t *testing.T) {
	reader, _ := plug(t, virtualkey.Config{Firmware: virtualkey.Version{5, 2, 4}})
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	bare(t, reader, func(yk *piv.YubiKey) error {
		policy := piv.Key{PINPolicy: piv.PINPolicyOnce, TouchPolicy: piv.TouchPolicyNever}
		return errors.Join(yk.SetPrivateKeyInsecure(piv.DefaultManagementKey, piv.SlotKeyManagement, private, policy),
			yk.SetCertificate(piv.DefaultManagementKey, piv.SlotKeyManagement, selfSigned(t, private)))
	})
	user := &pins{answers: []string{"123456"}}
	p := openPIV(t, vault.PIVOptions{PIN: user.ask})
	slot, err := p.Take(vault.SlotKeyManagement)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Attest(slot)
	expectError(t, err, vault.ErrNoAttestation)
	if err := openedBy(t, p, slot).UnlockWithPIV(p); err != nil {
		t.Error(err)
	}
}

func selfSigned(t *testing.T, private *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "alice"},
		NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// TestPIVAttestsAnotherKey has a statement that is right, and of another key.
func TestPIVAttestsAnotherKey(t *testing.T) {
	_, pull := plug(t, virtualkey.Config{})
	p := openPIV(t, vault.PIVOptions{})
	slot, err := p.Make(0x82, vault.NewSlot{})
	if err != nil {
		t.Fatal(err)
	}
	p.Close()
	pull()
	reader, _ := plug(t, virtualkey.Config{})
	p = openPIV(t, vault.PIVOptions{Roots: rootsOf(t, reader)})
	if _, err := p.Make(0x82, vault.NewSlot{}); err != nil {
		t.Fatal(err)
	}
	if a, err := p.Attest(slot); err != nil || a.Problem == nil || a.Problem.Error() != "it speaks of another key" {
		t.Errorf("Attest = %+v, %v", a, err)
	}
}
