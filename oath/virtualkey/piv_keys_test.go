package virtualkey_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

// generate makes a key and returns the public key's data objects.
func (c card) generate(slot, algorithm byte, policies ...byte) []byte {
	c.t.Helper()
	r := c.gets(fmt.Sprintf("004700%02x", slot), obj(0xac, []byte{0x80, 1, algorithm}, policies))
	if len(r) == 0 || r[0] != 0x7f {
		c.t.Fatalf("%x is no public key", r)
	}
	return in(c.t, 0x49, r[1:])
}

// sign uses a key and returns the response data and status.
func (c card) sign(slot, algorithm byte, input []byte) ([]byte, string) {
	c.t.Helper()
	return c.use(slot, algorithm, 0x81, input)
}

// agree computes a shared secret.
func (c card) agree(slot, algorithm byte, peer []byte) ([]byte, string) {
	c.t.Helper()
	return c.use(slot, algorithm, 0x85, peer)
}

func (c card) use(slot, algorithm, tag byte, input []byte) ([]byte, string) {
	c.t.Helper()
	data := obj(0x7c, obj(0x82), obj(tag, input))
	r, sw := c.send([]byte{0, 0x87, algorithm, slot, 0, byte(len(data) >> 8), byte(len(data))}, data, []byte{0, 0})
	if sw != "9000" {
		return nil, sw
	}
	return in(c.t, 0x82, in(c.t, 0x7c, unhex(c.t, r))), sw
}

var digest = bytes.Repeat([]byte{0xd1}, 32)

// A digest of any length up to the curve's is signed as the number that it is.
func TestPIVSignEC(t *testing.T) {
	c := plugPIV(t, virtualkey.Config{})
	c.manage()
	c.ok(verify("123456"))
	for _, test := range []struct {
		algorithm byte
		curve     elliptic.Curve
	}{{0x11, elliptic.P256()}, {0x14, elliptic.P384()}} {
		public, err := ecdsa.ParseUncompressedPublicKey(test.curve, in(t, 0x86, c.generate(0x9a, test.algorithm)))
		if err != nil {
			t.Fatal(err)
		}
		size := test.curve.Params().BitSize / 8
		for _, n := range []int{1, 20, 28, 31, 32, size} {
			d := bytes.Repeat([]byte{0xd1}, n)
			signature, sw := c.sign(0x9a, test.algorithm, d)
			if !ecdsa.VerifyASN1(public, d, signature) {
				t.Errorf("%d bytes on %s: %x, status %s", n, test.curve.Params().Name, signature, sw)
			}
		}
		for _, n := range []int{0, size + 1} {
			if _, sw := c.sign(0x9a, test.algorithm, make([]byte, n)); sw != "6a80" {
				t.Errorf("%d bytes on %s: status %s", n, test.curve.Params().Name, sw)
			}
		}
	}
}

// A new key replaces the old one.
func TestPIVGenerateAgain(t *testing.T) {
	c := plugPIV(t, virtualkey.Config{})
	c.manage()
	if a, b := c.generate(0x82, 0x11), c.generate(0x82, 0x11); bytes.Equal(a, b) {
		t.Errorf("the same key twice: %x", a)
	}
	c.generate(0x82, 0x14)
	if _, sw := c.sign(0x82, 0x11, digest); sw != "6a80" {
		t.Errorf("the old key's algorithm: %s", sw)
	}
}

