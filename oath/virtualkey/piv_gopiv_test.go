//go:build cgo

package virtualkey_test

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"testing"
	"time"

	gopiv "github.com/go-piv/piv-go/v2/piv"

	"github.com/tokenctl/tokenctl/oath/virtualkey"
	"github.com/tokenctl/tokenctl/oath/virtualkey/vktest"
)

// openPIV plugs a key into the shared daemon and opens it with piv-go.
func openPIV(t *testing.T, config virtualkey.Config) *gopiv.YubiKey {
	t.Helper()
	yk, err := gopiv.Open(vktest.Here(t, config).Reader())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { yk.Close() })
	return yk
}

func TestGoPIVKeys(t *testing.T) {
	yk := openPIV(t, virtualkey.Config{})
	if serial, err := yk.Serial(); serial != virtualkey.DefaultSerial || err != nil {
		t.Errorf("serial number %d, %v", serial, err)
	}
	if v := yk.Version(); v != (gopiv.Version{Major: 5, Minor: 7, Patch: 1}) {
		t.Errorf("version %v", v)
	}
	for _, test := range []struct {
		name string
		gopiv.Key
		use func(*testing.T, crypto.PrivateKey, crypto.PublicKey)
	}{
		{"P-256", gopiv.Key{Algorithm: gopiv.AlgorithmEC256, PINPolicy: gopiv.PINPolicyOnce, TouchPolicy: gopiv.TouchPolicyAlways}, useEC},
		{"P-384", gopiv.Key{Algorithm: gopiv.AlgorithmEC384, PINPolicy: gopiv.PINPolicyAlways, TouchPolicy: gopiv.TouchPolicyCached}, useEC},
		{"RSA 1024", gopiv.Key{Algorithm: gopiv.AlgorithmRSA1024, PINPolicy: gopiv.PINPolicyNever, TouchPolicy: gopiv.TouchPolicyNever}, useRSA},
		{"RSA 2048", gopiv.Key{Algorithm: gopiv.AlgorithmRSA2048, PINPolicy: gopiv.PINPolicyOnce, TouchPolicy: gopiv.TouchPolicyNever}, useRSA},
		{"Ed25519", gopiv.Key{Algorithm: gopiv.AlgorithmEd25519, PINPolicy: gopiv.PINPolicyOnce, TouchPolicy: gopiv.TouchPolicyNever}, useEd25519},
		{"X25519", gopiv.Key{Algorithm: gopiv.AlgorithmX25519, PINPolicy: gopiv.PINPolicyOnce, TouchPolicy: gopiv.TouchPolicyNever}, useX25519},
	} {
		t.Run(test.name, func(t *testing.T) {
			slot := gopiv.SlotAuthentication
			public, err := yk.GenerateKey(gopiv.DefaultManagementKey, slot, test.Key)
			if err != nil {
				t.Fatal(err)
			}
			if test.Algorithm != gopiv.AlgorithmX25519 {
				checkAttestation(t, yk, slot, public, test.Key)
			}
			info, err := yk.KeyInfo(slot)
			want := gopiv.KeyInfo{Algorithm: test.Algorithm, PINPolicy: test.PINPolicy, TouchPolicy: test.TouchPolicy, Origin: gopiv.OriginGenerated}
			if err != nil || !equal(info.PublicKey, public) {
				t.Errorf("metadata: %+v, %v", info, err)
			}
			if info.PublicKey = nil; info != want {
				t.Errorf("metadata: %+v, want %+v", info, want)
			}
			private, err := yk.PrivateKey(slot, public, gopiv.KeyAuth{PIN: gopiv.DefaultPIN})
			if err != nil {
				t.Fatal(err)
			}
			test.use(t, private, public)
			test.use(t, private, public)
		})
	}
}

func equal(a, b crypto.PublicKey) bool {
	e, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && e.Equal(b)
}

