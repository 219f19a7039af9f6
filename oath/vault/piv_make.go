//go:build (cgo && (darwin || freebsd || linux || openbsd)) || windows

package vault

import (
	"crypto"
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
	if !p.tellsKeys() {
		v := p.key.Version()
		return fmt.Errorf("%w: firmware %d.%d.%d does not tell whether a slot is in use; make a P-256 key with another tool, and take that",
			oath.ErrUnsupported, v.Major, v.Minor, v.Patch)
	}
	_, key := p.key.KeyInfo(pivSlot(id))
	_, certificate := p.key.Certificate(pivSlot(id))
	for _, err := range []error{key, certificate} {
		if errors.Is(err, piv.ErrNotFound) {
			continue
		}
		if err := pivError("looking into slot "+id.String(), err); errors.Is(err, oath.ErrRemoved) {
			return err
		}
		return fmt.Errorf("slot %v: %w", id, ErrSlotInUse) // maybe by what piv-go does not know
	}
	return nil
}

// Make makes a P-256 key in a free slot, with a certificate by which other tools
// see that the slot is in use. It returns ErrSlotInUse, ErrManagementKey, or
// oath.ErrUnsupported if the firmware does not tell which slots are free.
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
	if err := p.key.SetCertificate(management, pivSlot(id), cert); err != nil {
		return nil, pivError("marking slot "+id.String()+" as used", err)
	}
	return s, nil
}

// generate makes the key, by the first management key that is right.
func (p *PIV) generate(id SlotID, policy piv.Key, management []byte) (crypto.PublicKey, []byte, error) {
	if management != nil {
		public, err := p.key.GenerateKey(management, pivSlot(id), policy)
		return public, management, managementError(err)
	}
	public, err := p.key.GenerateKey(piv.DefaultManagementKey, pivSlot(id), policy)
	if err == nil {
		return public, piv.DefaultManagementKey, nil
	}
	if !errors.Is(managementError(err), ErrManagementKey) {
		return nil, nil, managementError(err)
	}
	management, err = p.protectedManagementKey()
	if err != nil {
		return nil, nil, err
	}
	public, err = p.key.GenerateKey(management, pivSlot(id), policy)
	return public, management, managementError(err)
}

// protectedManagementKey returns the management key that is kept in the key,
// behind the PIN, as ykman's "protected" does.
func (p *PIV) protectedManagementKey() ([]byte, error) {
	pin, err := p.askPIN()
	if err != nil {
		return nil, err
	}
	kept, err := p.key.Metadata(pin)
	if err != nil {
		return nil, pivError("reading the management key", err)
	}
	p.proven = true
	if kept.ManagementKey == nil {
		return nil, ErrManagementKey
	}
	return *kept.ManagementKey, nil
}

var pinPolicies = map[PINPolicy]piv.PINPolicy{
	PINOnce: piv.PINPolicyOnce, PINAlways: piv.PINPolicyAlways, PINNever: piv.PINPolicyNever,
}

var touchPolicies = map[TouchPolicy]piv.TouchPolicy{
	TouchAlways: piv.TouchPolicyAlways, TouchCached: piv.TouchPolicyCached, TouchNever: piv.TouchPolicyNever,
}

// slotCertificate returns a certificate for the slot's key. It is there to be
// seen, not to be believed: a key of no further use signs it, so that making it
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
