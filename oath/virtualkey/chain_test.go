package virtualkey_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

// plugFull makes a key whose list of accounts takes 5 times 66 bytes.
func plugFull(t *testing.T, q virtualkey.Quirks) (c card, list string) {
	t.Helper()
	c = plugOATH(t, virtualkey.Config{Quirks: q})
	for i := range 5 {
		n := fmt.Sprintf("%063d", i)
		c.ok(totp(n))
		list += hex.EncodeToString(append([]byte{0x72, 64, 0x21}, n...))
	}
	return c, list
}

func TestResponseInPieces(t *testing.T) {
	c, list := plugFull(t, 0)
	first, sw := c.send("00a10000")
	if len(first) != 2*256 || sw != "614a" {
		t.Fatalf("LIST: %d bytes, status %s", len(first)/2, sw)
	}
	rest, sw := c.send(sendRemaining)
	if sw != "9000" || first+rest != list {
		t.Errorf("SEND REMAINING: status %s,\n got %s\nwant %s", sw, first+rest, list)
	}
	c.is("", sendRemaining)

	c.send("00a10000")
	c.ok(calculate(strings.Repeat("0", 63), 1))
	c.is("", sendRemaining) // another command ends the list
	c.send("00a10000")
	c.Reset()
	c.ok(selectOATH)
	c.is("", sendRemaining)
}

func TestResponseLength(t *testing.T) {
	c, list := plugFull(t, 0)
	for _, test := range []struct{ command, sw string }{
		{"00a1000010", "6100"},
		{"00a1000000", "614a"},
		{"00a10000000000", "9000"},
		{"00a10000000120", "612a"},
	} {
		data, sw := c.send(test.command)
		if sw != test.sw || !strings.HasPrefix(list, data) {
			t.Errorf("%s: %s status %s, want %s", test.command, data, sw, test.sw)
		}
	}
}

func TestExtendedCommand(t *testing.T) {
	c := plug(t, virtualkey.Config{})
	c.ok("00a4040000 0007 a0000005272101")
	c.ok("00a4040000 0007 a0000005272101 0000")
	p := totp("a")
	c.ok(p[:4], []byte{0, 0, p[4]}, p[5:])
	c.is("7202 21 61", "00a10000000000")
}

func TestChainedCommand(t *testing.T) {
	c := plugOATH(t, virtualkey.Config{})
	p := totp("a")
	c.is("", []byte{0x10, 1, 0, 0, 10}, p[5:15])
	c.is("", []byte{0x10, 1, 0, 0, 3}, p[15:18])
	c.is("", []byte{0x00, 1, 0, 0, byte(len(p) - 18)}, p[18:])
	c.is("7202 21 61", "00a10000")

	c.ok([]byte{0x10, 1, 0, 0, 10}, p[5:15])
	c.is("7202 21 61", "00a10000") // another command ends the chain
	c.fails("6a80", []byte{0x00, 1, 0, 0, byte(len(p) - 15)}, p[15:])

	piece := append([]byte{0x10, 1, 0, 0, 0, 0x0b, 0}, make([]byte, 0xb00)...)
	c.ok(piece)
	c.fails("6700", piece)
}

func TestQuirksOfResponses(t *testing.T) {
	for _, test := range []struct {
		quirks virtualkey.Quirks
		sizes  []int // of the pieces of LIST
	}{
		{virtualkey.OneReply, []int{330}},
		{virtualkey.EmptyChunk, []int{256, 0, 74}},
		{virtualkey.SmallChunks, append(bytesOf(13, 25), 5)},
		{virtualkey.SmallChunks | virtualkey.EmptyChunk, append(bytesOf(13, 25), 0, 5)},
	} {
		c, list := plugFull(t, test.quirks)
		got, sw := c.send("00a10000")
		sizes := []int{len(got) / 2}
		for strings.HasPrefix(sw, "61") {
			var more string
			more, sw = c.send(sendRemaining)
			got += more
			sizes = append(sizes, len(more)/2)
		}
		if got != list || fmt.Sprint(sizes) != fmt.Sprint(test.sizes) {
			t.Errorf("%v: pieces of %v bytes, want %v", test.quirks, sizes, test.sizes)
		}
	}
}

func bytesOf(n, times int) []int {
	list := make([]int, times)
	for i := range list {
		list[i] = n
	}
	return list
}

