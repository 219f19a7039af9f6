package virtualkey_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

const selectPIV = "00a4040005 a000000308"

// firmware54 has 3DES for its first management key, as yubico-piv-tool 2.2 needs.
var firmware54 = virtualkey.Version{5, 4, 3}

// plugPIV makes a key with its PIV applet selected.
func plugPIV(t testing.TB, config virtualkey.Config) card {
	t.Helper()
	c := plug(t, config)
	c.ok(selectPIV)
	return c
}

// long transmits an APDU with data of any length, in the extended form, which
// takes the response whole.
func (c card) long(header string, data ...[]byte) (string, string) {
	c.t.Helper()
	all := bytes.Join(data, nil)
	return c.send(header, []byte{0, byte(len(all) >> 8), byte(len(all))}, all, []byte{0, 0})
}

// gets is long for an APDU that must succeed.
func (c card) gets(header string, data ...[]byte) []byte {
	c.t.Helper()
	got, sw := c.long(header, data...)
	if sw != "9000" {
		c.t.Fatalf("%s %x: status %s, want 9000", header, data, sw)
	}
	return unhex(c.t, got)
}

// refuses is long for an APDU that must fail with the status.
func (c card) refuses(want, header string, data ...[]byte) {
	c.t.Helper()
	if got, sw := c.long(header, data...); sw != want || got != "" {
		c.t.Errorf("%s %x: %s status %s, want %s alone", header, data, got, sw, want)
	}
}

// obj is a data object of any length.
func obj(tag byte, value ...[]byte) []byte {
	all := bytes.Join(value, nil)
	switch n := len(all); {
	case n < 0x80:
		return append([]byte{tag, byte(n)}, all...)
	case n < 0x100:
		return append([]byte{tag, 0x81, byte(n)}, all...)
	default:
		return append([]byte{tag, 0x82, byte(n >> 8), byte(n)}, all...)
	}
}

// in returns the value of the object that b begins with.
func in(t testing.TB, tag byte, b []byte) []byte {
	t.Helper()
	for _, form := range []int{2, 3, 4} {
		if len(b) >= form {
			value := b[form:]
			for n := 0; n <= len(value); n++ {
				if bytes.HasPrefix(b, obj(tag, value[:n])) {
					return value[:n]
				}
			}
		}
	}
	t.Fatalf("%x does not begin with tag %02x", b, tag)
	return nil
}

// managementKey is the one that a new key has.
var managementKey = bytes.Repeat([]byte{1, 2, 3, 4, 5, 6, 7, 8}, 3)

