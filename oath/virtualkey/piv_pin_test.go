package virtualkey_test

import (
	"testing"

	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

func TestPIN(t *testing.T) {
	c := plugPIV(t, virtualkey.Config{})
	c.fails("63c3", "0020008000")
	c.fails("63c2", verify("000000"))
	c.fails("63c2", "00200080")
	c.ok(verify("123456"))
	c.ok("00200080")
	c.fails("63c2", verify("000000"))
	c.fails("63c2", "00200080") // a wrong one takes back the right one
	c.ok(verify("123456"))
	c.ok("0020ff80")
	c.fails("63c3", "00200080")

	c.fails("6a88", apdu("00 20 00 81", secret("12345678")))
	c.fails("6a88", "00200000")
	c.fails("6a86", "00200180")
	c.fails("6a86", apdu("00 20 ff 80", secret("123456")))
	for _, data := range []string{"123456", "123456789"} {
		c.fails("6a80", apdu("00 20 00 80", []byte(data)))
	}
	c.fails("63c3", "00200080") // none of these was a try
}

func TestPINBlocked(t *testing.T) {
	c := plugPIV(t, virtualkey.Config{})
	for _, want := range []string{"63c2", "63c1", "63c0", "6983", "6983"} {
		c.fails(want, verify("000000"))
	}
	c.fails("6983", verify("123456"))
	c.fails("6983", "00200080")
	c.fails("6983", apdu("00 24 00 80", secret("123456"), secret("654321")))
	c.fails("63c2", apdu("00 2c 00 80", secret("00000000"), secret("654321")))
	c.ok(apdu("00 2c 00 80", secret("12345678"), secret("654321")))
	c.fails("63c3", "00200080")
	c.ok(verify("654321"))
}

func TestChangeReference(t *testing.T) {
	c := plugPIV(t, virtualkey.Config{})
	c.fails("63c2", apdu("00 24 00 80", secret("000000"), secret("654321")))
	c.ok(apdu("00 24 00 80", secret("123456"), secret("654321")))
	c.fails("63c2", verify("123456"))
	c.ok(verify("654321"))
	for _, bad := range []string{"12345", "", "12\xff456"} {
		c.fails("6985", apdu("00 24 00 80", secret("654321"), secret(bad)))
	}
	c.ok(verify("654321"))

	c.ok(apdu("00 24 00 81", secret("12345678"), secret("abcdef")))
	for _, want := range []string{"63c2", "63c1"} {
		c.fails(want, apdu("00 24 00 81", secret("12345678"), secret("abcdef")))
	}
	c.ok(apdu("00 2c 00 80", secret("abcdef"), secret("111111")))
	c.ok(verify("111111"))
	for _, want := range []string{"63c2", "63c1", "63c0", "6983"} {
		c.fails(want, apdu("00 2c 00 80", secret("12345678"), secret("")))
	}
	c.fails("6983", apdu("00 24 00 81", secret("abcdef"), secret("12345678")))
}

func TestChangeReferenceRefuses(t *testing.T) {
	c := plugPIV(t, virtualkey.Config{})
	for _, ins := range []string{"24", "2c"} {
		c.fails("6a86", "00"+ins+"0180")
		c.fails("6a88", "00"+ins+"0082")
		c.fails("6a80", "00"+ins+"0080")
		c.fails("6a80", apdu("00 "+ins+" 00 80", secret("123456"), []byte("654321")))
	}
	c.fails("6a88", "002c0081")
	c.fails("63c3", "00200080")
}

func TestSetRetries(t *testing.T) {
	c := plugPIV(t, virtualkey.Config{})
	c.ok(apdu("00 24 00 80", secret("123456"), secret("654321")))
	c.manage()
	c.ok("0020ff80")
	c.fails("6982", "00fa0501") // wants the PIN too
	c.ok(verify("654321"))
	c.fails("6a86", "00fa0001")
	c.fails("6a86", "00fa0100")
	c.ok("00fa1401")
	c.ok("0020ff80")
	c.fails("63cf", "00200080") // 20 tries are more than can be reported
	c.ok(verify("123456"))
	c.fails("63c0", apdu("00 2c 00 80", secret("00000000"), secret("654321")))
	c.fails("6983", apdu("00 2c 00 80", secret("12345678"), secret("654321")))
	c.is("0101ff 050101 06021414", "00f70080")
	c.is("0101ff 050101 06020100", "00f70081")
}