// checkAttestation checks what the key says of a key that it made.
func checkAttestation(t *testing.T, yk *gopiv.YubiKey, slot gopiv.Slot, public crypto.PublicKey, k gopiv.Key) {
	t.Helper()
	cert, err := yk.Attest(slot)
	if err != nil {
		t.Fatal(err)
	}
	root, err := yk.AttestationCertificate()
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(root)
	verifier := gopiv.Verifier{Roots: roots}
	a, err := verifier.Verify(root, cert)
	if err != nil {
		t.Fatal(err)
	}
	want := gopiv.Attestation{
		Version:     gopiv.Version{Major: 5, Minor: 7, Patch: 1},
		Serial:      virtualkey.DefaultSerial,
		Formfactor:  gopiv.FormfactorUSBAKeychain,
		PINPolicy:   k.PINPolicy,
		TouchPolicy: k.TouchPolicy,
		Slot:        slot,
	}
	if *a != want || !equal(cert.PublicKey, public) {
		t.Errorf("attestation: %+v, want %+v", *a, want)
	}
	if a, err := gopiv.Verify(root, cert); err == nil {
		t.Errorf("Yubico vouches for a virtual key: %+v", a)
	}
}

func useEC(t *testing.T, private crypto.PrivateKey, public crypto.PublicKey) {
	t.Helper()
	digest := sha256.Sum256([]byte("message"))
	k, pub := private.(*gopiv.ECDSAPrivateKey), public.(*ecdsa.PublicKey)
	signature, err := k.Sign(nil, digest[:], crypto.SHA256)
	if err != nil || !ecdsa.VerifyASN1(pub, digest[:], signature) {
		t.Errorf("signature %x, %v", signature, err)
	}
	ours, err := ecdsa.GenerateKey(pub.Curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := k.SharedKey(&ours.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	agrees(t, theirs, must(ours.ECDH()), must(pub.ECDH()))
}

func agrees(t *testing.T, got []byte, private *ecdh.PrivateKey, public *ecdh.PublicKey) {
	t.Helper()
	if want, err := private.ECDH(public); err != nil || !bytes.Equal(got, want) {
		t.Errorf("shared secret %x, want %x, %v", got, want, err)
	}
}

func useRSA(t *testing.T, private crypto.PrivateKey, public crypto.PublicKey) {
	t.Helper()
	digest := sha256.Sum256([]byte("message"))
	pub := public.(*rsa.PublicKey)
	signature, err := private.(crypto.Signer).Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil || rsa.VerifyPKCS1v15(pub, crypto.SHA256, digest[:], signature) != nil {
		t.Errorf("signature %x, %v", signature, err)
	}
	pss := &rsa.PSSOptions{Hash: crypto.SHA256, SaltLength: 32}
	signature, err = private.(crypto.Signer).Sign(rand.Reader, digest[:], pss)
	if err != nil || rsa.VerifyPSS(pub, crypto.SHA256, digest[:], signature, pss) != nil {
		t.Errorf("PSS signature %x, %v", signature, err)
	}
	//lint:ignore SA1019 it is what the applet's RSA slots are decrypted with in the field
	sealed, err := rsa.EncryptPKCS1v15(rand.Reader, pub, []byte("message"))
	if err != nil {
		t.Fatal(err)
	}
	opened, err := private.(crypto.Decrypter).Decrypt(nil, sealed, nil)
	if string(opened) != "message" || err != nil {
		t.Errorf("deciphered %q, %v", opened, err)
	}
}

func useEd25519(t *testing.T, private crypto.PrivateKey, public crypto.PublicKey) {
	t.Helper()
	message := bytes.Repeat([]byte("message"), 100)
	signature, err := private.(crypto.Signer).Sign(nil, message, crypto.Hash(0))
	if err != nil || !ed25519.Verify(public.(ed25519.PublicKey), message, signature) {
		t.Errorf("signature %x, %v", signature, err)
	}
}

func useX25519(t *testing.T, private crypto.PrivateKey, public crypto.PublicKey) {
	t.Helper()
	ours := must(ecdh.X25519().GenerateKey(rand.Reader))
	theirs, err := private.(*gopiv.X25519PrivateKey).ECDH(ours.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	agrees(t, theirs, ours, public.(*ecdh.PublicKey))
}

func TestGoPIVImport(t *testing.T) {
	yk := openPIV(t, virtualkey.Config{})
	_, ed, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		private   crypto.PrivateKey
		algorithm gopiv.Algorithm
		use       func(*testing.T, crypto.PrivateKey, crypto.PublicKey)
	}{
		{must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), gopiv.AlgorithmEC256, useEC},
		{must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)), gopiv.AlgorithmEC384, useEC},
		{must(rsa.GenerateKey(rand.Reader, 2048)), gopiv.AlgorithmRSA2048, useRSA},
		{must(ecdh.X25519().GenerateKey(rand.Reader)), gopiv.AlgorithmX25519, useX25519},
		{ed, gopiv.AlgorithmEd25519, useEd25519},
	} {
		policy := gopiv.Key{Algorithm: test.algorithm, PINPolicy: gopiv.PINPolicyOnce, TouchPolicy: gopiv.TouchPolicyNever}
		slot, _ := gopiv.RetiredKeyManagementSlot(0x82)
		if err := yk.SetPrivateKeyInsecure(gopiv.DefaultManagementKey, slot, test.private, policy); err != nil {
			t.Fatalf("%T: %v", test.private, err)
		}
		if cert, err := yk.Attest(slot); !errors.Is(err, gopiv.ErrNotFound) {
			t.Errorf("%T: an imported key is attested: %v, %v", test.private, cert, err)
		}
		public := test.private.(interface{ Public() crypto.PublicKey }).Public()
		info, err := yk.KeyInfo(slot)
		if err != nil || info.Origin != gopiv.OriginImported || !equal(info.PublicKey, public) {
			t.Errorf("%T: %+v, %v", test.private, info, err)
		}
		private, err := yk.PrivateKey(slot, public, gopiv.KeyAuth{PIN: gopiv.DefaultPIN})
		if err != nil {
			t.Fatal(err)
		}
		test.use(t, private, public)
	}
}

