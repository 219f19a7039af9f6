package main

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

func TestParse(t *testing.T) {
	o, err := parse(strings.Fields("--connect h:1 --firmware 4.3.5 --serial 9 --touch 2s --touch-timeout 1s --state s --trace -"+
		" --disable oath --disable otp --quirk no-salt --quirk no-reset,no-rename --fault 3:pull --fault ins=01:sw=6f00 --wait 0s"), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	want := options{address: "h:1", trace: "-", key: virtualkey.Config{
		Firmware:     virtualkey.Version{4, 3, 5},
		Serial:       9,
		State:        "s",
		Disable:      virtualkey.CapabilityOATH | virtualkey.CapabilityOTP,
		Quirks:       virtualkey.NoSalt | virtualkey.NoReset | virtualkey.NoRename,
		Touch:        virtualkey.TouchAfter(2 * time.Second),
		TouchTimeout: time.Second,
		Faults: []virtualkey.Fault{
			{Nth: 3, Kind: virtualkey.FaultPull},
			{Nth: 1, INS: 1, Kind: virtualkey.FaultStatus, Status: 0x6f00},
		},
	}}
	if !reflect.DeepEqual(o, want) {
		t.Errorf("got %+v\nwant %+v", o, want)
	}
}

func TestParseRun(t *testing.T) {
	o, err := parseRun(strings.Fields("--firmware 4.3.7 --control c ykman --device 1 list"), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if o.reader != "Yubico Yubikey 4 OTP+U2F+CCID" || o.control != "c" || strings.Join(o.command, " ") != "ykman --device 1 list" {
		t.Errorf("got %+v", o)
	}
	o, err = parseRun([]string{"--reader-name", "a b", "--", "--odd"}, io.Discard)
	if err != nil || o.reader != "a b" || len(o.command) != 1 || o.command[0] != "--odd" {
		t.Errorf("got %+v, %v", o, err)
	}
	if _, err := parseRun([]string{"--serial", "1"}, io.Discard); !errors.Is(err, errUsage) {
		t.Errorf("without a command: %v", err)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, test := range []struct {
		args string
		want error
		says string
	}{
		{"", errUsage, "neither run nor --connect"},
		{"--connect h:1 extra", errUsage, `"extra"`},
		{"--connect h:1 --serial 0", errUsage, "1..4294967295"},
		{"--connect h:1 --firmware five", errUsage, "5.7.1"},
		{"--connect h:1 --touch often", errUsage, "auto, never"},
		{"--connect h:1 --quirk no-such", errUsage, "no-calculate-all"},
		{"--connect h:1 --fault 3", errUsage, "3:sw=6f00"},
		{"--connect h:1 --disable fido", errUsage, "oath, otp or piv"},
		{"-h", flag.ErrHelp, "small-chunks"},
	} {
		var stderr bytes.Buffer
		if _, err := parse(strings.Fields(test.args), &stderr); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", test.args, err)
		}
		if !strings.Contains(stderr.String(), test.says) {
			t.Errorf("%s: says %q", test.args, stderr.String())
		}
	}
}

// The help says of every quirk what it does, and of nothing else.
func TestQuirksHelp(t *testing.T) {
	var names []string
	for line := range strings.Lines(quirksHelp) {
		words := strings.Fields(line)
		if names = append(names, words[0]); len(words) < 3 {
			t.Errorf("nothing is said of %s", words[0])
		}
	}
	if got, want := strings.Join(names, ","), (^virtualkey.Quirks(0)).String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Applications are known by their names in either case, and no others are.
func TestApplications(t *testing.T) {
	for s, want := range map[string]virtualkey.Capability{
		"oath": virtualkey.CapabilityOATH, "OTP": virtualkey.CapabilityOTP, "piv": virtualkey.CapabilityPIV, "u2f": 0,
	} {
		if got, err := parseApplication(s); got != want || (err == nil) != (want != 0) {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
}