func TestQuirksOfStatus(t *testing.T) {
	wrong := apdu("00 a3 00 00", tlv(0x75, make([]byte, 20)), counter(1))
	for _, test := range []struct {
		quirk   virtualkey.Quirks
		sw      string
		command []byte
	}{
		{virtualkey.NoReset, "6d00", []byte{0, 4, 0xde, 0xad}},
		{virtualkey.NoRename, "6d00", apdu("00 05 00 00", name("a"), name("b"))},
		{virtualkey.NoCalculateAll, "6d00", apdu("00 a4 00 01", counter(1))},
		{virtualkey.NoOverwrite, "6985", totp("a")},
		{virtualkey.NotFound6A82, "6a82", calculate("b", 1)},
		{virtualkey.NotFound6A88, "6a88", apdu("00 02 00 00", name("b"))},
		{virtualkey.NoManagement, "6a82", unhex(t, selectManagement)},
	} {
		c := plugOATH(t, virtualkey.Config{Quirks: test.quirk})
		c.ok(totp("a"))
		c.fails(test.sw, test.command)
	}
	c := plugOATH(t, virtualkey.Config{Quirks: virtualkey.WrongPassword6982})
	c.ok(setCode(code))
	c.ok(selectOATH)
	c.fails("6982", wrong)
}

func TestQuirksOfSelect(t *testing.T) {
	c := plugOATH(t, virtualkey.Config{Quirks: virtualkey.NoSalt | virtualkey.Algorithm21})
	c.is("7903050701", selectOATH)
	c.ok(setCode(code))
	if got := c.ok(selectOATH); !strings.HasPrefix(got, "79030507017408") || !strings.HasSuffix(got, "7b0121") {
		t.Errorf("SELECT: %s", got)
	}
}

func TestUnknownTags(t *testing.T) {
	const unknown = "7e02cafe"
	c := plugOATH(t, virtualkey.Config{Quirks: virtualkey.UnknownTags})
	c.ok(totp("a"))
	c.is(unknown+"7202 21 61"+unknown, "00a10000")
	for _, reply := range []string{c.ok(selectOATH), c.ok(calculate("a", 1)), c.ok(apdu("00 a4 00 01", counter(1)))} {
		if !strings.HasPrefix(reply, unknown) || !strings.HasSuffix(reply, unknown) {
			t.Errorf("%s has no unknown objects", reply)
		}
	}
}

// At count 1 the truncated value of RFC 4226, appendix D, is 41397eea; count 10 has
// a top bit to mask.
func TestQuirksOfValues(t *testing.T) {
	sum := mac([]byte(rfcSecret), be64(10))
	raw := sum[sum[19]&15:][:4]
	masked := bytes.Clone(raw)
	masked[0] &= 0x7f
	if bytes.Equal(raw, masked) {
		t.Fatal("the count shows no difference")
	}
	for _, test := range []struct {
		quirk virtualkey.Quirks
		count uint64
		want  string
	}{
		{virtualkey.UnreducedValues, 1, "41397eea"},
		{0, 1, fmt.Sprintf("%08x", 287082)},
		{virtualkey.UnreducedValues, 10, hex.EncodeToString(masked)},
		{virtualkey.UnmaskedValues, 10, hex.EncodeToString(raw)},
	} {
		c := plugOATH(t, virtualkey.Config{Quirks: test.quirk})
		c.ok(totp("a"))
		c.is("760506"+test.want, calculate("a", test.count))
	}
}

func TestQuirksText(t *testing.T) {
	all := ^virtualkey.Quirks(0)
	var named virtualkey.Quirks
	if err := named.UnmarshalText([]byte(all.String())); err != nil {
		t.Fatal(err)
	}
	if named != 2*virtualkey.StrictlyIncreasing-1 {
		t.Errorf("the names give %x", uint32(named))
	}
	if got := (virtualkey.NoSalt | virtualkey.NoReset).String(); got != "no-reset,no-salt" {
		t.Errorf("got %s", got)
	}
	for _, s := range []string{"", "no-such", "no-salt,", "No-Salt"} {
		var q virtualkey.Quirks
		if q.UnmarshalText([]byte(s)) == nil {
			t.Errorf("%q is %v", s, q)
		}
	}
}
