package virtualkey_test

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

// rfcSecret is the secret of RFC 4226, appendix D; RFC 6238 goes on with its
// digits up to the length of the hash.
const rfcSecret = "12345678901234567890"

// otp reads a truncated response and returns the digits.
func otp(t *testing.T, response string) string {
	t.Helper()
	var digits int
	var value uint32
	if n, _ := fmt.Sscanf(response, "7605%02x%08x", &digits, &value); n != 2 {
		t.Fatalf("%s is no truncated response", response)
	}
	if value > 1<<31-1 {
		t.Errorf("%s has its top bit set", response)
	}
	modulus := uint32(1)
	for range digits {
		modulus *= 10
	}
	return fmt.Sprintf("%0*d", digits, value%modulus)
}

func TestHOTPVectors(t *testing.T) {
	c := plugOATH(t, virtualkey.Config{})
	c.ok(put("rfc4226", 0x11, 6, rfcSecret))
	for i, want := range []string{
		"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489",
	} {
		if got := otp(t, c.ok(apdu("00 a2 00 01", name("rfc4226"), tlv(0x74, nil)))); got != want {
			t.Errorf("count %d: got %s, want %s", i, got, want)
		}
	}
}

func TestTOTPVectors(t *testing.T) {
	for _, h := range []struct {
		algorithm byte
		secret    string
		codes     []string
	}{
		{0x21, rfcSecret, []string{"94287082", "07081804", "14050471", "89005924", "69279037", "65353130"}},
		{0x22, (rfcSecret + rfcSecret)[:32], []string{"46119246", "68084774", "67062674", "91819424", "90698825", "77737706"}},
		{0x23, strings.Repeat(rfcSecret, 4)[:64], []string{"90693936", "25091201", "99943326", "93441116", "38618901", "47863826"}},
	} {
		c := plugOATH(t, virtualkey.Config{})
		c.ok(put("rfc6238", h.algorithm, 8, h.secret))
		for i, unix := range []uint64{59, 1111111109, 1111111111, 1234567890, 2000000000, 20000000000} {
			if got := otp(t, c.ok(calculate("rfc6238", unix/30))); got != h.codes[i] {
				t.Errorf("algorithm %02x at %d: got %s, want %s", h.algorithm, unix, got, h.codes[i])
			}
			all := c.ok(apdu("00 a4 00 01", counter(unix/30)))
			prefix := hex.EncodeToString(name("rfc6238"))
			if got := otp(t, strings.TrimPrefix(all, prefix)); got != h.codes[i] {
				t.Errorf("algorithm %02x at %d in CALCULATE ALL: got %s, want %s", h.algorithm, unix, got, h.codes[i])
			}
		}
	}
}

