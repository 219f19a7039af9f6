package virtualkey

import (
	"context"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"math/big"
)

// Tags of the control template of GENERATE, SP 800-73-4, part 2, 3.3.2.
const (
	tagControl       = 0xAC
	tagKeyAlgorithm  = 0x80
	tagPublicKeyHigh = 0x7F // of tag 7F49
	tagPublicKeyLow  = 0x49
)

// generate is GENERATE ASYMMETRIC KEY PAIR, SP 800-73-4, part 2, 3.3.2: makes a
// key in a slot, over the one that was there, and returns its public half. What is
// no slot is 6B00, SW_ERR_INCORRECT_SLOT in lib/ykpiv.h of
// https://github.com/Yubico/yubico-piv-tool.
func (p *piv) generate(_ context.Context, c command) ([]byte, status) {
	slot, d := pivSlot(c.p2), objects(c.data)
	switch {
	case c.p1 != 0:
		return nil, swIncorrectP1P2
	case !p.has(slot):
		return nil, swWrongP1P2
	}
	control, ok := d.take(tagControl)
	if !ok || len(d) > 0 {
		return nil, swWrongData
	}
	parts, ok := objects(control).parts(tagKeyAlgorithm, tagPINPolicy, tagTouchPolicy)
	if !ok || len(parts[tagKeyAlgorithm]) != 1 {
		return nil, swWrongData
	}
	k, ok := p.policies(slot, parts)
	a := pivAlgorithm(parts[tagKeyAlgorithm][0])
	if !ok || !p.supportsAlgorithm(a) {
		return nil, swWrongData
	}
	private, err := p.key.generatePrivate(a)
	if err != nil {
		return nil, swAborted
	}
	if sw := p.store(slot, k, private); sw != swOK {
		return nil, sw
	}
	public := appendTLV(nil, tagPublicKeyLow, p.key.state.PIV.Keys[slot].open().template()...)
	return append([]byte{tagPublicKeyHigh}, public...), swOK
}

func (p *piv) supportsAlgorithm(a pivAlgorithm) bool {
	i, ok := pivAlgorithms[a]
	return ok && !p.key.config.Firmware.before(i.since[0], i.since[1], i.since[2])
}

// generatePrivate makes a key: an RSA key of randomness that crypto/rsa finds on
// its own, any other of Config.Rand.
func (k *Key) generatePrivate(a pivAlgorithm) (crypto.PrivateKey, error) {
	size := pivAlgorithms[a].size
	switch a {
	case p256, p384:
		b, err := k.random(size + scalarExtra)
		if err != nil {
			return nil, err
		}
		return seededPrivate(a, scalar(a, b))
	case ed25519Key, x25519Key:
		b, err := k.random(size)
		if err != nil {
			return nil, err
		}
		return seededPrivate(a, b)
	}
	return rsa.GenerateKey(k.config.Rand, 8*size)
}

// scalarExtra is how many more bytes than it has a scalar is made of, for no
// value to be more likely than another.
const scalarExtra = 8

// scalar makes a private scalar of random bytes, FIPS 186-5, A.2.1.
func scalar(a pivAlgorithm, random []byte) []byte {
	max := new(big.Int).Sub(curves[a].Params().N, big.NewInt(1))
	d := new(big.Int).SetBytes(random)
	d.Mod(d, max).Add(d, big.NewInt(1))
	return d.FillBytes(make([]byte, pivAlgorithms[a].size))
}

var curves = map[pivAlgorithm]elliptic.Curve{p256: elliptic.P256(), p384: elliptic.P384()}

// errSeed is returned for a private key of wrong length.
var errSeed = errors.New("not the length of a private key")

// seededPrivate is the key of a scalar or seed.
func seededPrivate(a pivAlgorithm, seed []byte) (crypto.PrivateKey, error) {
	if len(seed) != pivAlgorithms[a].size {
		return nil, errSeed
	}
	switch a {
	case ed25519Key:
		return ed25519.NewKeyFromSeed(seed), nil
	case x25519Key:
		return ecdh.X25519().NewPrivateKey(seed)
	}
	return ecdsa.ParseRawPrivateKey(curves[a], seed)
}
