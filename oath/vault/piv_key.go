//go:build (cgo && (darwin || freebsd || linux || openbsd)) || windows

package vault

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"time"

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

// look returns the public key of a slot and its policies, as the key reports or
// attests them. An older key's slot without attestation has the public key in its
// certificate, and its policies may be any.
func (p *PIV) look(id SlotID) (info piv.KeyInfo, err error) {
	slot := pivSlot(id)
	if p.hasMetadata() {
		info, err = ask(p, func() (piv.KeyInfo, error) { return p.key.KeyInfo(slot) })
	} else if cert, unattested := ask(p, func() (*x509.Certificate, error) { return p.key.Attest(slot) }); unattested == nil {
		info = p.attested(cert)
	} else if cert, err = ask(p, func() (*x509.Certificate, error) { return p.key.Certificate(slot) }); err == nil {
		info = strictest(cert)
	}
	doing := "looking into slot " + id.String()
	if errors.Is(err, piv.ErrNotFound) {
		return info, fmt.Errorf("%s: %w", doing, ErrSlotEmpty)
	}
	return info, pivError(doing, err)
}

// strictest is the public key of a slot whose policies are not known.
func strictest(cert *x509.Certificate) piv.KeyInfo {
	return piv.KeyInfo{PublicKey: cert.PublicKey, PINPolicy: piv.PINPolicyAlways, TouchPolicy: piv.TouchPolicyAlways}
}

// attested returns what a slot's attestation says, whoever signed it.
func (p *PIV) attested(cert *x509.Certificate) piv.KeyInfo {
	info := strictest(cert)
	signer, err := ask(p, p.key.AttestationCertificate)
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

// hasMetadata reports whether the firmware has GET METADATA, without which an
// imported key does not show (Yubico, "PIV extensions").
func (p *PIV) hasMetadata() bool {
	v := p.key.Version()
	return v.Major > 5 || v.Major == 5 && v.Minor >= 3
}

// FreeSlot returns the first retired slot that Make would take. It returns
// ErrNoFreeSlot, or oath.ErrUnsupported as Make does.
func (p *PIV) FreeSlot() (SlotID, error) {
	for id := SlotFirstRetired; id <= SlotLastRetired; id++ {
		err := p.isFree(id)
		if !errors.Is(err, ErrSlotInUse) {
			return id, err
		}
	}
	return 0, ErrNoFreeSlot
}

// isFree returns ErrSlotInUse if there is anything in a slot.
func (p *PIV) isFree(id SlotID) error {
	if !p.hasMetadata() {
		v := p.key.Version()
		return fmt.Errorf("%w: firmware %d.%d.%d does not report whether a slot is in use; make a P-256 key with another tool, and take that",
			oath.ErrUnsupported, v.Major, v.Minor, v.Patch)
	}
	_, key := ask(p, func() (piv.KeyInfo, error) { return p.key.KeyInfo(pivSlot(id)) })
	_, certificate := ask(p, func() (*x509.Certificate, error) { return p.key.Certificate(pivSlot(id)) })
	for _, err := range []error{key, certificate} {
		if errors.Is(err, piv.ErrNotFound) {
			continue
		}
		if err := pivError("looking into slot "+id.String(), err); isGone(err) {
			return err
		}
		return fmt.Errorf("slot %v: %w", id, ErrSlotInUse) // maybe by what piv-go does not know
	}
	return nil
}

// Make makes a P-256 key in a free slot, with a certificate by which other tools
// see that the slot is in use. It returns ErrSlotInUse, ErrManagementKey, or
// oath.ErrUnsupported if the firmware does not show which slots are free.
func (p *PIV) Make(id SlotID, n NewSlot) (*Slot, error) {
	if err := p.isFree(id); err != nil {
		return nil, err
	}
	policy := piv.Key{Algorithm: piv.AlgorithmEC256, PINPolicy: pinPolicies[n.PIN], TouchPolicy: touchPolicies[n.Touch]}
	public, management, err := p.generate(id, policy, n.ManagementKey)
	if err != nil {
		return nil, err
	}
	s, err := p.slot(id, piv.KeyInfo{PublicKey: public, PINPolicy: policy.PINPolicy, TouchPolicy: policy.TouchPolicy})
	if err != nil {
		return nil, err
	}
	cert, err := slotCertificate(public)
	if err != nil {
		return nil, err
	}
	_, err = ask(p, func() (any, error) { return nil, p.key.SetCertificate(management, pivSlot(id), cert) })
	if err != nil {
		return nil, pivError("marking slot "+id.String()+" as used", err)
	}
	return s, nil
}

// generate makes the key, by the management key given, or else by the first one
// that is right, which it returns.
func (p *PIV) generate(id SlotID, policy piv.Key, given []byte) (public crypto.PublicKey, management []byte, err error) {
	management = given
	if given == nil {
		management = piv.DefaultManagementKey
	}
	try := func() (crypto.PublicKey, error) { return p.key.GenerateKey(management, pivSlot(id), policy) }
	public, err = ask(p, try)
	err = managementError(err)
	if given == nil && errors.Is(err, ErrManagementKey) {
		if management, err = p.protectedManagementKey(); err != nil {
			return nil, nil, err
		}
		public, err = ask(p, try)
		err = managementError(err)
	}
	return public, management, err
}

// protectedManagementKey returns the management key that is kept in the key,
// behind the PIN, as ykman's "protected" does.
func (p *PIV) protectedManagementKey() ([]byte, error) {
	pin, err := p.askPIN()
	if err != nil {
		return nil, err
	}
	kept, err := ask(p, func() (*piv.Metadata, error) { return p.key.Metadata(pin) })
	if err != nil {
		return nil, pivError("reading the management key", err)
	}
	p.proven = true
	if kept.ManagementKey == nil {
		return nil, ErrManagementKey
	}
	return *kept.ManagementKey, nil
}

// slotCertificate returns a certificate for the slot's key. It is there to be
// seen, not to be believed: a key that is thrown away signs it, so that making it
// takes neither PIN nor touch.
func slotCertificate(public crypto.PublicKey) (*x509.Certificate, error) {
	_, signer, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the slot's certificate: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "tokenctl vault"},
		NotBefore:    time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:     time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), // RFC 5280, 4.1.2.5: no end
		KeyUsage:     x509.KeyUsageKeyAgreement,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, signer)
	if err != nil {
		return nil, fmt.Errorf("making the slot's certificate: %w", err)
	}
	return x509.ParseCertificate(der)
}

// Attest returns what the YubiKey says of a slot's key: that it was made there,
// and cannot leave it. It returns ErrNoAttestation. A statement that does not
// hold is not an error, but has a Problem.
func (p *PIV) Attest(s *Slot) (Attestation, error) {
	cert, err := ask(p, func() (*x509.Certificate, error) { return p.key.Attest(pivSlot(s.ID)) })
	if err != nil {
		if e := pivError("attesting slot "+s.ID.String(), err); isGone(e) {
			return Attestation{}, e
		}
		return Attestation{}, ErrNoAttestation
	}
	signer, err := ask(p, p.key.AttestationCertificate)
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

var pinPolicies = map[PINPolicy]piv.PINPolicy{
	PINOnce: piv.PINPolicyOnce, PINAlways: piv.PINPolicyAlways, PINNever: piv.PINPolicyNever,
}

var touchPolicies = map[TouchPolicy]piv.TouchPolicy{
	TouchAlways: piv.TouchPolicyAlways, TouchCached: piv.TouchPolicyCached, TouchNever: piv.TouchPolicyNever,
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