func TestGoPIVSecrets(t *testing.T) {
	yk := openPIV(t, virtualkey.Config{})
	var wrong gopiv.AuthErr
	if err := yk.VerifyPIN("000000"); !errors.As(err, &wrong) || wrong.Retries != 2 {
		t.Errorf("a wrong PIN: %v", err)
	}
	if n, err := yk.Retries(); n != 2 || err != nil {
		t.Errorf("%d retries, %v", n, err)
	}
	steps := []error{
		yk.SetPIN(gopiv.DefaultPIN, "654321"),
		yk.SetPUK(gopiv.DefaultPUK, "87654321"),
		yk.VerifyPIN("654321"),
		yk.Unblock("87654321", "111111"),
		yk.VerifyPIN("111111"),
		yk.SetRetries(gopiv.DefaultManagementKey, "111111", 5, 4),
		yk.VerifyPIN(gopiv.DefaultPIN),
	}
	current := gopiv.DefaultManagementKey
	for _, length := range []int{16, 32, 24} {
		next := bytes.Repeat([]byte{7}, length)
		steps = append(steps, yk.SetManagementKey(current, next))
		current = next
	}
	steps = append(steps,
		yk.SetMetadata(current, &gopiv.Metadata{ManagementKey: &current}),
		errors.Join(yk.Reset(), yk.SetManagementKey(gopiv.DefaultManagementKey, current)),
	)
	for i, err := range steps {
		if err != nil {
			t.Errorf("step %d: %v", i, err)
		}
	}
	if err := yk.SetManagementKey(gopiv.DefaultManagementKey, current); err == nil {
		t.Error("the old management key is good")
	}
}

func TestGoPIVCertificate(t *testing.T) {
	yk := openPIV(t, virtualkey.Config{Firmware: virtualkey.Version{4, 3, 5}})
	slot := gopiv.SlotKeyManagement
	if cert, err := yk.Certificate(slot); !errors.Is(err, gopiv.ErrNotFound) {
		t.Errorf("the certificate of an empty slot: %v, %v", cert, err)
	}
	private := must(rsa.GenerateKey(rand.Reader, 4096)) // for a certificate of several pieces
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Alice"}, NotAfter: time.Now()}
	cert := must(x509.ParseCertificate(must(x509.CreateCertificate(rand.Reader, template, template, private.Public(), private))))
	if err := yk.SetCertificate(gopiv.DefaultManagementKey, slot, cert); err != nil {
		t.Fatal(err)
	}
	if got, err := yk.Certificate(slot); err != nil || !got.Equal(cert) {
		t.Errorf("got %v, %v", got, err)
	}
	if serial, err := yk.Serial(); serial != virtualkey.DefaultSerial || err != nil {
		t.Errorf("serial number %d, %v", serial, err)
	}
}