func TestPIVGenerateRefuses(t *testing.T) {
	c := plugPIV(t, virtualkey.Config{})
	c.manage()
	c.refuses("6a86", "0047019a", unhex(t, "ac03 800111"))
	for _, slot := range []string{"00", "80", "81", "96", "9b", "9f", "ff"} {
		c.refuses("6b00", "004700"+slot, unhex(t, "ac03 800111"))
	}
	for _, data := range []string{
		"", "ac00", "ac03 8001", "ac03 800112", "ac02 8000", "ac04 80021111", "ac03 800111 00", "ac06 800111 800111",
		"ac06 800111 aa0104", "ac06 800111 ab0104", "ac05 800111 aa00", "ac06 800111 ac0101", "800111",
	} {
		c.refuses("6a80", "0047009a", unhex(t, data))
	}
	for _, test := range []struct {
		firmware virtualkey.Version
		control  string
	}{
		{virtualkey.Version{5, 6, 9}, "ac03 8001e0"},
		{virtualkey.Version{5, 6, 9}, "ac03 8001e1"},
		{virtualkey.Version{5, 6, 9}, "ac03 800116"},
		{virtualkey.Version{4, 2, 9}, "ac06 800111 ab0103"},
		{virtualkey.Version{3, 4, 9}, "ac03 800114"},
		{virtualkey.Version{3, 4, 9}, "ac06 800111 aa0101"},
	} {
		old := plugPIV(t, virtualkey.Config{Firmware: test.firmware})
		old.manage()
		old.refuses("6a80", "0047009a", unhex(t, test.control))
	}
}

func TestPIVUseRefuses(t *testing.T) {
	c := plugPIV(t, virtualkey.Config{})
	c.manage()
	public := in(t, 0x86, c.generate(0x9e, 0x11))
	c.generate(0x9a, 0x06, 0xaa, 1, 1)
	c.generate(0x82, 0xe1, 0xaa, 1, 1)
	c.generate(0x83, 0xe0, 0xaa, 1, 1)
	for _, test := range []struct {
		want            string
		slot, algorithm byte
		tag             byte
		input           []byte
	}{
		{"6a80", 0x9d, 0x11, 0x81, digest}, // there is none
		{"6a80", 0xf9, 0x11, 0x81, digest}, // the attestation key signs nothing else
		{"6a80", 0x9e, 0x14, 0x81, digest},
		{"6a80", 0x9e, 0x00, 0x81, digest},
		{"6a80", 0x9e, 0x11, 0x85, nil},
		{"6a80", 0x9e, 0x11, 0x85, public[1:]},
		{"6a80", 0x9e, 0x11, 0x85, append([]byte{4}, make([]byte, 64)...)}, // not on the curve
		{"6a80", 0x9a, 0x06, 0x81, make([]byte, 127)},                      // not the modulus's length
		{"6a80", 0x9a, 0x06, 0x81, bytes.Repeat([]byte{0xff}, 128)},        // above the modulus
		{"6a80", 0x9a, 0x06, 0x85, public},                                 // RSA agrees with nobody
		{"6a80", 0x82, 0xe1, 0x81, digest},                                 // X25519 signs nothing
		{"6a80", 0x82, 0xe1, 0x85, make([]byte, 32)},                       // a point of low order
		{"6a80", 0x83, 0xe0, 0x85, public},                                 // Ed25519 agrees with nobody
		{"6a80", 0x9e, 0x11, 0x80, digest},                                 // a witness
		{"6a80", 0x9e, 0x11, 0x82, nil},                                    // a response
	} {
		if r, sw := c.use(test.slot, test.algorithm, test.tag, test.input); sw != test.want {
			t.Errorf("slot %02x, algorithm %02x, tag %02x: %x, status %s, want %s", test.slot, test.algorithm, test.tag, r, sw, test.want)
		}
	}
	both := obj(0x7c, obj(0x82), obj(0x81, digest), obj(0x85, public))
	c.refuses("6a80", "0087119e", both)
	c.refuses("6a80", "0087119e", obj(0x7c, obj(0x81, digest))) // asks for no response
}

