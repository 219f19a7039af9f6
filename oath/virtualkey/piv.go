package virtualkey

import (
	"context"
	"encoding/binary"
	"time"
)

// piv is the PIV applet: keys in slots that sign, decipher and agree, guarded by
// a PIN and a touch; data objects; and a management key for who sets them up.
// Source: NIST SP 800-73-4, part 2, and for the instructions from F6 on Yubico's
// extensions, https://developers.yubico.com/PIV/Introduction/Yubico_extensions.html
// and yubikit/piv.py of https://github.com/Yubico/yubikey-manager.
type piv struct {
	key       *Key
	verified  bool   // the PIN was right in this session
	fresh     bool   // and no key was used since
	managed   bool   // the management key was proven in this session
	witness   []byte // what the client must decrypt; nil if it need not
	challenge []byte // what the client must encrypt; nil if it need not

	touchExpires <-chan time.Time // receives when the touch is over that CACHED keeps
}

func newPIV(k *Key) *piv { return &piv{key: k} }

const (
	insVerify          = 0x20
	insChangeReference = 0x24
	insResetRetry      = 0x2C
	insGenerate        = 0x47
	insAuthenticate    = 0x87
	insGetData         = 0xCB
	insPutData         = 0xDB
	insMoveKey         = 0xF6
	insGetMetadata     = 0xF7
	insGetSerial       = 0xF8
	insAttest          = 0xF9
	insSetRetries      = 0xFA
	insResetPIV        = 0xFB
	insGetVersion      = 0xFD
	insImportKey       = 0xFE
	insSetManagement   = 0xFF
)

// Status words of SP 800-73-4, part 2, that the other applets do not have.
const (
	swTriesLeft     status = 0x63C0 // low digit: how many
	swBlocked       status = 0x6983
	swIncorrectP1P2 status = 0x6A86
)

// pivInstructions are the instructions, the firmware each came with, and whether
// it wants the management key.
var pivInstructions = map[byte]struct {
	since   Version
	managed bool
	run     func(*piv, context.Context, command) ([]byte, status)
}{
	insVerify:          {run: (*piv).verify},
	insChangeReference: {run: (*piv).changeReference},
	insResetRetry:      {run: (*piv).resetRetry},
	insGenerate:        {run: (*piv).generate, managed: true},
	insAuthenticate:    {run: (*piv).authenticate},
	insGetData:         {run: (*piv).getData},
	insPutData:         {run: (*piv).putData, managed: true},
	insMoveKey:         {run: (*piv).moveKey, managed: true, since: Version{5, 7, 0}},
	insGetMetadata:     {run: (*piv).getMetadata, since: Version{5, 3, 0}},
	insGetSerial:       {run: (*piv).getSerial, since: Version{5, 0, 0}},
	insAttest:          {run: (*piv).attest, since: Version{4, 3, 0}},
	insSetRetries:      {run: (*piv).setRetries, managed: true},
	insResetPIV:        {run: (*piv).resetPIV},
	insGetResponse:     {run: (*piv).getNothing},
	insGetVersion:      {run: (*piv).getVersion},
	insImportKey:       {run: (*piv).importKey, managed: true},
	insSetManagement:   {run: (*piv).setManagement, managed: true},
}

var pivAID = []byte{0xA0, 0, 0, 3, 0x08, 0, 0, 0x10, 0, 1, 0}

func (*piv) aid() []byte            { return pivAID }
func (*piv) capability() Capability { return CapabilityPIV }
func (*piv) available() bool        { return true }
func (*piv) fetch() byte            { return insGetResponse }

// leave forgets what the client has proven. A touch is not part of it.
func (p *piv) leave() {
	p.verified, p.fresh, p.managed = false, false, false
	p.witness, p.challenge = nil, nil
}

// Tags of the application property template, SP 800-73-4, part 2, 3.1.1.
const (
	tagApplication    = 0x61
	tagIdentifier     = 0x4F
	tagAllocation     = 0x79
	pivProviderLength = 5 // of the AID: NIST's registered identifier
)

// enter answers SELECT with the application's identifier and NIST's. The applet's
// state is made when it is selected for the first time.
func (p *piv) enter() ([]byte, status) {
	if p.key.state.PIV == nil {
		s := newPIVState(p.key.config.Firmware)
		if p.key.update(func(st *state) { st.PIV = s }) != nil {
			return nil, swMemoryFailure
		}
	}
	provider, application := pivAID[:pivProviderLength], pivAID[pivProviderLength:]
	r := appendTLV(nil, tagIdentifier, application...)
	r = appendTLV(r, tagAllocation, appendTLV(nil, tagIdentifier, provider...)...)
	return appendTLV(nil, tagApplication, r...), swOK
}

func (p *piv) handle(ctx context.Context, c command) ([]byte, status) {
	i, ok := pivInstructions[c.ins]
	switch {
	case p.key.state.PIV == nil:
		return nil, swConditions // its state could not be kept
	case !ok || p.key.config.Firmware.before(i.since[0], i.since[1], i.since[2]):
		return nil, swUnknownInstruction
	case i.managed && !p.managed:
		return nil, swSecurity
	}
	if p.key.state.PIV.Unattested && p.has(slotAttestation) && c.concernsAttestation() {
		if sw := p.addAttestation(); sw != swOK {
			return nil, sw
		}
	}
	return i.run(p, ctx, c)
}

// change keeps a change of the applet's state.
func (p *piv) change(f func(*pivState)) status {
	if p.key.update(func(s *state) { f(s.PIV) }) != nil {
		return swMemoryFailure
	}
	return swOK
}

// getNothing is GET RESPONSE when there is no more of one: 6A80, as seen on a
// YubiKey 5.
func (*piv) getNothing(context.Context, command) ([]byte, status) { return nil, swWrongData }

// getVersion returns the firmware, or the applet's own version where it had one.
func (p *piv) getVersion(_ context.Context, c command) ([]byte, status) {
	if c.p1p2() != 0 {
		return nil, swIncorrectP1P2
	}
	v := p.key.config.Firmware
	if v.before(4, 0, 0) {
		v = Version{1, 0, 4} // as on the YubiKey NEO
	}
	return v[:], swOK
}

func (p *piv) getSerial(_ context.Context, c command) ([]byte, status) {
	switch {
	case p.key.config.Quirks.Has(NoSerial):
		return nil, swUnknownInstruction
	case c.p1p2() != 0:
		return nil, swIncorrectP1P2
	}
	return binary.BigEndian.AppendUint32(nil, p.key.serial), swOK
}

// resetPIV makes the applet as new, once nobody can use it anyway.
func (p *piv) resetPIV(_ context.Context, c command) ([]byte, status) {
	switch s := p.key.state.PIV; {
	case c.p1p2() != 0:
		return nil, swIncorrectP1P2
	case s.PIN.Left > 0 || s.PUK.Left > 0:
		return nil, swConditions
	}
	sw := p.change(func(s *pivState) { *s = *s.renewed(p.key.config.Firmware) })
	if sw == swOK {
		p.leave()
	}
	return nil, sw
}

// parts takes data objects apart: each tag at most once, and only the allowed.
func (o objects) parts(allowed ...byte) (map[byte][]byte, bool) {
	parts := map[byte][]byte{}
	for _, tag := range allowed {
		parts[tag] = nil
	}
	for len(o) > 0 {
		tag := o.peek()
		value, ok := o.take(tag)
		if before, known := parts[tag]; !ok || !known || before != nil {
			return nil, false
		}
		parts[tag] = append([]byte{}, value...) // not nil: it is there
	}
	return parts, true
}
