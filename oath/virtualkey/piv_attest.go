package virtualkey

import (
	"context"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
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

// personalise makes the state of an applet that was never used, with a key and
// a certificate for it in the attestation slot.
func (p *piv) personalise() status {
	if p.key.state.PIV != nil {
		return swOK
	}
	s := newPIVState(p.key.config.Firmware)
	if err := p.addAttestation(s); err != nil {
		return swAborted
	}
	if p.key.update(func(st *state) { st.PIV = s }) != nil {
		return swMemoryFailure
	}
	return swOK
}

func (p *piv) addAttestation(s *pivState) error {
	private, err := p.key.generatePrivate(p256)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return fmt.Errorf("encoding the attestation key: %w", err)
	}
	cert, err := p.attestationRoot(private.(crypto.Signer))
	if err != nil {
		return err
	}
	object := appendTLV(nil, tagCertificate, cert...)
	object = appendTLV(object, tagCertificateInfo, 0)
	s.Objects[objectAttestation] = appendTLV(object, tagErrorDetection)
	s.Keys[slotAttestation] = pivKey{Private: der, PIN: pinNever, Touch: touchNever}
	return nil
}

// attestationRoot is the certificate of the attestation key, signed by itself:
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
// Unlike the hardware it cannot speak for X25519, which crypto/x509 puts into no
// certificate.
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
	cert, err := x509.CreateCertificate(nil, &x509.Certificate{
		SerialNumber:    serial,
		Subject:         pkix.Name{CommonName: fmt.Sprintf("%s%02x", attestationSubject, byte(slot))},
		NotBefore:       issuer.NotBefore,
		NotAfter:        issuer.NotAfter,
		ExtraExtensions: p.attestationExtensions(k),
	}, issuer, k.open().public(), signer)
	if err != nil {
		return nil, swConditions // or the issuer's certificate is not of the issuer's key
	}
	return cert, swOK
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
