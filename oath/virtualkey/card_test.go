package virtualkey_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

// card is a key as a client sees it: APDUs in hexadecimal.
type card struct {
	t testing.TB
	*virtualkey.Key
}

// plug makes a key that lives as long as the test.
func plug(t testing.TB, config virtualkey.Config) card {
	t.Helper()
	k, err := virtualkey.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	return card{t, k}
}

// plugOATH makes a key with its OATH applet selected.
func plugOATH(t testing.TB, config virtualkey.Config) card {
	t.Helper()
	c := plug(t, config)
	c.ok(selectOATH)
	return c
}

const (
	selectOATH       = "00a4040007 a0000005272101"
	selectManagement = "00a4040008 a000000527471117"
	selectOTP        = "00a4040007 a0000005272001"
	sendRemaining    = "00a50000"
)

// send transmits the pieces of an APDU and returns the response data and status.
func (c card) send(pieces ...any) (string, string) {
	c.t.Helper()
	b, err := c.Transmit(unhex(c.t, pieces...))
	if err != nil {
		c.t.Fatalf("%v: %v", pieces, err)
	}
	s := hex.EncodeToString(b)
	return s[:len(s)-4], s[len(s)-4:]
}

// ok transmits an APDU that must succeed, and returns all of the response.
func (c card) ok(pieces ...any) string {
	c.t.Helper()
	data, sw := c.send(pieces...)
	for strings.HasPrefix(sw, "61") {
		var more string
		more, sw = c.send(sendRemaining)
		data += more
	}
	if sw != "9000" {
		c.t.Fatalf("%v: status %s, want 9000", pieces, sw)
	}
	return data
}

// fails transmits an APDU that must fail with the status.
func (c card) fails(want string, pieces ...any) {
	c.t.Helper()
	if data, sw := c.send(pieces...); sw != want || data != "" {
		c.t.Errorf("%v: %s status %s, want %s alone", pieces, data, sw, want)
	}
}

// is transmits an APDU whose whole response data must be as given.
func (c card) is(want string, pieces ...any) {
	c.t.Helper()
	if got := c.ok(pieces...); got != strings.ReplaceAll(want, " ", "") {
		c.t.Errorf("%v:\n got %s\nwant %s", pieces, got, want)
	}
}

// unhex joins hexadecimal, spaces ignored, and byte strings.
func unhex(t testing.TB, pieces ...any) []byte {
	t.Helper()
	var out []byte
	for _, p := range pieces {
		switch p := p.(type) {
		case []byte:
			out = append(out, p...)
		case string:
			b, err := hex.DecodeString(strings.ReplaceAll(p, " ", ""))
			if err != nil {
				t.Fatalf("%q: %v", p, err)
			}
			out = append(out, b...)
		default:
			t.Fatalf("%T is no piece of an APDU", p)
		}
	}
	return out
}

// apdu is a short command APDU with data.
func apdu(header string, data ...[]byte) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(header, " ", ""))
	if err != nil || len(b) != 4 {
		panic(header)
	}
	all := bytes.Join(data, nil)
	return append(append(b, byte(len(all))), all...)
}

// tlv is a data object, its length in the form that clients use.
func tlv(tag byte, value []byte) []byte {
	b := []byte{tag, byte(len(value))}
	if len(value) >= 0x80 {
		b = []byte{tag, 0x81, byte(len(value))}
	}
	return append(b, value...)
}

func name(s string) []byte { return tlv(0x71, []byte(s)) }

// counter is a challenge: the number of a period.
func counter(n uint64) []byte { return tlv(0x74, be64(n)) }

func be64(n uint64) []byte {
	b := make([]byte, 8)
	for i := range b {
		b[7-i] = byte(n >> (8 * i))
	}
	return b
}

// put is a PUT of an account; more follows its key.
func put(account string, algorithm, digits byte, key string, more ...byte) []byte {
	return apdu("00 01 00 00", name(account), tlv(0x73, append([]byte{algorithm, digits}, key...)), more)
}

// totp is a PUT of a plain account.
func totp(account string) []byte { return put(account, 0x21, 6, rfcSecret) }

// calculate is a truncated CALCULATE.
func calculate(account string, n uint64) []byte {
	return apdu("00 a2 00 01", name(account), counter(n))
}

func mac(key, message []byte) []byte {
	h := hmac.New(sha1.New, key)
	h.Write(message)
	return h.Sum(nil)
}

// code is the access key that the tests lock with.
var code = []byte("sixteen byte key")

// setCode is a SET CODE with its proof.
func setCode(key []byte) []byte {
	challenge := []byte("12345678")
	return apdu("00 03 00 00", tlv(0x73, append([]byte{0x21}, key...)), tlv(0x74, challenge), tlv(0x75, mac(key, challenge)))
}

// unlock selects the applet and validates.
func (c card) unlock(key []byte) {
	c.t.Helper()
	reply := unhex(c.t, c.ok(selectOATH))
	i := bytes.Index(reply, []byte{0x74, 8})
	if i < 0 {
		c.t.Fatalf("%x has no challenge", reply)
	}
	ours := []byte("abcdefgh")
	c.is("7514"+hex.EncodeToString(mac(key, ours)), apdu("00 a3 00 00", tlv(0x75, mac(key, reply[i+2:i+10])), tlv(0x74, ours)))
}
