package virtualkey

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"errors"
	"math/big"
)

// Tags of the elements of a private key in IMPORT KEY.
// https://docs.yubico.com/yesdk/users-manual/application-piv/apdu/import-asym.html
const (
	tagPrimeP      = 0x01
	tagPrimeQ      = 0x02
	tagExponentP   = 0x03
	tagExponentQ   = 0x04
	tagCoefficient = 0x05
	tagScalar      = 0x06
	tagEd25519Seed = 0x07
	tagX25519Seed  = 0x08
)

// importKey is IMPORT KEY: takes a key from outside into a slot, over the one
// that was there.
func (p *piv) importKey(_ context.Context, c command) ([]byte, status) {
	slot, a := pivSlot(c.p2), pivAlgorithm(c.p1)
	if !p.has(slot) || !p.supportsAlgorithm(a) {
		return nil, swIncorrectP1P2
	}
	elements := elementsOf(a)
	parts, ok := objects(c.data).parts(append(elements, tagPINPolicy, tagTouchPolicy)...)
	if !ok {
		return nil, swWrongData
	}
	k, ok := p.policies(slot, parts)
	if !ok {
		return nil, swWrongData
	}
	k.Imported = true
	private, err := importPrivate(a, parts)
	if err != nil {
		return nil, swWrongData
	}
	return nil, p.store(slot, k, private)
}

// elementsOf returns the tags that a key of that algorithm comes with.
func elementsOf(a pivAlgorithm) []byte {
	switch a {
	case p256, p384:
		return []byte{tagScalar}
	case ed25519Key:
		return []byte{tagEd25519Seed}
	case x25519Key:
		return []byte{tagX25519Seed}
	}
	return []byte{tagPrimeP, tagPrimeQ, tagExponentP, tagExponentQ, tagCoefficient}
}

func importPrivate(a pivAlgorithm, parts map[byte][]byte) (crypto.PrivateKey, error) {
	elements := elementsOf(a)
	if len(elements) == 1 {
		return seededPrivate(a, parts[elements[0]])
	}
	numbers := make([]*big.Int, len(elements))
	for i, tag := range elements {
		if len(parts[tag]) == 0 || len(parts[tag]) > pivAlgorithms[a].size/2 {
			return nil, errSeed
		}
		numbers[i] = new(big.Int).SetBytes(parts[tag])
	}
	return rsaOf(8*pivAlgorithms[a].size, numbers)
}

// errRSA is returned for numbers that are no RSA key.
var errRSA = errors.New("not an RSA key of that length")

// rsaExponent is the only one that a YubiKey knows.
const rsaExponent = 65537

// rsaOf makes a key of its primes, and holds the other numbers against it:
// RFC 8017, 3.2, the second form, of two primes.
func rsaOf(bits int, numbers []*big.Int) (crypto.PrivateKey, error) {
	one := big.NewInt(1)
	p, q := numbers[0], numbers[1]
	n := new(big.Int).Mul(p, q)
	if n.BitLen() != bits {
		return nil, errRSA
	}
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	d := new(big.Int).ModInverse(big.NewInt(rsaExponent), phi)
	if d == nil {
		return nil, errRSA
	}
	k := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: n, E: rsaExponent}, D: d, Primes: []*big.Int{p, q}}
	k.Precompute()
	if err := k.Validate(); err != nil {
		return nil, err
	}
	for i, want := range []*big.Int{k.Precomputed.Dp, k.Precomputed.Dq, k.Precomputed.Qinv} {
		if !bytes.Equal(numbers[2+i].Bytes(), want.Bytes()) {
			return nil, errRSA
		}
	}
	return k, nil
}
