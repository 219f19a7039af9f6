//go:build (cgo && (darwin || freebsd || linux || openbsd)) || windows

package vault

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/go-piv/piv-go/v2/piv"

	"github.com/tokenctl/tokenctl/oath"
)

// A PIV is the PIV applet of a YubiKey. While it is open, nothing else can use
// the key: not even this program, for its OATH accounts.
type PIV struct {
	key     *piv.YubiKey
	serial  uint32
	options PIVOptions
	proven  bool // that the PIN is known
}

// OpenPIV opens the YubiKey in the PC/SC reader of that name. It returns ErrNoKey,
// ErrKeyBusy or oath.ErrRemoved.
func OpenPIV(reader string, o PIVOptions) (*PIV, error) {
	key, err := piv.Open(reader)
	if err != nil {
		return nil, openError(err)
	}
	serial, err := key.Serial()
	if err != nil {
		key.Close()
		return nil, openError(err)
	}
	return &PIV{key: key, serial: serial, options: o}, nil
}

func openError(err error) error {
	const doing = "opening the PIV applet"
	switch e := pivError(doing, err); {
	case errors.Is(err, piv.ErrNotFound): // SP 800-73-4, part 2, 3.1.1
		return fmt.Errorf("%s: %w", doing, ErrNoKey)
	case hasText(err, "not recognized", "not currently available", "no Smart Card is currently"):
		return fmt.Errorf("%s: %w", doing, ErrNoKey)
	default:
		return e
	}
}

// Close lets go of the key. A key that was told its PIN remembers it until it is
// reset or pulled out; see PINKnown.
func (p *PIV) Close() error { return p.key.Close() }

// PINKnown reports whether the key was told its PIN, so that whoever comes next
// would find it open. The library does not reset it.
func (p *PIV) PINKnown() bool { return p.proven }

// Serial returns the number that is printed on the key.
func (p *PIV) Serial() uint32 { return p.serial }

// A Slot is a P-256 key in a PIV slot.
type Slot struct {
	ID     SlotID
	piv    *PIV
	public *ecdsa.PublicKey
	ecdh   *ecdh.PublicKey
	pin    piv.PINPolicy
	touch  piv.TouchPolicy
}

var _ ecdh.KeyExchanger = (*Slot)(nil)

// PublicKey returns the slot's public key; SlotRecipient gives its name in age.
func (s *Slot) PublicKey() *ecdh.PublicKey { return s.ecdh }

// Curve returns P-256.
func (s *Slot) Curve() ecdh.Curve { return ecdh.P256() }

// ECDH exchanges keys in the slot, with PIN and touch as its policy wants. It
// returns the prompt's own error, ErrMalformedPIN, a *PINError,
// ErrPINBlocked, oath.ErrTouchTimeout or oath.ErrRemoved.
func (s *Slot) ECDH(peer *ecdh.PublicKey) ([]byte, error) {
	if err := s.prove(); err != nil {
		return nil, err
	}
	private, err := s.piv.key.PrivateKey(pivSlot(s.ID), s.public, piv.KeyAuth{PINPolicy: s.proved()})
	if err != nil {
		return nil, pivError("using the PIV slot", err)
	}
	if s.touch != piv.TouchPolicyNever && s.piv.options.Touch != nil {
		defer s.piv.options.Touch()()
	}
	shared, err := private.(*piv.ECDSAPrivateKey).ECDH(peer)
	if err != nil {
		return nil, useError(err)
	}
	return shared, nil
}

// prove tells the key its PIN, if the slot wants it.
func (s *Slot) prove() error {
	switch {
	case s.pin == piv.PINPolicyNever, s.pin == piv.PINPolicyOnce && s.piv.proven, isBiometric(s.pin):
		return nil
	}
	pin, err := s.piv.askPIN()
	if err != nil {
		return err
	}
	if err := s.piv.key.VerifyPIN(pin); err != nil {
		return pivError("telling the key its PIN", err)
	}
	s.piv.proven = true
	return nil
}

// proved is the policy as far as piv-go still has to see to it.
func (s *Slot) proved() piv.PINPolicy {
	if isBiometric(s.pin) {
		return s.pin
	}
	return piv.PINPolicyNever
}

// isBiometric reports whether a finger takes the place of the PIN.
func isBiometric(p piv.PINPolicy) bool {
	return p == piv.PINPolicyMatchOnce || p == piv.PINPolicyMatchAlways
}

// askPIN asks the user for the PIN, unless it is blocked already. It lets none
// through that cannot be right: each costs a try.
func (p *PIV) askPIN() (string, error) {
	tries, err := p.key.Retries()
	if err == nil && tries == 0 {
		return "", ErrPINBlocked
	}
	if p.options.PIN == nil {
		return "", oath.ErrLocked
	}
	pin, err := p.options.PIN(tries)
	if err != nil {
		return "", err
	}
	if len(pin) < minPINSize || len(pin) > maxPINSize {
		return "", ErrMalformedPIN
	}
	return pin, nil
}

// UnlockWithPIV opens the vault by whichever slot of the YubiKey it was opened
// to. Its errors are those of UnlockWithKey and of Slot.ECDH.
func (v *Vault) UnlockWithPIV(p *PIV) error {
	for _, id := range slotIDs() {
		s, err := p.Take(id)
		if errors.Is(err, oath.ErrRemoved) {
			return err
		}
		if err != nil {
			continue // there is none, or one of another kind
		}
		if err := v.UnlockWithKey(p.serial, s); !errors.Is(err, ErrWrongSlot) {
			return err
		}
	}
	return v.UnlockWithKey(p.serial)
}

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

func lookError(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, piv.ErrNotFound):
		return fmt.Errorf("%s: %w", doing, ErrSlotEmpty)
	}
	return pivError(doing, err)
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

// managementError tells a wrong management key from other failures: by the name
// that piv-go gives the step, for it has no error for it.
func managementError(err error) error {
	if err == nil {
		return nil
	}
	e := pivError("making a key in the slot", err)
	if !errors.Is(e, oath.ErrRemoved) && hasText(err, "management key") {
		return ErrManagementKey
	}
	return e
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

// swSecurity is how a key answers when the touch did not come (ISO 7816-4,
// "security status not satisfied").
const swSecurity = 0x6982

// useError is pivError for a slot in use, whose PIN was right.
func useError(err error) error {
	const doing = "using the PIV slot"
	var status interface {
		error
		Status() uint16
	}
	if errors.As(err, &status) && status.Status() == swSecurity {
		return fmt.Errorf("%s: %w", doing, oath.ErrTouchTimeout)
	}
	return pivError(doing, err)
}

// pivError tells what happened by our own errors, where piv-go's allow it.
func pivError(doing string, err error) error {
	if err == nil {
		return nil
	}
	var auth piv.AuthErr
	switch {
	case errors.As(err, &auth) && auth.Retries > 0:
		return &PINError{Tries: auth.Retries}
	case errors.As(err, &auth):
		return ErrPINBlocked
	case hasText(err, "connections outstanding"):
		return fmt.Errorf("%s: %w", doing, ErrKeyBusy)
	case hasText(err, "has been removed", "has been reset", "not currently available", "no Smart Card is currently", "response too short"):
		return fmt.Errorf("%s: %w", doing, oath.ErrRemoved)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// hasText reports whether an error is one of PC/SC's, whose numbers piv-go keeps
// to itself.
func hasText(err error, texts ...string) bool {
	for _, text := range texts {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}
