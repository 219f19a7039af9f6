package virtualkey_test

import (
	"testing"
	"testing/cryptotest"

	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

// FuzzPIV sends any sequence of APDUs, each after a byte of its length, to a PIV
// applet whose client has proven all there is. It answers every one, in 2 to 65535
// bytes.
func FuzzPIV(f *testing.F) {
	seed := func(firmware byte, commands ...[]byte) {
		var all []byte
		for _, c := range commands {
			all = append(append(all, byte(len(c))), c...)
		}
		f.Add(firmware, all)
	}
	hex := func(s string) []byte { return unhex(f, s) }
	sign := apdu("00 87 11 9a", obj(0x7c, obj(0x82), obj(0x81, digest)))
	agree := apdu("00 87 11 9a", obj(0x7c, obj(0x82), obj(0x85, append([]byte{4}, make([]byte, 64)...))))
	seed(5, hex("0047009a05 ac03 800111"), sign, agree, hex("00f99a00"), hex("00f7009a"))
	seed(5, hex("0047009c0b ac09 800114 aa0103 ab0103"), verify("123456"), hex("0087149c0a 7c08 8200 8104 01020304"), hex("00f69d9c"))
	seed(5, apdu("00 fe 11 82", obj(6, digest)), hex("00f70082"), hex("00f98200"))
	seed(5, hex("00fe0682 0f 010101 020102 030103 040104 050105"))
	seed(5, hex("00db3fff0a 5c03 5fc105 5303 010203"), hex("00cb3fff05 5c03 5fc105"), hex("00cb3fff03 5c017e"), hex("00cb3fff05 5c03 5fff01 00"), hex("00c00000"))
	seed(5, hex("10db3fff05 5c03 5fc105"), hex("00db3fff05 5303 010203"))
	seed(5, hex("00db3fff07 5c03 5fff01 5300"), hex("0047009a05 ac03 800111"), hex("00f99a00"))
	seed(5, apdu("00 24 00 80", secret("123456"), secret("654321")), apdu("00 2c 00 80", secret("12345678"), secret("111111")), hex("00fa0101"), verify("0"), hex("00f70080"))
	seed(5, verify("0"), verify("0"), verify("0"), apdu("00 24 00 81", secret("0"), secret("0")), hex("00fb0000"))
	seed(3, apdu("00 ff ff fe", []byte{3}, obj(0x9b, managementKey)), hex("0087039b04 7c028000"), hex("0087039b04 7c028100"), hex("00fd0000"), hex("00f80000"))

	f.Fuzz(func(t *testing.T, firmware byte, commands []byte) {
		cryptotest.SetGlobalRandom(t, 1) // the same input takes the same path
		c := plugPIV(t, virtualkey.Config{Firmware: virtualkey.Version{firmware, 3, 4}, Rand: zeros{}})
		c.manage()
		c.ok(verify("123456"))
		for len(commands) > 0 {
			n := min(int(commands[0]), len(commands)-1)
			reply, err := c.Transmit(commands[1 : 1+n])
			if err != nil || len(reply) < 2 || len(reply) > 0xFFFF {
				t.Fatalf("%x: %x, %v", commands[1:1+n], reply, err)
			}
			commands = commands[1+n:]
		}
	})
}
