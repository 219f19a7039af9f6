package virtualkey

import (
	"context"
	"time"
)

// Tags of the dynamic authentication template, SP 800-73-4, part 2, 3.2.4.
const (
	tagAuthTemplate  = 0x7C
	tagAuthWitness   = 0x80
	tagAuthChallenge = 0x81
	tagAuthResponse  = 0x82
	tagAuthExponent  = 0x85
)

// authTemplate is a template with one object.
func authTemplate(tag byte, value []byte) []byte {
	return appendTLV(nil, tagAuthTemplate, appendTLV(nil, tag, value...)...)
}

// authenticate is GENERAL AUTHENTICATE, SP 800-73-4, part 2, 3.2.4: the proof of
// the management key, and every use of a key in a slot.
func (p *piv) authenticate(ctx context.Context, c command) ([]byte, status) {
	d := objects(c.data)
	template, ok := d.take(tagAuthTemplate)
	if !ok || len(d) > 0 {
		return nil, swWrongData
	}
	parts, ok := objects(template).parts(tagAuthWitness, tagAuthChallenge, tagAuthResponse, tagAuthExponent)
	if !ok {
		return nil, swWrongData
	}
	if pivSlot(c.p2) == slotManagement {
		return p.authenticateManagement(ctx, c.p1, parts)
	}
	return p.useKey(ctx, pivAlgorithm(c.p1), pivSlot(c.p2), parts)
}

// useKey signs or deciphers a challenge, or agrees with another's public key.
// The attestation key does neither. An empty slot, as an algorithm that is not the
// key's, is 6A80: seen on firmware 5.7; yubikit/piv.py of yubikey-manager expects
// it where there is no key.
func (p *piv) useKey(ctx context.Context, a pivAlgorithm, slot pivSlot, parts map[byte][]byte) ([]byte, status) {
	k, ok := p.key.state.PIV.Keys[slot]
	if !ok || slot == slotAttestation {
		return nil, swWrongData
	}
	private := k.open()
	if private.algorithm() != a {
		return nil, swWrongData
	}
	challenge, exponent := parts[tagAuthChallenge], parts[tagAuthExponent]
	if !isEmpty(parts[tagAuthResponse]) || (challenge == nil) == (exponent == nil) {
		return nil, swWrongData
	}
	if !p.allows(ctx, k) {
		return nil, swSecurity
	}
	use, input := private.respond, challenge
	if exponent != nil {
		use, input = private.agree, exponent
	}
	response, ok := use(input)
	if !ok {
		return nil, swWrongData
	}
	return authTemplate(tagAuthResponse, response), swOK
}

// allows says whether a key may be used now: by its PIN policy, and then by its
// touch policy, for which it waits.
func (p *piv) allows(ctx context.Context, k pivKey) bool {
	fresh := p.fresh
	p.fresh = false
	switch k.PIN {
	case pinOnce:
		if !p.verified {
			return false
		}
	case pinAlways:
		if !fresh {
			return false
		}
	}
	return p.touchedFor(ctx, k.Touch)
}

// touchKept is how long a touch is good for under the policy CACHED.
// https://docs.yubico.com/yesdk/users-manual/application-piv/pin-touch-policies.html
const touchKept = 15 * time.Second

func (p *piv) touchedFor(ctx context.Context, policy touchPolicy) bool {
	if policy == touchNever || policy == touchCached && p.touchLasts() {
		return true
	}
	if !p.key.touched(ctx) {
		return false
	}
	if policy == touchCached {
		p.touchExpires = p.key.config.After(touchKept)
	}
	return true
}

// touchLasts says whether a touch is still good.
func (p *piv) touchLasts() bool {
	if p.touchExpires == nil {
		return false
	}
	select {
	case <-p.touchExpires:
		p.touchExpires = nil
		return false
	default:
		return true
	}
}
