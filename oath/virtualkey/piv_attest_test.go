package virtualkey_test

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"math/big"
	"testing"

	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

// attestationRoot reads the certificate in slot F9.
func (c card) attestationRoot() *x509.Certificate {
	c.t.Helper()
	object := in(c.t, 0x53, c.gets("00cb3fff", unhex(c.t, "5c03 5fff01")))
	return must(x509.ParseCertificate(in(c.t, 0x70, object)))
}

// Each slot's certificate is signed by F9's, which is self-signed.
func TestPIVAttest(t *testing.T) {
	c := plugPIV(t, virtualkey.Config{Serial: 0xfffffffe})
	c.manage()
	root := c.attestationRoot()
	if err := root.CheckSignatureFrom(root); err != nil {
		t.Error(err)
	}
	for algorithm, want := range map[byte]x509.PublicKeyAlgorithm{
		0x11: x509.ECDSA, 0x14: x509.ECDSA, 0x06: x509.RSA, 0xe0: x509.Ed25519, 0xe1: x509.UnknownPublicKeyAlgorithm, // X25519
	} {
		public := c.generate(0x95, algorithm, 0xaa, 1, 3, 0xab, 1, 2)
		cert := must(x509.ParseCertificate(c.gets("00f99500")))
		if err := cert.CheckSignatureFrom(root); err != nil {
			t.Errorf("algorithm %02x: %v", algorithm, err)
		}
		if cert.PublicKeyAlgorithm != want || cert.Subject.CommonName != "YubiKey PIV Attestation 95" {
			t.Errorf("algorithm %02x: %v key of %v", algorithm, cert.PublicKeyAlgorithm, cert.Subject)
		}
		key := must(x509.ParsePKIXPublicKey(cert.RawSubjectPublicKeyInfo))
		if x, ok := key.(*ecdh.PublicKey); ok != (algorithm == 0xe1) || ok && !bytes.Equal(x.Bytes(), in(t, 0x86, public)) {
			t.Errorf("algorithm %02x: the key is %v, want %x", algorithm, key, public)
		}
		for id, want := range map[string]string{
			"1.3.6.1.4.1.41482.3.3": "050701",
			"1.3.6.1.4.1.41482.3.7": "020500fffffffe",
			"1.3.6.1.4.1.41482.3.8": "0302",
			"1.3.6.1.4.1.41482.3.9": "01",
		} {
			if got := hexOf(extension(cert, id)); got != want {
				t.Errorf("extension %s is %s, want %s", id, got, want)
			}
		}
	}
}

func extension(cert *x509.Certificate, id string) []byte {
	for _, e := range cert.Extensions {
		if e.Id.String() == id {
			return e.Value
		}
	}
	return nil
}

func TestPIVAttestRefuses(t *testing.T) {
	c := plugPIV(t, virtualkey.Config{Quirks: virtualkey.NoSerial})
	c.fails("6a80", "00f99a00") // there is none
	c.fails("6a80", "00f9f900")
	c.fails("6a86", "00f99a01")
	c.fails("6a86", "00f90000")
	c.manage()
	c.generate(0x9a, 0x11)
	if got := extension(must(x509.ParseCertificate(c.gets("00f99a00"))), "1.3.6.1.4.1.41482.3.7"); got != nil {
		t.Errorf("a key without a serial number attests %x", got)
	}
	for _, object := range [][]byte{obj(0x53), obj(0x53, obj(0x70, []byte("certificate"))), obj(0x53, []byte{0x70})} {
		c.gets("00db3fff", unhex(t, "5c03 5fff01"), object)
		c.fails("6985", "00f99a00")
	}
}

// X25519 is attested by whatever key is in F9.
func TestPIVAttestX25519(t *testing.T) {
	c := plugPIV(t, virtualkey.Config{})
	c.manage()
	c.generate(0x9d, 0xe1)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true}
	for algorithm, signer := range map[byte]crypto.Signer{
		0x11: must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)),
		0x14: must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)),
		0xe0: ed25519.NewKeyFromSeed(make([]byte, 32)),
	} {
		var private []byte
		switch k := signer.(type) {
		case *ecdsa.PrivateKey:
			private = obj(0x06, must(k.Bytes()))
		case ed25519.PrivateKey:
			private = obj(0x07, k.Seed())
		}
		c.gets(fmt.Sprintf("00fe%02xf9", algorithm), private)
		root := must(x509.ParseCertificate(must(x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer))))
		c.gets("00db3fff", unhex(t, "5c03 5fff01"), obj(0x53, obj(0x70, root.Raw)))
		cert := must(x509.ParseCertificate(c.gets("00f99d00")))
		if err := cert.CheckSignatureFrom(root); err != nil {
			t.Errorf("algorithm %02x: %v", algorithm, err)
		}
	}
}

// Whoever has the management key can make another the issuer.
func TestPIVAttestationIsReplaced(t *testing.T) {
	c := plugPIV(t, virtualkey.Config{})
	c.manage()
	c.generate(0x9a, 0x11)
	old := c.gets("00cb3fff", unhex(t, "5c03 5fff01"))
	c.generate(0xf9, 0x11)
	c.fails("6985", "00f99a00") // the certificate is of the old key

	other := plugPIV(t, virtualkey.Config{})
	object := other.gets("00cb3fff", unhex(t, "5c03 5fff01"))
	if bytes.Equal(object, old) {
		t.Fatal("two keys with one attestation key")
	}
	c.gets("00db3fff", unhex(t, "5c03 5fff01"), object)
	c.fails("6985", "00f99a00") // nor is the other's
}
