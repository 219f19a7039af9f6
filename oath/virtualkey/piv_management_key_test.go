package virtualkey_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

func TestManagementKey(t *testing.T) {
	for _, test := range []struct {
		algorithm byte
		length    int
	}{{0x03, 24}, {0x08, 16}, {0x0a, 24}, {0x0c, 32}} {
		c := plugPIV(t, virtualkey.Config{})
		c.manage()
		key := bytes.Repeat([]byte{0x5a, 3}, test.length/2)
		c.gets("00ffffff", []byte{test.algorithm}, obj(0x9b, key))
		c.is(fmt.Sprintf("0101%02x 02020001 050100", test.algorithm), "00f7009b")
		c.ok(selectPIV)
		key[0] ^= 0x10
		if sw := c.proves(test.algorithm, key); sw != "6982" {
			t.Errorf("algorithm %02x: a wrong key: %s", test.algorithm, sw)
		}
		c.refuses("6982", "00db3fff", unhex(t, "5c03 5fc102 5300"))
		key[0] ^= 0x10
		if sw := c.proves(test.algorithm, key); sw != "9000" {
			t.Errorf("algorithm %02x: the key: %s", test.algorithm, sw)
		}
		c.gets("00db3fff", unhex(t, "5c03 5fc102 5300"))
	}
}

// The other way round, the client alone proves that it has the key.
func TestManagementKeySingle(t *testing.T) {
	c := plugPIV(t, virtualkey.Config{Firmware: firmware54})
	block := cipherOf(t, 3, managementKey)
	for _, algorithm := range []string{"03", "00"} {
		header := "0087" + algorithm + "9b"
		challenge := in(t, 0x81, in(t, 0x7c, c.gets(header, unhex(t, "7c02 8100"))))
		block.Encrypt(challenge, challenge)
		c.gets(header, obj(0x7c, obj(0x82, challenge)))
		c.gets("00db3fff", unhex(t, "5c03 5fc102 5300"))
		c.refuses("6982", header, obj(0x7c, obj(0x82, challenge))) // a second time
		c.refuses("6982", "00db3fff", unhex(t, "5c03 5fc102 5300"))

		challenge = in(t, 0x81, in(t, 0x7c, c.gets(header, unhex(t, "7c02 8100"))))
		block.Encrypt(challenge, challenge)
		c.ok(selectPIV)
		c.refuses("6982", header, obj(0x7c, obj(0x82, challenge))) // in another session
		c.refuses("6982", "00db3fff", unhex(t, "5c03 5fc102 5300"))
	}
}

func TestManagementKeyRefuses(t *testing.T) {
	c := plugPIV(t, virtualkey.Config{})
	c.refuses("6a80", "0087039b", unhex(t, "7c02 8000"))
	c.refuses("6a80", "0087ff9b", unhex(t, "7c02 8000"))
	for _, data := range []string{"", "7c", "7c00", "7c0100", "7c048000", "7c028000 00", "7c028200", "7c04 8000 8000", "7c038301aa", "7c0a 8208 0102030405060708", "7b028000"} {
		c.refuses("6a80", "00870a9b", unhex(t, data))
	}
	zeros := make([]byte, 16)
	c.refuses("6982", "00870a9b", obj(0x7c, obj(0x80, zeros), obj(0x81, zeros))) // no witness was asked for
	c.gets("00870a9b", unhex(t, "7c02 8000"))
	c.refuses("6a80", "00870a9b", obj(0x7c, obj(0x80, zeros)))
	c.refuses("6a80", "00870a9b", obj(0x7c, obj(0x80, zeros), obj(0x81, zeros[1:])))

	c.manage()
	for _, data := range []string{"", "0a", "0a9b02 0102", "0a9a18", "0b9b18 010203040506070801020304050607080102030405060708", "0a9b18 010203040506070801020304050607080102030405060708 00"} {
		c.refuses("6a80", "00ffffff", unhex(t, data))
	}
	c.refuses("6a86", "00fffffd", unhex(t, "0a9b18 010203040506070801020304050607080102030405060708"))
	c.refuses("6a86", "00ff00ff", unhex(t, "0a9b18 010203040506070801020304050607080102030405060708"))
	c.is("01010a 02020001 050101", "00f7009b")

	old := plugPIV(t, virtualkey.Config{Firmware: virtualkey.Version{5, 3, 0}})
	old.is("010103 02020001 050101", "00f7009b")
	old.manage()
	old.refuses("6a80", "00ffffff", unhex(t, "0a9b18 010203040506070801020304050607080102030405060708"))
}

func TestManagementKeyTouch(t *testing.T) {
	c := plugPIV(t, virtualkey.Config{Touch: virtualkey.TouchNever, TouchTimeout: 1})
	c.manage()
	c.gets("00fffffe", []byte{0x0a}, obj(0x9b, managementKey))
	c.is("01010a 02020002 050101", "00f7009b")
	if sw := c.proves(0x0a, managementKey); sw != "6982" {
		t.Errorf("without a touch: %s", sw)
	}
	c.refuses("6982", "00db3fff", unhex(t, "5c03 5fc102 5300"))
}
