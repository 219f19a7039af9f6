package virtualkey_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

func TestATR(t *testing.T) {
	for _, test := range []struct {
		firmware    virtualkey.Version
		atr, reader string
	}{
		{neo, "3BFC1300008131FE15 597562696B65794E454F7233 E1", "Yubico Yubikey NEO OTP+U2F+CCID"},
		{yk42, "3BF81300008131FE15 597562696B657934 D4", "Yubico Yubikey 4 OTP+U2F+CCID"},
		{yk43, "3BF81300008131FE15 597562696B657934 D4", "Yubico Yubikey 4 OTP+U2F+CCID"},
		{yk54, "3BFD1300008131FE15 8073C021C057597562694B6579 40", "Yubico YubiKey OTP+FIDO+CCID"},
		{yk57, "3BFD1300008131FE15 8073C021C057597562694B6579 40", "Yubico YubiKey OTP+FIDO+CCID"},
	} {
		atr := plug(t, virtualkey.Config{Firmware: test.firmware}).ATR()
		check := byte(0) // of all after the first, ISO 7816-3, 8.2.5
		for _, b := range atr[1:] {
			check ^= b
		}
		if !bytes.Equal(atr, unhex(t, test.atr)) || check != 0 {
			t.Errorf("firmware %v: got %x, want %s", test.firmware, atr, test.atr)
		}
		if got := test.firmware.Reader(); got != test.reader {
			t.Errorf("firmware %v: got %s, want %s", test.firmware, got, test.reader)
		}
	}
}

func TestExchanges(t *testing.T) {
	c := plugOATH(t, virtualkey.Config{})
	c.fails("6700", "00")
	c.ok("00a10000")
	if n := c.Exchanges(); n != 3 {
		t.Errorf("%d exchanges, want 3", n)
	}
	c.ClearExchanges()
	c.Reset()
	c.ok(selectOATH)
	if n := c.Exchanges(); n != 1 {
		t.Errorf("%d exchanges, want 1", n)
	}
}

func TestTrace(t *testing.T) {
	var b strings.Builder
	c := plug(t, virtualkey.Config{Trace: &b, Faults: []virtualkey.Fault{fault(t, "2:pull")}})
	c.fails("6d00", "00a10000")
	c.Reset()
	c.Transmit([]byte{0, 1, 2, 3})
	const want = `000001 > 00a10000
000001 < 6d00
000001 * reset
000002 > 00010203
000002 * the key was pulled out
`
	if b.String() != want {
		t.Errorf("got %s\nwant %s", b.String(), want)
	}
}

// A key without randomness makes no salt and no challenge.
func TestNoRandomness(t *testing.T) {
	if _, err := virtualkey.New(virtualkey.Config{Rand: strings.NewReader("short")}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("New: %v", err)
	}
	c := plug(t, virtualkey.Config{Rand: strings.NewReader("the salt")})
	c.fails("6f00", selectOATH)
	c.fails("6f00", "0004dead")
}

// The key keeps nothing of the caller's bytes.
func TestCommandIsCopied(t *testing.T) {
	c := plugOATH(t, virtualkey.Config{})
	for _, command := range [][]byte{
		totp("a"),
		apdu("00 05 00 00", tlv(0x71, []byte("a")), tlv(0x71, []byte("b"))),
		setCode(code),
	} {
		if reply, err := c.Transmit(command); err != nil || !bytes.Equal(reply, []byte{0x90, 0}) {
			t.Fatalf("%x: %x, %v", command, reply, err)
		}
		clear(command)
	}
	c.unlock(code)
	c.is("7202 21 62", "00a10000")
	c.is("7605 06 0004616a", calculate("b", 1))
}

func TestVersionText(t *testing.T) {
	var v virtualkey.Version
	if err := v.UnmarshalText([]byte("5.10.255")); v != (virtualkey.Version{5, 10, 255}) || err != nil {
		t.Errorf("got %v, %v", v, err)
	}
	for _, s := range []string{"", "5", "5.7", "5.7.1.2", "5.7.256", "5.7.-1", " 5.7.1", "5.7.1 ", "05.7.1", "a.b.c"} {
		if v.UnmarshalText([]byte(s)) == nil || v != (virtualkey.Version{5, 10, 255}) {
			t.Errorf("%q is %v", s, v)
		}
	}
}
