package virtualkey_test

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

// replug closes the key and makes one from the same state file.
func (c card) replug(config virtualkey.Config) card {
	c.t.Helper()
	if err := c.Close(); err != nil {
		c.t.Fatal(err)
	}
	return plug(c.t, config)
}

func TestStateSurvives(t *testing.T) {
	config := virtualkey.Config{State: filepath.Join(t.TempDir(), "key.json"), Serial: 42}
	c := plug(t, config)
	salt := c.ok(selectOATH)
	c.ok(put("h", 0x11, 6, rfcSecret))
	c.ok(put("\xff\xfe", 0x21, 6, rfcSecret, 0x78, 1))
	c.ok(calculate("\xff\xfe", 9))
	c.ok(calculate("h", 0))
	c.ok(setCode(code))
	c.ok(selectManagement)
	c.ok("001c000005 04 03020020")

	config.Serial = 0
	c = c.replug(config)
	if c.Serial() != 42 {
		t.Errorf("serial number %d, want 42", c.Serial())
	}
	c.fails("6a82", selectOTP)
	if got := c.ok(selectOATH); !strings.HasPrefix(got, salt) {
		t.Errorf("SELECT: got %s, want %s first", got, salt)
	}
	c.fails("6982", "00a10000")
	c.unlock(code)
	c.is("7202 11 68 7203 21 fffe", "00a10000")
	c.fails("6982", calculate("\xff\xfe", 8))
	if got := otp(t, c.ok(calculate("h", 0))); got != "287082" {
		t.Errorf("second code after a restart: %s", got)
	}

	c = c.replug(config)
	c.ok(selectOATH)
	c.ok("0004dead")
	c = c.replug(config)
	c.ok(selectOATH)
	c.is("", "00a10000")

	config.Serial = 43
	c.Close()
	if k, err := virtualkey.New(config); err == nil {
		k.Close()
		t.Error("a key took the state of another")
	}
}

func TestDisableIsKept(t *testing.T) {
	config := virtualkey.Config{State: filepath.Join(t.TempDir(), "key.json"), Disable: virtualkey.CapabilityOATH}
	c := plug(t, config)
	config.Disable = 0
	c = c.replug(config)
	c.fails("6a82", selectOATH)
}

func TestStateFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "key.json")
	c := plug(t, virtualkey.Config{State: path})
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	if k, err := virtualkey.New(virtualkey.Config{State: path}); !errors.Is(err, virtualkey.ErrInUse) {
		t.Errorf("a second key: %v, %v", k, err)
	}
	c.ok(selectOATH)
	c.ok(totp("a"))
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("beside the state and its lock: %v, %v", entries, err)
	}
}

// A damaged state is refused, and left as it is.
func TestDamagedState(t *testing.T) {
	const good = `{"format":1,"serial":1,"oath":{"salt":"MTIzNDU2Nzg=","accounts":[{"name":"YQ==","algorithm":33,"digits":6,"key":"YQ=="}]},"management":{}}`
	path := filepath.Join(t.TempDir(), "key.json")
	try := func(content string) error {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		k, err := virtualkey.New(virtualkey.Config{State: path})
		if err == nil {
			return k.Close()
		}
		if after, _ := os.ReadFile(path); string(after) != content {
			t.Errorf("%q was overwritten by %q", content, after)
		}
		return err
	}
	if err := try(good); err != nil {
		t.Fatal(err)
	}
	for _, damage := range [][2]string{
		{good, ""},
		{good[60:], ""},
		{`"format":1`, `"format":2`},
		{`"serial":1`, `"serial":-1`},
		{`"serial"`, `"cereal"`},
		{"MTIzNDU2Nzg=", "MTIzNDU2"},
		{"YQ==", ""},
		{`"algorithm":33`, `"algorithm":0`},
		{`"accounts":[`, `"accounts":[null,`},
		{`"oath":{`, `"oath":{"code":{"algorithm":33,"key":""},`},
		{`"management":{}}`, `"management":{}}x`},
	} {
		if err := try(strings.Replace(good, damage[0], damage[1], 1)); !errors.Is(err, virtualkey.ErrState) {
			t.Errorf("%q for %q: %v", damage[1], damage[0], err)
		}
	}
}

func TestUnwritableState(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	c := plugOATH(t, virtualkey.Config{State: filepath.Join(dir, "key.json")})
	c.ok(put("h", 0x11, 6, rfcSecret))
	if err := os.Rename(dir, dir+".moved"); err != nil {
		t.Skip(err) // Windows does not move a folder in use
	}
	for _, command := range [][]byte{totp("a"), calculate("h", 0), apdu("00 02 00 00", name("h")), setCode(code), {0, 4, 0xde, 0xad}} {
		c.fails("6581", command)
	}
	c.is("7202 11 68", "00a10000")
	if err := os.Rename(dir+".moved", dir); err != nil {
		t.Fatal(err)
	}
	if got := otp(t, c.ok(calculate("h", 0))); got != "755224" {
		t.Errorf("the counter moved without being kept: %s", got)
	}
}

// stateOfChild is set in the process that TestKilledWhileWriting kills.
const stateOfChild = "VIRTUALKEY_TEST_STATE"

func TestMain(m *testing.M) {
	if path := os.Getenv(stateOfChild); path != "" {
		writeForever(path)
	}
	os.Exit(m.Run())
}

// writeForever counts an HOTP account up, and reports each count once the key has
// answered.
func writeForever(path string) {
	k, err := virtualkey.New(virtualkey.Config{State: path})
	if err != nil {
		panic(err)
	}
	for _, command := range [][]byte{mustHex(selectOATH), put("h", 0x11, 6, rfcSecret)} {
		if _, err := k.Transmit(command); err != nil {
			panic(err)
		}
	}
	for n := 1; ; n++ {
		if _, err := k.Transmit(calculate("h", 0)); err != nil {
			panic(err)
		}
		fmt.Println(n)
	}
}

func mustHex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

// A kill at any moment leaves a whole state, and no answered command is lost.
func TestKilledWhileWriting(t *testing.T) {
	for round := range 5 {
		path := filepath.Join(t.TempDir(), "key.json")
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), stateOfChild+"="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		reported := 0
		for lines.Scan() {
			if reported++; reported == 1+3*round { // and it writes on meanwhile
				cmd.Process.Kill()
			}
		}
		cmd.Wait()

		c := plugOATH(t, virtualkey.Config{State: path})
		got := c.ok(apdu("00 a2 00 00", name("h"), tlv(0x74, nil)))
		kept := count(got)
		if kept < reported || kept > reported+1 {
			t.Errorf("round %d: reported %d counts, kept %d", round, reported, kept)
		}
	}
}

// count finds the counter of a full HOTP response.
func count(response string) int {
	for n := range 1 << 16 {
		if response == "751506"+hex.EncodeToString(mac([]byte(rfcSecret), be64(uint64(n)))) {
			return n
		}
	}
	return -1
}