// A secret of ten bytes is padded to fourteen by the client, on the right.
// Values: oathtool --hotp -b JBSWY3DPEHPK3PXP.
func TestTenByteSecret(t *testing.T) {
	c := plugOATH(t, virtualkey.Config{})
	c.ok(put("short", 0x11, 6, "Hello!\xde\xad\xbe\xef\x00\x00\x00\x00"))
	for _, want := range []string{"282760", "996554", "602287"} {
		if got := otp(t, c.ok(apdu("00 a2 00 01", name("short"), tlv(0x74, nil)))); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestFullResponse(t *testing.T) {
	c := plugOATH(t, virtualkey.Config{})
	c.ok(totp("a"))
	sum := hex.EncodeToString(mac([]byte(rfcSecret), be64(1)))
	c.is("7515 06"+sum, apdu("00 a2 00 00", name("a"), counter(1)))
	c.is("7101 61 7515 06"+sum, apdu("00 a4 00 00", counter(1)))
}

func TestInitialMovingFactor(t *testing.T) {
	c := plugOATH(t, virtualkey.Config{})
	c.ok(put("h", 0x11, 6, rfcSecret, 0x7a, 4, 0, 0, 0, 9))
	if got := otp(t, c.ok(apdu("00 a2 00 01", name("h"), tlv(0x74, nil)))); got != "520489" {
		t.Errorf("count 9: got %s", got)
	}
	c.ok(put("h", 0x11, 6, rfcSecret, 0x7a, 4, 0xff, 0xff, 0xff, 0xff))
	c.ok(apdu("00 a2 00 01", name("h"), tlv(0x74, nil)))
	sum := hex.EncodeToString(mac([]byte(rfcSecret), be64(1<<32)))
	c.is("7515 06"+sum, apdu("00 a2 00 00", name("h"), tlv(0x74, nil)))
}

func TestListAndCalculateAll(t *testing.T) {
	c := plugOATH(t, virtualkey.Config{})
	c.is("", "00a10000")
	c.is("", apdu("00 a4 00 01", counter(1)))
	c.ok(put("counter", 0x12, 7, rfcSecret, 0x78, 2))
	c.ok(put("touch", 0x21, 8, rfcSecret, 0x78, 2))
	c.ok(put("time", 0x23, 6, rfcSecret))
	c.is("7208 12 636f756e746572 7206 21 746f756368 7205 23 74696d65", "00a10000")
	reply := c.ok(apdu("00 a4 00 01", counter(1)))
	want := "7107636f756e746572" + "770107" + "7105746f756368" + "7c0108" + "710474696d65" + "760506"
	if !strings.HasPrefix(reply, want) || len(reply) != len(want)+8 {
		t.Errorf("CALCULATE ALL: got %s, want %s and a value", reply, want)
	}
	first := c.ok(apdu("00 a2 00 01", name("counter"), tlv(0x74, nil)))
	c.ok(put("counter", 0x12, 7, rfcSecret))
	if again := c.ok(apdu("00 a2 00 01", name("counter"), tlv(0x74, nil))); again != first {
		t.Errorf("CALCULATE ALL moved the counter: %s, then %s", first, again)
	}
}

func TestPutReplaces(t *testing.T) {
	c := plugOATH(t, virtualkey.Config{})
	c.ok(totp("a"))
	c.ok(totp("b"))
	c.ok(put("a", 0x12, 8, rfcSecret))
	c.is("7202 12 61 7202 21 62", "00a10000")
}

func TestRenameAndDelete(t *testing.T) {
	c := plugOATH(t, virtualkey.Config{})
	c.ok(totp("old"))
	c.ok(totp("other"))
	before := c.ok(calculate("old", 1))
	c.ok(apdu("00 05 00 00", name("old"), name("new")))
	c.is(before, calculate("new", 1))
	c.fails("6984", calculate("old", 1))
	c.fails("6a80", apdu("00 05 00 00", name("new"), name("other")))
	c.fails("6984", apdu("00 05 00 00", name("old"), name("x")))
	c.ok(apdu("00 02 00 00", name("new")))
	c.fails("6984", apdu("00 02 00 00", name("new")))
	c.is("7206 21 6f74686572", "00a10000")
}

func TestIncreasing(t *testing.T) {
	c := plugOATH(t, virtualkey.Config{})
	c.ok(put("a", 0x21, 6, rfcSecret, 0x78, 1))
	c.ok(calculate("a", 5))
	c.ok(calculate("a", 5))
	c.ok(calculate("a", 0x100))
	c.fails("6982", calculate("a", 0xff))
	c.fails("6982", apdu("00 a2 00 01", name("a"), tlv(0x74, []byte{0xff})))
	c.fails("6982", apdu("00 a4 00 01", counter(0xff)))
	c.ok(apdu("00 a4 00 01", counter(0x101)))
	c.fails("6982", calculate("a", 0x100))

	c = plugOATH(t, virtualkey.Config{Quirks: virtualkey.StrictlyIncreasing})
	c.ok(put("a", 0x21, 6, rfcSecret, 0x78, 1))
	c.ok(calculate("a", 0))
	c.fails("6982", calculate("a", 0))
	c.ok(apdu("00 a4 00 01", counter(1)))
	c.fails("6982", apdu("00 a4 00 01", counter(1)))
}

func TestSelect(t *testing.T) {
	c := plug(t, virtualkey.Config{Firmware: virtualkey.Version{5, 4, 3}})
	reply := c.ok(selectOATH)
	if !strings.HasPrefix(reply, "7903050403"+"7108") || len(reply) != 2*(5+10) {
		t.Errorf("SELECT: %s", reply)
	}
	c.is(reply, selectOATH)
	c.ok(setCode(code))
	locked := c.ok(selectOATH)
	if !strings.HasPrefix(locked, reply+"7408") || !strings.HasSuffix(locked, "7b0101") || len(locked) != 2*(15+10+3) {
		t.Errorf("SELECT of a locked applet: %s", locked)
	}
	if locked == c.ok(selectOATH) {
		t.Error("two sessions have the same challenge")
	}
}

func TestPassword(t *testing.T) {
	c := plugOATH(t, virtualkey.Config{})
	c.ok(totp("a"))
	c.ok(setCode(code))
	c.ok(calculate("a", 1)) // the session that set it stays open

	c.ok(selectOATH)
	for _, command := range [][]byte{
		totp("b"), apdu("00 02 00 00", name("a")), setCode(code), apdu("00 05 00 00", name("a"), name("b")),
		unhex(t, "00a10000"), calculate("a", 1), apdu("00 a4 00 01", counter(1)), unhex(t, sendRemaining), unhex(t, "00ff0000"),
	} {
		c.fails("6982", command)
	}
	c.fails("6a80", apdu("00 a3 00 00", tlv(0x75, mac(code, []byte("not that"))), tlv(0x74, be64(1))))
	c.fails("6982", "00a10000")

	c.unlock(code)
	c.ok("00a10000")
	c.Reset()
	c.fails("6d00", "00a10000")
	c.ok(selectOATH)
	c.fails("6982", "00a10000")

	c.unlock(code)
	c.ok(selectManagement)
	c.ok(selectOATH)
	c.fails("6982", "00a10000")

	c.unlock(code)
	c.ok("00 03 00 00 02 73 00")
	c.ok(selectOATH)
	c.ok("00a10000")
	c.fails("6984", apdu("00 a3 00 00", tlv(0x75, mac(code, be64(1))), tlv(0x74, be64(1))))
}

// A name too short to be one of an application selects none.
func TestSelectWithoutName(t *testing.T) {
	for _, command := range []string{"00a40400", "00a4040004 a0000005"} {
		c := plugOATH(t, virtualkey.Config{})
		c.fails("6a82", command)
		c.fails("6d00", "00a10000")
	}
}

func TestStaysOpen(t *testing.T) {
	c := plugOATH(t, virtualkey.Config{Quirks: virtualkey.StaysOpen})
	c.ok(setCode(code))
	c.ok(selectOATH)
	c.ok("00a10000")
	c.Reset()
	c.ok(selectOATH)
	c.fails("6982", "00a10000")
	c.unlock(code)
	c.ok(selectOATH)
	c.ok("00a10000")
	c.ok(selectManagement)
	c.ok(selectOATH)
	c.fails("6982", "00a10000")
}

func TestRoomy(t *testing.T) {
	c := plugOATH(t, virtualkey.Config{Quirks: virtualkey.Roomy})
	for i := range 255 {
		c.ok(totp(strings.Repeat("n", i/16+1) + string(rune('a'+i%16))))
	}
	c.fails("6a84", totp("one more"))
	c.ok(totp("na"))
}

func TestReset(t *testing.T) {
	c := plug(t, virtualkey.Config{})
	salt := c.ok(selectOATH)
	c.ok(totp("a"))
	c.ok(setCode(code))
	c.ok(selectOATH)
	c.fails("6b00", "00040000")
	c.fails("6b00", "0004adde")
	c.ok("0004dead")
	c.is("", "00a10000")
	if again := c.ok(selectOATH); again == salt || len(again) != len(salt) {
		t.Errorf("SELECT was %s before RESET, %s after", salt, again)
	}
}

// TestMalformed holds the commands that a key without a code refuses.
func TestMalformed(t *testing.T) {
	c := plugOATH(t, virtualkey.Config{})
	c.ok(totp("a"))
	long := strings.Repeat("n", 65)
	response := tlv(0x75, make([]byte, 20))
	for _, test := range []struct {
		sw      string
		command []byte
	}{
		{"6700", nil},
		{"6700", []byte{0, 1, 0}},
		{"6700", []byte{0, 1, 0, 0, 5, 0x71}},
		{"6700", []byte{0, 1, 0, 0, 1, 0x71, 0, 0}},
		{"6700", []byte{0, 1, 0, 0, 0, 0}},
		{"6700", []byte{0, 1, 0, 0, 0, 0, 9, 1}},
		{"6e00", []byte{0x80, 1, 0, 0}},
		{"6d00", []byte{0, 0x42, 0, 0}},
		{"6d00", []byte{0, 0, 0, 0, 0}}, // ykman sends this to wake firmware 4.2
		{"6b00", []byte{0, 0x01, 1, 0}},
		{"6b00", []byte{0, 0xa1, 1, 0}},
		{"6b00", []byte{0, 0xa2, 0, 2}},
		{"6b00", []byte{0, 0xa4, 1, 1}},
		{"6b00", []byte{0, 0xa4, 4, 4}},

		{"6a80", apdu("00 01 00 00")},
		{"6a80", apdu("00 01 00 00", name("b"))},
		{"6a80", apdu("00 01 00 00", []byte{0x71})},
		{"6a80", apdu("00 01 00 00", []byte{0x71, 0x05, 0x61})},
		{"6a80", apdu("00 01 00 00", []byte{0x71, 0x80})},
		{"6a80", apdu("00 01 00 00", []byte{0x71, 0x83, 0, 0, 1, 0x61})},
		{"6a80", apdu("00 01 00 00", []byte{0x71, 0x82, 0x01})},
		{"6a80", put("", 0x21, 6, rfcSecret)},
		{"6a80", put(long, 0x21, 6, rfcSecret)},
		{"6a80", put("b", 0x31, 6, rfcSecret)},
		{"6a80", put("b", 0x20, 6, rfcSecret)},
		{"6a80", put("b", 0x24, 6, rfcSecret)},
		{"6a80", put("b", 0x21, 6, "thirteenbytes")},
		{"6a80", put("b", 0x21, 6, long)},
		{"6a80", put("b", 0x21, 6, rfcSecret, 0x78)},
		{"6a80", put("b", 0x21, 6, rfcSecret, 0x78, 1, 2)}, // a property has no length
		{"6a80", put("b", 0x21, 6, rfcSecret, 0x78, 4)},
		{"6a80", put("b", 0x11, 6, rfcSecret, 0x7a, 2, 0, 1)},
		{"6a80", put("b", 0x11, 6, rfcSecret, 0x7a, 4, 0, 1)},
		{"6a80", put("b", 0x21, 6, rfcSecret, 0x00)},
		{"6a80", apdu("00 01 00 00", name("b"), tlv(0x73, []byte{0x21}))},

		{"6a80", apdu("00 02 00 00")},
		{"6a80", apdu("00 02 00 00", name("a"), name("a"))},
		{"6984", apdu("00 02 00 00", name("b"))},

		{"6a80", apdu("00 03 00 00")},
		{"6a80", apdu("00 03 00 00", tlv(0x73, []byte{0x21, 1}))},
		{"6a80", apdu("00 03 00 00", tlv(0x73, []byte{0x21}), counter(1), response)},
		{"6984", apdu("00 03 00 00", tlv(0x73, []byte{0x51, 1}), counter(1), response)},
		{"6984", apdu("00 03 00 00", tlv(0x73, []byte{0x21, 1}), counter(1), response)},
		{"6a80", apdu("00 03 00 00", tlv(0x73, []byte{0x21, 1}), counter(1), tlv(0x75, make([]byte, 4)))},

		{"6a80", apdu("00 05 00 00", name("a"))},
		{"6a80", apdu("00 05 00 00", name("a"), name(""))},
		{"6a80", apdu("00 05 00 00", name("a"), name(long))},

		{"6a80", apdu("00 a2 00 01")},
		{"6a80", apdu("00 a2 00 01", name("a"))},
		{"6a80", apdu("00 a2 00 01", name("a"), tlv(0x74, nil))},
		{"6a80", apdu("00 a2 00 01", name("a"), tlv(0x74, []byte(long)))},
		{"6984", calculate("b", 1)},

		{"6984", apdu("00 a3 00 00", response, counter(1))},
		{"6a80", apdu("00 a4 00 01")},
		{"6a80", apdu("00 a4 00 01", tlv(0x74, nil))},
		{"6a80", apdu("00 a4 00 01", counter(1), counter(1))},
	} {
		c.fails(test.sw, test.command)
	}
	c.is("7202 21 61", "00a10000")

	c.ok(setCode(code))
	c.ok(selectOATH)
	c.fails("6a80", apdu("00 a3 00 00"))
	c.fails("6a80", apdu("00 a3 00 00", response))
	c.fails("6a80", apdu("00 a3 00 00", response, tlv(0x74, make([]byte, 7))))
}

func TestKeyAsLongAsItsBlock(t *testing.T) {
	c := plugOATH(t, virtualkey.Config{})
	c.ok(put("sha1", 0x21, 6, strings.Repeat("k", 64)))
	c.ok(put(strings.Repeat("n", 64), 0x23, 6, strings.Repeat("k", 128), 0x78, 2, 0x7a, 4, 0, 0, 0, 1))
}

func TestFirmwareGates(t *testing.T) {
	touched := put("a", 0x21, 6, rfcSecret, 0x78, 2)
	for _, test := range []struct {
		firmware virtualkey.Version
		touch    string // what CALCULATE ALL says after the name
		sha512   string
		short    string
		rename   string
	}{
		{virtualkey.Version{3, 4, 9}, "7605", "6a80", "9000", "6d00"},
		{virtualkey.Version{4, 2, 3}, "7605", "6a80", "6a80", "6d00"},
		{virtualkey.Version{4, 2, 4}, "7c01", "6a80", "6a80", "6d00"},
		{virtualkey.Version{4, 3, 0}, "7c01", "6a80", "6a80", "6d00"},
		{virtualkey.Version{4, 3, 1}, "7c01", "9000", "6a80", "6d00"},
		{virtualkey.Version{5, 3, 0}, "7c01", "9000", "6a80", "6d00"},
		{virtualkey.Version{5, 3, 1}, "7c01", "9000", "6a80", "9000"},
	} {
		c := plugOATH(t, virtualkey.Config{Firmware: test.firmware})
		c.ok(touched)
		if got := c.ok(apdu("00 a4 00 01", counter(1)))[6:10]; got != test.touch {
			t.Errorf("%v: touch is %s, want %s", test.firmware, got, test.touch)
		}
		for _, gate := range []struct {
			want    string
			command []byte
		}{
			{test.sha512, put("b", 0x23, 6, rfcSecret)},
			{test.short, put("c", 0x21, 6, "short")},
			{test.rename, apdu("00 05 00 00", name("a"), name("d"))},
		} {
			if _, sw := c.send(gate.command); sw != gate.want {
				t.Errorf("%v: %x: status %s, want %s", test.firmware, gate.command, sw, gate.want)
			}
		}
	}
}

func TestSpace(t *testing.T) {
	for _, test := range []struct {
		firmware  virtualkey.Version
		accounts  int // of names of 11 bytes
		full      string
		replacing string
	}{
		{virtualkey.Version{2, 1, 0}, 102, "6f00", "6f00"}, // 2048/(11+9)
		{virtualkey.Version{3, 4, 0}, 102, "6a84", "6a84"},
		{virtualkey.Version{4, 3, 5}, 32, "6a84", "9000"},
		{virtualkey.Version{5, 6, 9}, 32, "6a84", "9000"},
		{virtualkey.Version{5, 7, 0}, 64, "6a84", "9000"},
	} {
		c := plugOATH(t, virtualkey.Config{Firmware: test.firmware})
		for i := range test.accounts {
			c.ok(totp(fmt.Sprintf("account %03d", i)))
		}
		c.fails(test.full, totp("one too many"))
		if _, sw := c.send(totp("account 007")); sw != test.replacing {
			t.Errorf("%v: replacing with no space: status %s, want %s", test.firmware, sw, test.replacing)
		}
		c.ok(apdu("00 02 00 00", name("account 000")))
		c.ok(totp("account 000"))
	}
}

func TestPrefixOverwrites(t *testing.T) {
	for _, test := range []struct {
		firmware virtualkey.Version
		left     string
	}{
		{virtualkey.Version{4, 0, 0}, "7205 21 6c6f6e67 7203 21 6c6f"},
		{virtualkey.Version{4, 0, 1}, "7203 21 6c6f"},
		{virtualkey.Version{4, 3, 4}, "7203 21 6c6f"},
		{virtualkey.Version{4, 3, 5}, "7205 21 6c6f6e67 7203 21 6c6f"},
	} {
		c := plugOATH(t, virtualkey.Config{Firmware: test.firmware})
		c.ok(totp("long"))
		c.ok(totp("lo"))
		c.is(test.left, "00a10000")
	}
}

func TestOldFirmwareLocksAfterSetCode(t *testing.T) {
	c := plugOATH(t, virtualkey.Config{Firmware: virtualkey.Version{2, 4, 0}})
	c.ok(setCode(code))
	c.fails("6982", "00a10000")
	c.unlock(code)
	c.ok("00a10000")
}
