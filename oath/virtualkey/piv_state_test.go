package virtualkey_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

func hexOf(b []byte) string { return hex.EncodeToString(b) }

func TestPIVStateSurvives(t *testing.T) {
	config := virtualkey.Config{State: filepath.Join(t.TempDir(), "key.json")}
	c := plug(t, config)
	c.ok(selectPIV)
	c.manage()
	attestation := c.gets("00cb3fff", unhex(t, "5c03 5fff01"))
	c.ok(apdu("00 24 00 80", secret("123456"), secret("654321")))
	public := c.generate(0x82, 0x11, 0xab, 1, 3)
	c.gets("00fe119e", obj(0x06, bytes.Repeat([]byte{1}, 32)))
	c.gets("00fffffe", []byte{0x08}, obj(0x9b, managementKey[:16]))
	c.fails("63c2", verify("123456"))
	imported := c.ok("00f7009e")

	for range 2 {
		c = c.replug(config)
		c.ok(selectPIV)
		if got := c.gets("00cb3fff", unhex(t, "5c03 5fff01")); !bytes.Equal(got, attestation) {
			t.Error("the attestation certificate is another")
		}
		c.is("0101ff 050100 06020302", "00f70080")
		c.is("010108 02020002 050100", "00f7009b")
		c.is("010111 02020203 030101 0443"+hexOf(public), "00f70082")
		c.is(imported, "00f7009e")
		if sw := c.proves(0x08, managementKey[:16]); sw != "9000" {
			t.Errorf("the management key: %s", sw)
		}
	}
	c.ok(verify("654321"))
}

// A try that cannot be stored reveals nothing.
func TestPIVUnwritableState(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	c := plugPIV(t, virtualkey.Config{State: filepath.Join(dir, "key.json")})
	c.manage()
	c.ok(verify("123456"))
	if err := os.Rename(dir, dir+".moved"); err != nil {
		t.Skip(err) // Windows does not move a folder in use
	}
	c.refuses("6581", "0047009a", unhex(t, "ac03 800111"))
	c.refuses("6581", "00db3fff", unhex(t, "5c03 5fc105 5301 aa"))
	c.refuses("6581", "00fe119e", obj(0x06, bytes.Repeat([]byte{1}, 32)))
	c.refuses("6581", "00ffffff", []byte{0x08}, obj(0x9b, managementKey[:16]))
	c.fails("6581", "00fa0303")
	c.fails("6581", verify("000000"))
	c.fails("63c3", "00200080")
	if err := os.Rename(dir+".moved", dir); err != nil {
		t.Fatal(err)
	}
	c.fails("6a88", "00f7009a")
	c.ok(verify("123456"))

	c = plug(t, virtualkey.Config{State: filepath.Join(dir, "other.json")})
	os.Rename(dir, dir+".moved")
	c.fails("6581", selectPIV)
	os.Rename(dir+".moved", dir)
	c.ok(selectPIV)
}

// Slot F9 is filled once: whoever empties it finds it empty, also after a reset.
func TestAttestationIsMadeOnce(t *testing.T) {
	config := virtualkey.Config{State: filepath.Join(t.TempDir(), "key.json")}
	c := plug(t, config)
	c.ok(selectPIV)
	c.manage()
	first := c.gets("00f700f9")
	if again := c.gets("00f700f9"); !bytes.Equal(again, first) {
		t.Errorf("got %x, then %x", first, again)
	}
	c.ok("00f6fff9")
	for range 3 {
		c.send(verify("000000"))
		c.send(apdu("00 24 00 81", secret("00000000"), secret("11111111")))
	}
	c.ok("00fb0000")
	c.fails("6a88", "00f700f9")
	c = c.replug(config)
	c.ok(selectPIV)
	c.fails("6a88", "00f700f9")
}

// A damaged PIV state is refused as a whole.
func TestDamagedPIVState(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key.json")
	c := plugPIV(t, virtualkey.Config{State: path})
	c.gets("00f700f9") // slot F9 is filled
	c.Close()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	good := strings.Join(strings.Fields(string(b)), "")
	pin := base64.StdEncoding.EncodeToString(secret("123456"))
	for _, damage := range [][2]string{
		{`"` + pin + `"`, `"AAAA"`},
		{`"` + pin + `"`, `null`},
		{`"tries":3`, `"tries":0`},
		{`"left":3`, `"left":4`},
		{`"algorithm":10`, `"algorithm":8`},
		{`"algorithm":10`, `"algorithm":0`},
		{`"f9":`, `"9b":`},
		{`"f9":`, `"F9":`},
		{`"f9":`, `"f":`},
		{`"private":"M`, `"private":"A`},
		{`"touch":1`, `"touch":0`},
		{`"pin":2`, `"pin":4`},
		{`"5fff01":`, `"7fff01":`},
		{`"5fff01":`, `"5fff01":"","5fff02":`},
		{`"keys":{`, `"kees":{`},
	} {
		bad := strings.Replace(good, damage[0], damage[1], 1)
		if bad == good {
			t.Fatalf("%s is not in %s", damage[0], good)
		}
		if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		k, err := virtualkey.New(virtualkey.Config{State: path})
		if err == nil {
			k.Close()
		}
		if !errors.Is(err, virtualkey.ErrState) {
			t.Errorf("%s for %s: %v", damage[1], damage[0], err)
		}
	}
	if err := os.WriteFile(path, []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	plugPIV(t, virtualkey.Config{State: path})
}
