package virtualkey_test

import (
	"testing"

	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

// What the configuration of a new key is, by firmware.
func TestReadConfig(t *testing.T) {
	for _, test := range []struct {
		firmware virtualkey.Version
		config   string
	}{
		{virtualkey.Version{4, 3, 5}, "11 01020031 020400bc614e 03020031 0a0100"},
		{virtualkey.Version{5, 4, 3}, "2b 01020031 020400bc614e 03020031 040101 0503050403 06020000 07010f 080100 0d020031 0e020031 0a0100"},
		{virtualkey.Version{5, 7, 1}, "3a 01020031 020400bc614e 03020031 040101 0503050701 06020000 07010f 080100 0d020031 0e020031 0a0100 14020000 15020000 160100 18020000"},
	} {
		c := plug(t, virtualkey.Config{Firmware: test.firmware})
		c.ok(selectManagement)
		c.is(test.config, "001d000000")
		c.fails("6b00", "001d010000")
		c.fails("6d00", "00990000")
	}
}

func TestManagementByFirmware(t *testing.T) {
	c := plug(t, virtualkey.Config{})
	if got := string(unhex(t, c.ok(selectManagement))); got != "Virtual mgr - FW version 5.7.1" {
		t.Errorf("SELECT: %q", got)
	}
	c = plug(t, virtualkey.Config{Firmware: virtualkey.Version{3, 4, 9}})
	c.ok(selectManagement)
	c.fails("6d00", "001d0000")
	c = plug(t, virtualkey.Config{Firmware: virtualkey.Version{2, 4, 0}})
	c.fails("6a82", selectManagement)
	c = plug(t, virtualkey.Config{Firmware: virtualkey.Version{4, 3, 5}})
	c.ok(selectManagement)
	c.fails("6d00", "001c000005 04 03020000")
}

func TestSerialFromOTP(t *testing.T) {
	c := plug(t, virtualkey.Config{Serial: 0x01020304, Firmware: virtualkey.Version{3, 4, 9}})
	c.is("030409000000", selectOTP)
	c.is("01020304", "0001100000")
	c.is("030409000000", "00030000")
	c.fails("6b00", "00010100")
	c.fails("6d00", "00990000")
}

func TestNoSerial(t *testing.T) {
	c := plug(t, virtualkey.Config{Quirks: virtualkey.NoSerial, Firmware: virtualkey.Version{4, 3, 5}})
	c.ok(selectManagement)
	c.is("0b 01020031 03020031 0a0100", "001d0000")
	c.ok(selectOTP)
	c.fails("6985", "00011000")
}

func TestWriteConfig(t *testing.T) {
	c := plug(t, virtualkey.Config{})
	c.ok(selectManagement)
	c.ok("001c000015 14 0c00 03020001 0e020020 06020102 07010a 080140")
	c.is("3a 01020031 020400bc614e 03020001 040101 0503050701 06020102 07010a 080140 0d020031 0e020020 0a0100 14020000 15020000 160100 18020000", "001d0000")
	c.fails("6a82", selectOATH)
	c.ok(selectManagement)
	c.ok("001c000005 04 03020021")
	c.ok(selectOATH)
}

func TestWriteConfigRefuses(t *testing.T) {
	c := plug(t, virtualkey.Config{})
	c.ok(selectManagement)
	before := c.ok("001d0000")
	c.fails("6b00", "001c010005 04 03020000")
	for _, data := range []string{"", "05 03020000", "03 030200", "03 030100", "07 03020000 550100", "04 0c0200 00"} {
		b := unhex(t, data)
		c.fails("6a80", apdu("00 1c 00 00", b))
	}
	c.is(before, "001d0000")
}

func TestConfigLock(t *testing.T) {
	const (
		lock   = "0a10 000102030405060708090a0b0c0d0e0f"
		unlock = "0b10 000102030405060708090a0b0c0d0e0f"
		wrong  = "0b10 ff0102030405060708090a0b0c0d0e0f"
		clear  = "0a10 00000000000000000000000000000000"
	)
	c := plug(t, virtualkey.Config{Firmware: virtualkey.Version{5, 0, 0}})
	c.ok(selectManagement)
	c.ok("001c000013 12", lock)
	if got := c.ok("001d0000"); got[len(got)-6:] != "0a0101" {
		t.Errorf("the configuration is not locked: %s", got)
	}
	c.fails("6982", "001c000005 04 03020001")
	c.fails("6982", "001c000017 16 03020001", wrong)
	c.ok(selectOATH)
	c.ok(selectManagement)
	c.ok("001c000017 16", unlock, "03020001")
	c.ok("001c000025 24", unlock, clear)
	c.ok("001c000005 04 03020021")
}

func TestDisable(t *testing.T) {
	c := plug(t, virtualkey.Config{Disable: virtualkey.CapabilityOATH})
	c.fails("6a82", selectOATH)
	c.fails("6a82", "00a4040006 d27600012401")
	c.ok(selectOTP)
}
