package virtualkey_test

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

func TestPIVObjects(t *testing.T) {
	c := plugPIV(t, virtualkey.Config{})
	id := unhex(t, "5c03 5fc105")
	c.refuses("6a82", "00cb3fff", id)
	c.manage()
	value := bytes.Repeat([]byte("certificate"), 100)
	c.gets("00db3fff", id, obj(0x53, value))
	if got := c.gets("00cb3fff", id); !bytes.Equal(got, obj(0x53, value)) {
		t.Errorf("got %x", got)
	}
	c.gets("00db3fff", id, obj(0x53, []byte("short")))
	c.is("5305"+hex.EncodeToString([]byte("short")), apdu("00 cb 3f ff", id))
	c.gets("00db3fff", id, obj(0x53))
	c.refuses("6a82", "00cb3fff", id)
	c.gets("00db3fff", id, obj(0x53)) // as often as one likes
	c.is("7e12 4f0b a000000308000010000100 5f2f024000", "00cb3fff03 5c017e")
}

// Clients with short APDUs chain what they send and fetch the rest.
func TestPIVObjectInPieces(t *testing.T) {
	c := plugPIV(t, virtualkey.Config{})
	c.manage()
	value := bytes.Repeat([]byte{0xab}, 600)
	all := append(unhex(t, "5c03 5fff10"), obj(0x53, value)...)
	for len(all) > 255 {
		c.ok(apdu("10 db 3f ff", all[:255]))
		all = all[255:]
	}
	c.ok(apdu("00 db 3f ff", all))

	got, sw := c.send("00cb3fff05 5c03 5fff10 00")
	for _, want := range []string{"6100", "615c", "9000"} {
		if sw != want {
			t.Fatalf("status %s, want %s", sw, want)
		}
		if sw != "9000" {
			var more string
			more, sw = c.send("00c0000000")
			got += more
		}
	}
	if want := hex.EncodeToString(obj(0x53, value)); got != want {
		t.Errorf("got %s", got)
	}
}

func TestPIVObjectsOfThePIN(t *testing.T) {
	c := plugPIV(t, virtualkey.Config{})
	c.manage()
	for _, id := range []string{"5c03 5fc103", "5c03 5fc108", "5c03 5fc109", "5c03 5fc121"} {
		c.gets("00db3fff", unhex(t, id, "5301 aa"))
		c.refuses("6982", "00cb3fff", unhex(t, id))
		c.ok(verify("123456"))
		c.gets("00cb3fff", unhex(t, id))
		c.ok("0020ff80")
	}
}

func TestPIVObjectsRefuse(t *testing.T) {
	c := plugPIV(t, virtualkey.Config{})
	c.manage()
	id := unhex(t, "5c03 5fc105")
	c.refuses("6a86", "00cb3f00", id)
	c.refuses("6a86", "00db00ff", id, obj(0x53))
	for _, data := range []string{"", "5c", "5c00", "5c03 5fc1", "5c04 5fc10500", "5d03 5fc105", "5c03 5fc105 00"} {
		c.refuses("6a80", "00cb3fff", unhex(t, data))
	}
	for _, data := range []string{"", "5c03 5fc105", "5c03 5fc105 5301", "5c03 5fc105 5300 00", "5c01 7e 5300", "5c03 7fc105 5300", "5300 5c03 5fc105"} {
		c.refuses("6a80", "00db3fff", unhex(t, data))
	}
	c.gets("00db3fff", id, obj(0x53, make([]byte, 3052)))
	full := byte(0)
	for sw := "9000"; sw == "9000" && full < 20; full++ {
		_, sw = c.long("00db3fff", []byte{0x5c, 3, 0x5f, 0, full}, obj(0x53, make([]byte, 3052)))
	}
	if full < 15 || full > 17 {
		t.Errorf("full after %d objects", full)
	}
	c.gets("00db3fff", id, obj(0x53, make([]byte, 3052))) // in place of itself it fits
}
