package virtualkey

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"math/big"
)

// A pivAlgorithm is that of a key in a slot. Source: SP 800-78-4, table 6-2;
// the last four are those of firmware 5.7.0.
type pivAlgorithm byte

const (
	rsa1024    pivAlgorithm = 0x06
	rsa2048    pivAlgorithm = 0x07
	p256       pivAlgorithm = 0x11
	p384       pivAlgorithm = 0x14
	rsa3072    pivAlgorithm = 0x05
	rsa4096    pivAlgorithm = 0x16
	ed25519Key pivAlgorithm = 0xE0
	x25519Key  pivAlgorithm = 0xE1
)

// pivAlgorithms are the algorithms, the firmware each came with, and the length
// of its modulus, coordinates or seed.
var pivAlgorithms = map[pivAlgorithm]struct {
	since Version
	size  int // bytes
}{
	rsa1024:    {size: 128},
	rsa2048:    {size: 256},
	rsa3072:    {size: 384, since: Version{5, 7, 0}},
	rsa4096:    {size: 512, since: Version{5, 7, 0}},
	p256:       {size: 32},
	p384:       {size: 48, since: Version{4, 0, 0}},
	ed25519Key: {size: ed25519.SeedSize, since: Version{5, 7, 0}},
	x25519Key:  {size: 32, since: Version{5, 7, 0}},
}

// A pivPrivate is a private key that does what GENERAL AUTHENTICATE asks for.
// What it returns is nil and false for input that is not of its kind.
type pivPrivate interface {
	algorithm() pivAlgorithm

	// public is the public key, as crypto/x509 takes it.
	public() crypto.PublicKey

	// template is the public key as the contents of SP 800-73-4's tag 7F49.
	template() []byte

	// respond signs a digest, or is the private operation of RSA.
	respond(challenge []byte) ([]byte, bool)

	// agree computes the shared secret with another's public key.
	agree(peer []byte) ([]byte, bool)
}

// Tags of a public key, SP 800-73-4, part 2, 3.3.2.
const (
	tagModulus        = 0x81
	tagPublicExponent = 0x82
	tagPoint          = 0x86
)

// openPrivate reads PKCS #8, or returns nil.
func openPrivate(der []byte) pivPrivate {
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil
	}
	var p pivPrivate
	switch key := key.(type) {
	case *ecdsa.PrivateKey:
		p = ecPrivate{key}
	case *rsa.PrivateKey:
		p = rsaPrivate{key}
	case ed25519.PrivateKey:
		p = edPrivate{key}
	case *ecdh.PrivateKey:
		p = xPrivate{key}
	default:
		return nil
	}
	if _, ok := pivAlgorithms[p.algorithm()]; !ok {
		return nil
	}
	return p
}

// ecPrivate is a key on a curve of NIST's.
type ecPrivate struct{ *ecdsa.PrivateKey }

func (k ecPrivate) algorithm() pivAlgorithm {
	switch k.Curve {
	case elliptic.P256():
		return p256
	case elliptic.P384():
		return p384
	}
	return 0
}

func (k ecPrivate) template() []byte {
	point, err := k.PublicKey.Bytes()
	if err != nil {
		return nil
	}
	return appendTLV(nil, tagPoint, point...)
}

func (k ecPrivate) public() crypto.PublicKey { return k.Public() }

// respond signs by RFC 6979, where the hardware draws a random number. A short
// digest is the same number with zeros in front.
func (k ecPrivate) respond(digest []byte) ([]byte, bool) {
	hash := crypto.SHA256
	if k.algorithm() == p384 {
		hash = crypto.SHA384
	}
	if len(digest) == 0 || len(digest) > hash.Size() {
		return nil, false
	}
	padded := append(make([]byte, hash.Size()-len(digest)), digest...)
	signature, err := k.Sign(nil, padded, hash)
	return signature, err == nil
}

func (k ecPrivate) agree(peer []byte) ([]byte, bool) {
	private, err := k.ECDH()
	if err != nil {
		return nil, false
	}
	return agree(private, peer)
}

func agree(private *ecdh.PrivateKey, peer []byte) ([]byte, bool) {
	public, err := private.Curve().NewPublicKey(peer)
	if err != nil {
		return nil, false
	}
	secret, err := private.ECDH(public)
	return secret, err == nil
}

type rsaPrivate struct{ *rsa.PrivateKey }

func (k rsaPrivate) algorithm() pivAlgorithm {
	switch k.N.BitLen() {
	case 1024:
		return rsa1024
	case 2048:
		return rsa2048
	case 3072:
		return rsa3072
	case 4096:
		return rsa4096
	}
	return 0
}

func (k rsaPrivate) template() []byte {
	t := appendTLV(nil, tagModulus, k.N.Bytes()...)
	return appendTLV(t, tagPublicExponent, big.NewInt(int64(k.E)).Bytes()...)
}

func (k rsaPrivate) public() crypto.PublicKey { return k.Public() }

// respond is RSADP of RFC 8017, 5.1.2. Padding is up to the client.
func (k rsaPrivate) respond(message []byte) ([]byte, bool) {
	m := new(big.Int).SetBytes(message)
	if len(message) != k.Size() || m.Cmp(k.N) >= 0 {
		return nil, false
	}
	return m.Exp(m, k.D, k.N).FillBytes(make([]byte, k.Size())), true
}

func (rsaPrivate) agree([]byte) ([]byte, bool) { return nil, false }

type edPrivate struct{ ed25519.PrivateKey }

func (edPrivate) algorithm() pivAlgorithm { return ed25519Key }

func (k edPrivate) template() []byte {
	return appendTLV(nil, tagPoint, k.Public().(ed25519.PublicKey)...)
}

func (k edPrivate) public() crypto.PublicKey { return k.Public() }

// respond signs a message, which is not hashed before.
func (k edPrivate) respond(message []byte) ([]byte, bool) {
	return ed25519.Sign(k.PrivateKey, message), true
}

func (edPrivate) agree([]byte) ([]byte, bool) { return nil, false }

type xPrivate struct{ *ecdh.PrivateKey }

func (k xPrivate) algorithm() pivAlgorithm {
	if k.Curve() != ecdh.X25519() {
		return 0
	}
	return x25519Key
}

func (k xPrivate) template() []byte {
	return appendTLV(nil, tagPoint, k.PublicKey().Bytes()...)
}

func (k xPrivate) public() crypto.PublicKey { return k.Public() }

func (xPrivate) respond([]byte) ([]byte, bool) { return nil, false }

func (k xPrivate) agree(peer []byte) ([]byte, bool) { return agree(k.PrivateKey, peer) }
