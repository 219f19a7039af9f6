package virtualkey_test

import (
	"errors"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

func fault(t *testing.T, s string) virtualkey.Fault {
	t.Helper()
	var f virtualkey.Fault
	if err := f.UnmarshalText([]byte(s)); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFaultInsteadOfCommand(t *testing.T) {
	c := plug(t, virtualkey.Config{Faults: []virtualkey.Fault{fault(t, "3:sw=6581"), fault(t, "ins=01@2:reply=42")}})
	c.ok(selectOATH)
	c.ok(totp("a"))
	c.fails("6581", apdu("00 02 00 00", name("a")))
	if reply, err := c.Transmit(totp("b")); string(reply) != "\x42" || err != nil {
		t.Errorf("reply: %x, %v", reply, err)
	}
	c.is("7202 21 61", "00a10000")
	c.ok(totp("b")) // each happens once
}

func TestFaultAfterCommand(t *testing.T) {
	c := plugOATH(t, virtualkey.Config{})
	c.SetFaults(fault(t, "1:truncate=1"), fault(t, "ins=02:truncate=100"))
	if reply, err := c.Transmit(totp("a")); string(reply) != "\x90" || err != nil {
		t.Errorf("truncate: %x, %v", reply, err)
	}
	c.is("7202 21 61", "00a10000")
	c.ok(apdu("00 02 00 00", name("a")))
}

func TestFaultPull(t *testing.T) {
	for _, test := range []struct{ fault, left string }{
		{"ins=01:pull", ""},
		{"ins=01:pull-after", "7202 21 61"},
	} {
		c := plugOATH(t, virtualkey.Config{})
		c.SetFaults(fault(t, test.fault))
		for range 2 {
			if reply, err := c.Transmit(totp("a")); !errors.Is(err, virtualkey.ErrPulled) {
				t.Errorf("%s: %x, %v", test.fault, reply, err)
			}
		}
		c.SetFaults()
		c.Plug()
		c.ok(selectOATH)
		c.is(test.left, "00a10000")
	}
}

func TestFaultDelay(t *testing.T) {
	var waited time.Duration
	c := plug(t, virtualkey.Config{Faults: []virtualkey.Fault{fault(t, "1:delay=500ms")}, After: func(d time.Duration) <-chan time.Time {
		waited = d
		return closed()
	}})
	c.ok(selectOATH)
	if waited != 500*time.Millisecond {
		t.Errorf("waited %v", waited)
	}
}

// Plugging in begins to count anew.
func TestFaultsAfterPlug(t *testing.T) {
	c := plug(t, virtualkey.Config{Faults: []virtualkey.Fault{fault(t, "2:sw=6f00")}})
	for range 2 {
		c.ok(selectOATH)
		c.fails("6f00", "00a10000")
		c.ok("00a10000")
		c.Plug()
	}
}

// What a fault leaves out stands for the first command, and for no bytes.
func TestFaultZero(t *testing.T) {
	c := plugOATH(t, virtualkey.Config{})
	for _, f := range []virtualkey.Fault{
		{INS: 0x02}, {}, {Kind: virtualkey.FaultReply}, {Kind: virtualkey.FaultTruncate}, {Kind: virtualkey.FaultTruncate, Length: -1},
	} {
		c.SetFaults(f)
		want := "\x00\x00"
		if f.Kind != virtualkey.FaultStatus {
			want = ""
		}
		reply, err := c.Transmit(apdu("00 02 00 00", name("a")))
		if string(reply) != want || err != nil {
			t.Errorf("%v: %x, %v", f, reply, err)
		}
	}
	if got := (virtualkey.Fault{INS: 0x02}).String(); got != "ins=02:sw=0000" {
		t.Errorf("it is written %s", got)
	}
}

func TestFaultText(t *testing.T) {
	for _, s := range []string{
		"3:sw=6f00", "2:delay=500ms", "5:pull", "6:pull-after", "4:reply=0102", "1:truncate=1", "ins=a2:pull", "ins=01@2:sw=6a84",
	} {
		if got := fault(t, s).String(); got != s {
			t.Errorf("%s became %s", s, got)
		}
	}
	for _, s := range []string{
		"", "3", "3:", ":pull", "0:pull", "-1:pull", "x:pull", "ins=:pull", "ins=00:pull", "ins=100:pull", "ins=01@0:pull", "ins=01@:pull",
		"1:sw=6", "1:sw=xxxx", "1:delay=0s", "1:delay=fast", "1:reply=", "1:reply=1", "1:truncate=0", "1:push", "1:pull=2",
	} {
		var f virtualkey.Fault
		if f.UnmarshalText([]byte(s)) == nil {
			t.Errorf("%q is %v", s, f)
		}
	}
}
