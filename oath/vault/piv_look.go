//go:build (cgo && (darwin || freebsd || linux || openbsd)) || windows

package vault

import (
	"crypto/ecdsa"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/go-piv/piv-go/v2/piv"

	"github.com/tokenctl/tokenctl/oath"
)

// Take returns the key that is in a slot. It returns ErrSlotEmpty, or
// oath.ErrUnsupported for a key that is not a P-256 one.
func (p *PIV) Take(id SlotID) (*Slot, error) {
	info, err := p.look(id)
	if err != nil {
		return nil, err
	}
	return p.slot(id, info)
}

func (p *PIV) slot(id SlotID, info piv.KeyInfo) (*Slot, error) {
	key, ok := info.PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve.Params().BitSize != 256 {
		return nil, fmt.Errorf("%w: slot %v holds another kind of key than P-256", oath.ErrUnsupported, id)
	}
	exchange, err := key.ECDH()
	if err != nil {
		return nil, fmt.Errorf("slot %v: %w", id, err)
	}
	return &Slot{id, p, key, exchange, info.PINPolicy, info.TouchPolicy}, nil
}

// look returns the public key of a slot and its policies: as the key tells them,
// or attests them. Of an older key's slot without attestation the certificate has
// the public key, and the policies may be any.
func (p *PIV) look(id SlotID) (piv.KeyInfo, error) {
	doing := "looking into slot " + id.String()
	if p.tellsKeys() {
		info, err := p.key.KeyInfo(pivSlot(id))
		return info, lookError(doing, err)
	}
	if cert, err := p.key.Attest(pivSlot(id)); err == nil {
		return p.attested(cert), nil
	}
	cert, err := p.key.Certificate(pivSlot(id))
	if err != nil {
		return piv.KeyInfo{}, lookError(doing, err)
	}
	return piv.KeyInfo{PublicKey: cert.PublicKey, PINPolicy: piv.PINPolicyAlways, TouchPolicy: piv.TouchPolicyAlways}, nil
}

// attested returns what a slot's attestation says, whoever signed it.
func (p *PIV) attested(cert *x509.Certificate) piv.KeyInfo {
	info := piv.KeyInfo{PublicKey: cert.PublicKey, PINPolicy: piv.PINPolicyAlways, TouchPolicy: piv.TouchPolicyAlways}
	signer, err := p.key.AttestationCertificate()
	if err != nil {
		return info
	}
	verifier := piv.Verifier{Roots: x509.NewCertPool()}
	verifier.Roots.AddCert(signer)
	if said, err := verifier.Verify(signer, cert); err == nil && said.PINPolicy != 0 {
		info.PINPolicy, info.TouchPolicy = said.PINPolicy, said.TouchPolicy
	}
	return info
}

// tellsKeys reports whether the firmware knows GET METADATA, without which an
// imported key does not show (Yubico, "PIV extensions").
func (p *PIV) tellsKeys() bool {
	v := p.key.Version()
	return v.Major > 5 || v.Major == 5 && v.Minor >= 3
}

// Attest returns what the YubiKey says of a slot's key: that it was made there,
// and cannot leave it. It returns ErrNoAttestation. A statement that does not
// hold is no error, but has a Problem.
func (p *PIV) Attest(s *Slot) (Attestation, error) {
	cert, err := p.key.Attest(pivSlot(s.ID))
	if err != nil {
		if e := pivError("attesting slot "+s.ID.String(), err); errors.Is(e, oath.ErrRemoved) {
			return Attestation{}, e
		}
		return Attestation{}, ErrNoAttestation
	}
	signer, err := p.key.AttestationCertificate()
	if err != nil {
		return Attestation{Problem: fmt.Errorf("reading the attestation certificate: %w", err)}, nil
	}
	verifier := piv.Verifier{Roots: p.options.Roots}
	said, err := verifier.Verify(signer, cert)
	if err != nil {
		return Attestation{Problem: err}, nil
	}
	a := Attestation{
		Serial:   said.Serial,
		Firmware: fmt.Sprintf("%d.%d.%d", said.Version.Major, said.Version.Minor, said.Version.Patch),
		PIN:      keyOf(pinPolicies, said.PINPolicy, PINAlways),
		Touch:    keyOf(touchPolicies, said.TouchPolicy, TouchAlways),
	}
	switch {
	case !s.public.Equal(cert.PublicKey):
		a.Problem = errors.New("it speaks of another key")
	case said.Serial != p.serial:
		a.Problem = fmt.Errorf("it speaks of the YubiKey with number %d", said.Serial)
	}
	return a, nil
}

func keyOf[K, V comparable](m map[K]V, value V, otherwise K) K {
	for k, v := range m {
		if v == value {
			return k
		}
	}
	return otherwise
}

func pivSlot(id SlotID) piv.Slot {
	switch id {
	case SlotAuthentication:
		return piv.SlotAuthentication
	case SlotSignature:
		return piv.SlotSignature
	case SlotKeyManagement:
		return piv.SlotKeyManagement
	case SlotCardAuthentication:
		return piv.SlotCardAuthentication
	}
	slot, _ := piv.RetiredKeyManagementSlot(uint32(id))
	return slot
}