func TestPIVPolicyOfThePIN(t *testing.T) {
	const (
		never  = "9000 9000 9000 9000 9000"
		once   = "6982 9000 9000 9000 6982"
		always = "6982 9000 6982 9000 6982"
	)
	for _, test := range []struct {
		slot   byte
		policy []byte
		want   string
	}{
		{0x9a, nil, once}, {0x9d, nil, once}, {0x82, nil, once}, {0x9c, nil, always}, {0x9e, nil, never},
		{0x9a, []byte{0xaa, 1, 0}, once}, {0x9a, []byte{0xaa, 1, 1}, never}, {0x9a, []byte{0xaa, 1, 2}, once}, {0x9a, []byte{0xaa, 1, 3}, always},
		{0x9c, []byte{0xaa, 1, 2}, once}, {0x9e, []byte{0xaa, 1, 3}, always},
	} {
		c := plugPIV(t, virtualkey.Config{})
		c.manage()
		c.generate(test.slot, 0x11, test.policy...)
		_, got := c.sign(test.slot, 0x11, digest)
		then := func(before ...[]byte) {
			for _, b := range before {
				c.send(b)
			}
			_, sw := c.sign(test.slot, 0x11, digest)
			got += " " + sw
		}
		then(verify("123456"))
		then()
		then(verify("123456"), []byte{0, 0xfd, 0, 0}, []byte{0, 0x20, 0, 0x80})
		then(verify("123456"), verify("000000"))
		if got != test.want {
			t.Errorf("slot %02x, policy %x: %s, want %s", test.slot, test.policy, got, test.want)
		}
	}
}

func TestPIVPolicyOfTheTouch(t *testing.T) {
	for policy, want := range map[byte]string{0: "9000", 1: "9000", 2: "6982", 3: "6982"} {
		waited := time.Duration(0)
		c := plugPIV(t, virtualkey.Config{Touch: virtualkey.TouchNever, After: func(d time.Duration) <-chan time.Time {
			waited += d
			return closed()
		}})
		c.manage()
		c.generate(0x9e, 0x11, 0xab, 1, policy)
		if _, sw := c.sign(0x9e, 0x11, digest); sw != want || (waited == virtualkey.DefaultTouchTimeout) != (want == "6982") {
			t.Errorf("policy %d: status %s after %v, want %s", policy, sw, waited, want)
		}
	}
}

// Under CACHED a touch is good for 15 seconds, whatever happens to the session.
func TestPIVTouchIsCached(t *testing.T) {
	touches := 0
	expiry := make(chan time.Time, 1)
	c := plugPIV(t, virtualkey.Config{Touch: virtualkey.TouchAfter(time.Second), After: func(d time.Duration) <-chan time.Time {
		if d == 15*time.Second {
			return expiry
		}
		touches++
		return closed()
	}})
	c.manage()
	c.generate(0x9e, 0x11, 0xab, 1, 3)
	c.generate(0x82, 0x11, 0xaa, 1, 1, 0xab, 1, 2)
	sign := func(slot byte, want int) {
		t.Helper()
		if _, sw := c.sign(slot, 0x11, digest); sw != "9000" || touches != want {
			t.Errorf("status %s, %d touches, want %d", sw, touches, want)
		}
	}
	sign(0x82, 1) // ALWAYS means it, and the touch is good for nothing else
	sign(0x9e, 2)
	sign(0x9e, 2)
	c.Reset()
	c.ok(selectPIV)
	sign(0x9e, 2)
	sign(0x82, 3)
	sign(0x9e, 3)
	expiry <- time.Time{}
	sign(0x9e, 4)
	sign(0x9e, 4)
}

func TestPIVImport(t *testing.T) {
	c := plugPIV(t, virtualkey.Config{})
	c.manage()
	private := must(ecdh.P256().GenerateKey(rand.Reader))
	peer := must(ecdh.P256().GenerateKey(rand.Reader))
	c.gets("00fe119d", obj(0x06, private.Bytes()), unhex(t, "aa0101 ab0102"))
	c.is("010111 02020102 030102 04438641"+hexOf(private.PublicKey().Bytes()), "00f7009d")
	got, sw := c.agree(0x9d, 0x11, peer.PublicKey().Bytes())
	if want, err := private.ECDH(peer.PublicKey()); err != nil || !bytes.Equal(got, want) {
		t.Errorf("shared secret %x, status %s, want %x", got, sw, want)
	}
	c.fails("6a80", "00f99d00") // it was not made here
}

