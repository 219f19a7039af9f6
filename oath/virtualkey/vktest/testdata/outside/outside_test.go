// Package outside is a module of somebody else's, whose tests want a YubiKey.
package outside

import (
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath/virtualkey"
	"github.com/tokenctl/tokenctl/oath/virtualkey/vktest"
)

func TestProgram(t *testing.T) {
	t.Parallel()
	key := vktest.Start(t, virtualkey.Config{Serial: 4711})
	out, err := key.Command("ykman", "list", "--serials").CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "4711" {
		t.Errorf("ykman: %q, %v", out, err)
	}
}

func TestAPDU(t *testing.T) {
	t.Parallel()
	key := vktest.New(t, virtualkey.Config{Firmware: virtualkey.Version{4, 3, 7}})
	reply, err := key.Transmit([]byte("\x00\xa4\x04\x00\x07\xa0\x00\x00\x05\x27\x21\x01"))
	if err != nil || !strings.HasPrefix(string(reply), "\x79\x03\x04\x03\x07") {
		t.Errorf("SELECT: %x, %v", reply, err)
	}
	if !strings.HasPrefix(key.Trace(), "000001 > 00a40400") {
		t.Errorf("trace: %s", key.Trace())
	}
}
