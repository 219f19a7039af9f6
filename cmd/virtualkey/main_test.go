package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

// TestRun plugs a key into a reader that asks for the ATR and selects OATH.
func TestRun(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dir := t.TempDir()
	trace := filepath.Join(dir, "trace")
	ctx, signal := context.WithCancel(context.Background())
	var stderr bytes.Buffer
	done := make(chan error)
	go func() {
		done <- run(ctx, []string{"--connect", l.Addr().String(), "--serial", "7", "--state", filepath.Join(dir, "key"), "--trace", trace}, &stderr)
	}()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	ask(t, conn, "\x00\x01\x04")
	ask(t, conn, "\x00\x0c\x00\xa4\x04\x00\x07\xa0\x00\x00\x05\x27\x21\x01")
	signal()
	if err := <-done; err != nil {
		t.Errorf("after a signal: %v", err)
	}
	if got, want := stderr.String(), "virtualkey: YubiKey 7 is plugged in at "+l.Addr().String()+"\n"; got != want {
		t.Errorf("stderr: got %q, want %q", got, want)
	}
	b, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(b), "000001 > 00a4040007a0000005272101\n000001 < 7903050701") {
		t.Errorf("trace: %s", b)
	}
}

// ask writes a frame and reads the answer.
func ask(t *testing.T, conn net.Conn, frame string) {
	t.Helper()
	if _, err := io.WriteString(conn, frame); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1<<10)
	if n, err := conn.Read(b); err != nil || n < 4 {
		t.Fatalf("%x: %x, %v", frame, b[:n], err)
	}
}

// TestReaderComesLater dials a reader that is there only after a while.
func TestReaderComesLater(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	if _, err := dial(context.Background(), address, 0); err == nil {
		t.Error("reached no reader")
	}
	accepted := make(chan error, 1)
	go func() {
		time.Sleep(100 * time.Millisecond)
		l, err := net.Listen("tcp", address)
		if err == nil {
			defer l.Close()
			_, err = l.Accept()
		}
		accepted <- err
	}()
	conn, err := dial(context.Background(), address, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if err := <-accepted; err != nil {
		t.Error(err)
	}
}

func TestSignalWhileDialing(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := run(ctx, []string{"--connect", l.Addr().String()}, io.Discard); err != nil {
		t.Error(err)
	}
}

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

func TestParseRefuses(t *testing.T) {
	for _, test := range []struct {
		args string
		want error
		says string
	}{
		{"", errUsage, "--connect is missing"},
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