// rsaElements are what IMPORT KEY takes.
func rsaElements(k *rsa.PrivateKey) [5]*big.Int {
	return [5]*big.Int{k.Primes[0], k.Primes[1], k.Precomputed.Dp, k.Precomputed.Dq, k.Precomputed.Qinv}
}

func TestPIVImportRefuses(t *testing.T) {
	c := plugPIV(t, virtualkey.Config{})
	c.manage()
	scalar := obj(0x06, bytes.Repeat([]byte{1}, 32))
	c.refuses("6a86", "00fe1181", scalar)
	c.refuses("6a86", "00fe129a", scalar)
	for _, data := range [][]byte{
		nil, obj(0x06), obj(0x06, make([]byte, 32)), obj(0x06, bytes.Repeat([]byte{0xff}, 32)), obj(0x06, bytes.Repeat([]byte{1}, 31)),
		obj(0x07, bytes.Repeat([]byte{1}, 32)), append(scalar, scalar...), append(scalar, 0xaa, 1, 9), scalar[:20],
	} {
		c.refuses("6a80", "00fe119a", data)
	}
	c.refuses("6a80", "00fee09a", scalar)

	good := rsaElements(must(rsa.GenerateKey(rand.Reader, 1024)))
	elements := func(numbers [5]*big.Int) []byte {
		var b []byte
		for i, n := range numbers {
			b = append(b, obj(byte(1+i), n.Bytes())...)
		}
		return b
	}
	c.gets("00fe069a", elements(good))
	c.refuses("6a80", "00fe079a", elements(good)) // of half the length
	for i := range good {
		for _, n := range []*big.Int{new(big.Int), big.NewInt(1), new(big.Int).Add(good[i], big.NewInt(2)), new(big.Int).Lsh(good[i], 8), good[(i+1)%5]} {
			bad := good
			bad[i] = n
			c.refuses("6a80", "00fe069a", elements(bad))
		}
	}
	square := good
	square[1] = square[0]
	c.refuses("6a80", "00fe069a", elements(square))
}

func TestPIVMoveKey(t *testing.T) {
	c := plugPIV(t, virtualkey.Config{})
	c.manage()
	c.generate(0x9a, 0x11)
	c.generate(0x9c, 0x11)
	metadata := c.ok("00f7009a")
	c.fails("6985", "00f69c9a") // there is one
	c.fails("6a88", "00f6829d")
	for _, bad := range []string{"f99a", "82f9", "009a", "9a00", "9b9a", "ff9b"} {
		c.fails("6a86", "00f6"+bad)
	}
	c.ok("00f6829a")
	c.fails("6a88", "00f7009a")
	c.is(metadata, "00f70082")
	c.ok("00f6ff82")
	c.fails("6a88", "00f70082")
	c.ok("00f6fff9")
	c.fails("6985", "00f99c00") // nothing to attest with
}

func TestPIVMetadata(t *testing.T) {
	c := plugPIV(t, virtualkey.Config{})
	c.is("0101ff 050101 06020303", "00f70080")
	c.is("0101ff 050101 06020303", "00f70081")
	c.fails("6a86", "00f70180")
	c.fails("6a88", "00f7009a")
	c.fails("6a88", "00f70000")
	c.fails("63c2", verify("000000"))
	c.is("0101ff 050101 06020302", "00f70080")
	c.ok(apdu("00 24 00 80", secret("123456"), secret("654321")))
	c.is("0101ff 050100 06020303", "00f70080")
	c.manage()
	public := c.generate(0x9c, 0x11, 0xab, 1, 3)
	c.is("010111 02020303 030101 0443"+hexOf(public), "00f7009c")
}
