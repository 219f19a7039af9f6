package virtualkey

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"fmt"
	"io"
	"math/big"
	"time"
)

// The subjects of attestation certificates. On the hardware the issuer is
// "Yubico PIV Attestation".
const (
	attestationIssuer  = "Virtual YubiKey PIV Attestation"
	attestationSubject = "YubiKey PIV Attestation " // and the slot, two digits
)

// attestationBegin and attestationEnd are when Yubico's root certificate is valid,
// which is until after every use of it.
var (
	attestationBegin = time.Date(2016, 3, 14, 0, 0, 0, 0, time.UTC)
	attestationEnd   = time.Date(2052, 4, 17, 0, 0, 0, 0, time.UTC)
)

// Extensions of attestation certificates.
// https://developers.yubico.com/PIV/Introduction/PIV_attestation.html
var (
	extensionFirmware   = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 41482, 3, 3} // 3 bytes
	extensionSerial     = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 41482, 3, 7} // an INTEGER
	extensionPolicies   = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 41482, 3, 8} // PIN and touch, 2 bytes
	extensionFormFactor = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 41482, 3, 9} // 1 byte
)

// Tags of a certificate in an object, SP 800-73-4, part 1, appendix A.
const (
	tagCertificate     = 0x70
	tagCertificateInfo = 0x71
	tagErrorDetection  = 0xFE
)

// concernsAttestation says whether a command may be about the key or the
// certificate in slot F9.
func (c command) concernsAttestation() bool {
	return c.ins == insAttest || pivSlot(c.p1) == slotAttestation || pivSlot(c.p2) == slotAttestation ||
		bytes.Contains(c.data, binary.BigEndian.AppendUint32(nil, uint32(objectAttestation))[1:])
}

// addAttestation puts a key, and a certificate for it, into the attestation slot.
// On the hardware it is a key of RSA from the factory: GET METADATA says 07,
// imported, PIN policy ONCE and touch policy NEVER, as seen on a YubiKey 5.
func (p *piv) addAttestation() status {
	private, err := p.key.generatePrivate(rsa2048)
	if err != nil {
		return swAborted
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return swAborted
	}
	cert, err := p.attestationRoot(private.(crypto.Signer))
	if err != nil {
		return swAborted
	}
	object := appendTLV(nil, tagCertificate, cert...)
	object = appendTLV(object, tagCertificateInfo, 0)
	object = appendTLV(object, tagErrorDetection)
	return p.change(func(s *pivState) {
		s.Objects[objectAttestation] = object
		s.Keys[slotAttestation] = pivKey{Private: der, PIN: pinOnce, Touch: touchNever, Imported: true}
		s.Unattested = false
	})
}

// attestationRoot is the certificate of the attestation key, self-signed:
// there is no Yubico behind this key.
func (p *piv) attestationRoot(private crypto.Signer) ([]byte, error) {
	serial, err := p.certificateSerial()
	if err != nil {
		return nil, err
	}
	root := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: attestationIssuer},
		NotBefore:             attestationBegin,
		NotAfter:              attestationEnd,
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
	return x509.CreateCertificate(nil, root, root, private.Public(), private)
}

// certificateSerial is a random serial number, RFC 5280, 4.1.2.2.
func (p *piv) certificateSerial() (*big.Int, error) {
	b, err := p.key.random(16)
	if err != nil {
		return nil, err
	}
	b[0] = b[0]&0x7F | 0x40 // positive, and of full length
	return new(big.Int).SetBytes(b), nil
}

// attest returns a certificate which says that the key in slot P1 was made here.
func (p *piv) attest(_ context.Context, c command) ([]byte, status) {
	slot := pivSlot(c.p1)
	k, ok := p.key.state.PIV.Keys[slot]
	switch {
	case c.p2 != 0 || !slot.valid():
		return nil, swIncorrectP1P2
	case !ok || k.Imported || slot == slotAttestation:
		return nil, swWrongData
	}
	issuer, signer := p.attestation()
	serial, err := p.certificateSerial()
	if issuer == nil || err != nil {
		return nil, swConditions
	}
	template := &x509.Certificate{
		SerialNumber:    serial,
		Subject:         pkix.Name{CommonName: fmt.Sprintf("%s%02x", attestationSubject, byte(slot))},
		NotBefore:       issuer.NotBefore,
		NotAfter:        issuer.NotAfter,
		ExtraExtensions: p.attestationExtensions(k),
	}
	create := x509.CreateCertificate
	if k.open().algorithm() == x25519Key {
		create = createX25519Certificate
	}
	cert, err := create(nil, template, issuer, k.open().public(), signer)
	if err != nil {
		return nil, swConditions // or the issuer's certificate is not of the issuer's key
	}
	return cert, swOK
}

// createX25519Certificate is x509.CreateCertificate for X25519, which that refuses:
// it makes a certificate for the Ed25519 key of the same bytes, puts the X25519 key
// in, which differs in the algorithm alone (RFC 8410, 3), and signs it again.
func createX25519Certificate(_ io.Reader, template, issuer *x509.Certificate, public, private any) ([]byte, error) {
	standIn := ed25519.PublicKey(public.(*ecdh.PublicKey).Bytes())
	der, err := x509.CreateCertificate(nil, template, issuer, standIn, private)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	key, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, err
	}
	signed := bytes.Replace(cert.RawTBSCertificate, cert.RawSubjectPublicKeyInfo, key, 1)
	hash := map[x509.SignatureAlgorithm]crypto.Hash{
		x509.SHA256WithRSA: crypto.SHA256, x509.ECDSAWithSHA256: crypto.SHA256, x509.ECDSAWithSHA384: crypto.SHA384,
	}[cert.SignatureAlgorithm] // none for Ed25519
	signature, err := crypto.SignMessage(private.(crypto.Signer), nil, signed, hash)
	if err != nil {
		return nil, err
	}
	var parts struct { // RFC 5280, 4.1
		Signed    asn1.RawValue
		Algorithm asn1.RawValue
		Signature asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &parts); err != nil {
		return nil, err
	}
	parts.Signed = asn1.RawValue{FullBytes: signed}
	parts.Signature = asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}
	return asn1.Marshal(parts)
}

// attestation returns the certificate and the key in the attestation slot, which
// the owner may have replaced, or nil where there are none that go together.
func (p *piv) attestation() (*x509.Certificate, crypto.Signer) {
	object := objects(p.key.state.PIV.Objects[objectAttestation])
	der, _ := object.take(tagCertificate)
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil
	}
	private, err := x509.ParsePKCS8PrivateKey(p.key.state.PIV.Keys[slotAttestation].Private)
	signer, ok := private.(crypto.Signer)
	if err != nil || !ok {
		return nil, nil
	}
	return cert, signer
}

func (p *piv) attestationExtensions(k pivKey) []pkix.Extension {
	v := p.key.config.Firmware
	extensions := []pkix.Extension{
		{Id: extensionFirmware, Value: v[:]},
		{Id: extensionPolicies, Value: []byte{byte(k.PIN), byte(k.Touch)}},
		{Id: extensionFormFactor, Value: []byte{formFactorKeychainA}},
	}
	serial, err := asn1.Marshal(int64(p.key.serial))
	if err == nil && !p.key.config.Quirks.Has(NoSerial) {
		extensions = append(extensions, pkix.Extension{Id: extensionSerial, Value: serial})
	}
	return extensions
}