// cipherOf is the cipher of a management key.
func cipherOf(t testing.TB, algorithm byte, key []byte) cipher.Block {
	t.Helper()
	b, err := aes.NewCipher(key)
	if algorithm == 3 {
		b, err = des.NewTripleDESCipher(key)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// proves authenticates with a management key, both ways, and says how it ended.
func (c card) proves(algorithm byte, key []byte) string {
	c.t.Helper()
	header := fmt.Sprintf("0087%02x9b", algorithm)
	block := cipherOf(c.t, algorithm, key)
	witness := in(c.t, 0x80, in(c.t, 0x7c, c.gets(header, unhex(c.t, "7c02 8000"))))
	block.Decrypt(witness, witness)
	challenge := bytes.Repeat([]byte{0xC5}, block.BlockSize())
	got, sw := c.long(header, obj(0x7c, obj(0x80, witness), obj(0x81, challenge)))
	if sw != "9000" {
		return sw
	}
	block.Encrypt(challenge, challenge)
	if want := hex.EncodeToString(obj(0x7c, obj(0x82, challenge))); got != want {
		c.t.Errorf("the card's proof is %s, want %s", got, want)
	}
	return sw
}

// manage authenticates with the management key of a new key.
func (c card) manage() {
	c.t.Helper()
	for _, algorithm := range []byte{0x0a, 0x03} {
		if _, sw := c.long(fmt.Sprintf("0087%02x9b", algorithm), unhex(c.t, "7c02 8000")); sw == "9000" {
			if sw := c.proves(algorithm, managementKey); sw != "9000" {
				c.t.Fatalf("the management key: status %s", sw)
			}
			return
		}
	}
	c.t.Fatal("the management key has another algorithm")
}

// secret is a PIN or PUK as it goes over the wire.
func secret(s string) []byte { return []byte((s + "\xff\xff\xff\xff\xff\xff\xff\xff")[:8]) }

func verify(pin string) []byte { return apdu("00 20 00 80", secret(pin)) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestPIVSelect(t *testing.T) {
	c := plug(t, virtualkey.Config{})
	const template = "6111 4f06 000010000100 7907 4f05 a000000308"
	c.is(template, selectPIV)
	c.is(template, "00a404000b a000000308000010000100")
	c.is("050701", "00fd000000")
	c.is("00bc614e", "00f8000000")
	c.fails("6a86", "00fd0001")
	c.fails("6a86", "00f80100")
	c.fails("6d00", "00a10000")
	c.fails("6d00", "00000000")
	c.fails("6e00", "80fd0000")
}

func TestPIVByFirmware(t *testing.T) {
	instructions := map[string]virtualkey.Version{
		"00f9 9a00": {4, 3, 0},
		"00f8 0000": {5, 0, 0},
		"00f7 0080": {5, 3, 0},
		"00f6 9a9c": {5, 7, 0},
	}
	for _, v := range []virtualkey.Version{{3, 4, 9}, {4, 2, 9}, {4, 3, 0}, {5, 0, 0}, {5, 3, 0}, {5, 6, 9}, {5, 7, 0}} {
		c := plugPIV(t, virtualkey.Config{Firmware: v})
		for command, since := range instructions {
			_, sw := c.send(command)
			if want := bytes.Compare(v[:], since[:]) >= 0; (sw != "6d00") != want {
				t.Errorf("firmware %v: %s answers %s", v, command, sw)
			}
		}
	}
	plugPIV(t, virtualkey.Config{Firmware: virtualkey.Version{3, 4, 9}}).is("010004", "00fd0000")
	plugPIV(t, virtualkey.Config{Quirks: virtualkey.NoSerial}).fails("6d00", "00f80000")
}

// What the client has proven ends with the session.
func TestPIVSession(t *testing.T) {
	c := plugPIV(t, virtualkey.Config{})
	for name, end := range map[string]func(){
		"reset":          func() { c.Reset(); c.ok(selectPIV) },
		"pulled out":     func() { c.Plug(); c.ok(selectPIV) },
		"other applet":   func() { c.ok(selectOATH); c.ok(selectPIV) },
		"selected again": func() { c.ok(selectPIV) },
	} {
		c.ok(verify("123456"))
		c.manage()
		c.ok("00200080")
		c.gets("00db3fff", unhex(t, "5c03 5fc102 5300"))
		end()
		if _, sw := c.send("00200080"); sw != "63c3" {
			t.Errorf("%s: the PIN is still good: %s", name, sw)
		}
		c.refuses("6982", "00db3fff", unhex(t, "5c03 5fc102 5300"))
		c.refuses("6982", "00870a9b", obj(0x7c, obj(0x82, make([]byte, 16))))
	}
}

func TestPIVNeedsManagementKey(t *testing.T) {
	c := plugPIV(t, virtualkey.Config{})
	c.ok(verify("123456"))
	for _, command := range []string{"0047009a", "00db3fff", "00f69a9c", "00fa0303", "00fe119a", "00ffffff"} {
		c.fails("6982", command)
	}
}

func TestPIVWithoutRandomness(t *testing.T) {
	c := plugPIV(t, virtualkey.Config{Rand: strings.NewReader("the salt")})
	c.fails("6f00", "00f700f9") // the certificate has a random number
	c.fails("6f00", "00f700f9")
	c.fails("6a88", "00f7009a")
	c.refuses("6f00", "00870a9b", unhex(t, "7c02 8000"))
	c.refuses("6f00", "00870a9b", unhex(t, "7c02 8100"))
}

// The same randomness makes the same key, but for RSA, and so F9.
func TestPIVIsDeterministic(t *testing.T) {
	run := func() string {
		c := plugPIV(t, virtualkey.Config{Rand: strings.NewReader(strings.Repeat("randomness", 100))})
		c.manage()
		c.ok(verify("123456"))
		r := c.gets("0047009a", unhex(t, "ac03 800111"))
		return hex.EncodeToString(append(r, c.gets("0087119a", obj(0x7c, obj(0x82), obj(0x81, bytes.Repeat([]byte{1}, 32))))...))
	}
	if a, b := run(), run(); a != b {
		t.Errorf("first %s\nthen %s", a, b)
	}
}

// The key keeps nothing of the caller's bytes.
func TestPIVCommandIsCopied(t *testing.T) {
	c := plugPIV(t, virtualkey.Config{})
	c.manage()
	for _, command := range [][]byte{
		apdu("00 24 00 80", secret("123456"), secret("654321")),
		apdu("00 db 3f ff", unhex(t, "5c03 5fc105"), obj(0x53, []byte("data"))),
		apdu("00 ff ff ff", []byte{0x08}, obj(0x9b, managementKey[:16])),
		apdu("00 fe 11 9e", obj(0x06, bytes.Repeat([]byte{1}, 32))),
	} {
		if reply, err := c.Transmit(command); err != nil || !bytes.Equal(reply, []byte{0x90, 0}) {
			t.Fatalf("%x: %x, %v", command, reply, err)
		}
		clear(command)
	}
	c.ok(verify("654321"))
	c.is("5304"+hex.EncodeToString([]byte("data")), apdu("00 cb 3f ff", unhex(t, "5c03 5fc105")))
	if sw := c.proves(0x08, managementKey[:16]); sw != "9000" {
		t.Errorf("the management key: %s", sw)
	}
	if _, sw := c.sign(0x9e, 0x11, digest); sw != "9000" {
		t.Errorf("the key: %s", sw)
	}
}

func TestPIVReset(t *testing.T) {
	c := plugPIV(t, virtualkey.Config{})
	c.manage()
	c.gets("0047009a", unhex(t, "ac03 800111"))
	c.gets("00db3fff", unhex(t, "5c03 5fc105 5301 aa"))
	attestation := c.gets("00cb3fff", unhex(t, "5c03 5fff01"))
	c.fails("6a86", "00fb0001")
	c.fails("6985", "00fb0000")
	for range 3 {
		c.send(verify("000000"))
	}
	c.fails("6985", "00fb0000")
	for range 3 {
		c.send(apdu("00 24 00 81", secret("00000000"), secret("11111111")))
	}
	c.ok("00fb0000")
	c.fails("63c3", "00200080")
	c.fails("6a88", "00f7009a")
	c.refuses("6a82", "00cb3fff", unhex(t, "5c03 5fc105"))
	c.refuses("6982", "00db3fff", unhex(t, "5c03 5fc105 5300"))
	if got := c.gets("00cb3fff", unhex(t, "5c03 5fff01")); !bytes.Equal(got, attestation) {
		t.Error("the attestation certificate is gone")
	}
	c.manage()
	c.gets("0047009a", unhex(t, "ac03 800111"))
	c.gets("00f99a00")
}
