package ykoath_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

func hex4(n uint16) string { return fmt.Sprintf("%04x", n) }

func TestReadDevice(t *testing.T) {
	for _, test := range []struct {
		name   string
		config virtualkey.Config
		want   ykoath.Device
		model  string
		err    error
	}{
		{
			name: "5.7.1", config: virtualkey.Config{Serial: 4242},
			want: ykoath.Device{Serial: 4242, Version: ykoath.Version{5, 7, 1}, FormFactor: 1}, model: "YubiKey 5",
		}, {
			name: "the greatest serial", config: virtualkey.Config{Serial: 1<<32 - 1},
			want: ykoath.Device{Serial: 1<<32 - 1, Version: ykoath.Version{5, 7, 1}, FormFactor: 1}, model: "YubiKey 5",
		}, {
			name: "OATH disabled", config: virtualkey.Config{Serial: 1, Disable: virtualkey.CapabilityOATH},
			want: ykoath.Device{Serial: 1, Version: ykoath.Version{5, 7, 1}, FormFactor: 1, NoOATH: true}, model: "YubiKey 5",
		}, {
			name: "4.3.7 reports its version on SELECT", config: virtualkey.Config{Serial: 7, Firmware: virtualkey.Version{4, 3, 7}},
			want: ykoath.Device{Serial: 7, Version: ykoath.Version{4, 3, 7}}, model: "YubiKey 4",
		}, {
			name: "3.4.9 by its OTP applet", config: virtualkey.Config{Serial: 8, Firmware: virtualkey.Version{3, 4, 9}},
			want: ykoath.Device{Serial: 8, Version: ykoath.Version{3, 4, 9}}, model: "YubiKey NEO",
		}, {
			name: "no Management applet", config: virtualkey.Config{Serial: 9, Quirks: virtualkey.NoManagement},
			want: ykoath.Device{Serial: 9, Version: ykoath.Version{5, 7, 1}}, model: "YubiKey 5",
		}, {
			name: "in small pieces", config: virtualkey.Config{Serial: 10, Quirks: virtualkey.SmallChunks | virtualkey.EmptyChunk},
			want: ykoath.Device{Serial: 10, Version: ykoath.Version{5, 7, 1}, FormFactor: 1}, model: "YubiKey 5",
		}, {
			name: "no serial", config: virtualkey.Config{Quirks: virtualkey.NoSerial},
			want: ykoath.Device{Version: ykoath.Version{5, 7, 1}, FormFactor: 1}, model: "YubiKey 5",
		}, {
			name: "neither", config: virtualkey.Config{Quirks: virtualkey.NoManagement, Disable: virtualkey.CapabilityOTP},
			err: ykoath.ErrUnknownDevice,
		}, {
			name: "neither reports", config: virtualkey.Config{Quirks: virtualkey.NoManagement | virtualkey.NoSerial},
			err: ykoath.ErrUnknownDevice,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := plug(t, test.config)
			device, err := ykoath.ReadDevice(k)
			if device != test.want || device.Model() != test.model || !errors.Is(err, test.err) {
				t.Errorf("got %+v, %q, %v, want %+v, %q, %v", device, device.Model(), err, test.want, test.model, test.err)
			}
			if !test.want.NoOATH { // the applet can be selected again
				put(t, selectApplet(t, k), oath.Account{Name: "a"})
			}
		})
	}
}

func TestReadDeviceAnswers(t *testing.T) {
	for _, test := range []struct {
		name    string
		answers map[string]string // by instruction and P1; SELECT by its AID's sixth byte
		want    ykoath.Device
		err     error
	}{
		{"two pages", map[string]string{
			"sel47": "9000", "1d00": "09 020400001092 100101 9000", "1d01": "05 0503050701 9000",
		}, ykoath.Device{Serial: 0x1092, Version: ykoath.Version{5, 7, 1}}, nil},
		{"endless pages", map[string]string{
			"sel47": "9000", "1d*": "09 020400001092 100101 9000",
		}, ykoath.Device{Serial: 0x1092}, nil},
		{"odd lengths", map[string]string{
			"sel47": "566572 203939392e312e31 9000", "1d00": "0c 020100 0300 040101 0501 05 00 9000",
		}, ykoath.Device{}, ykoath.ErrMalformed},
		{"short fields", map[string]string{
			"sel47": "9000", "1d00": "0b 020100 0300 040103 050105 9000",
		}, ykoath.Device{FormFactor: 3, Version: ykoath.Version{5}}, nil},
		{"no length", map[string]string{"sel47": "9000", "1d00": "9000"}, ykoath.Device{}, ykoath.ErrMalformed},
		{"a false length", map[string]string{"sel47": "9000", "1d00": "05 0202 9000"}, ykoath.Device{}, ykoath.ErrMalformed},
		{"a short serial", map[string]string{"sel47": "6a82", "sel20": "030409 9000", "0110": "000001 9000"}, ykoath.Device{}, ykoath.ErrMalformed},
		{"no status", map[string]string{"sel47": "6a82", "sel20": "9000", "0110": "00000102 9000"}, ykoath.Device{Serial: 0x102}, nil},
		{"removed", map[string]string{"sel47": "9000", "1d00": ""}, ykoath.Device{}, oath.ErrRemoved},
		{"nothing", map[string]string{"sel47": "6a82", "sel20": "6a82"}, ykoath.Device{}, ykoath.ErrUnknownDevice},
	} {
		t.Run(test.name, func(t *testing.T) {
			card := cardFunc(func(c []byte) ([]byte, error) {
				key := fmt.Sprintf("%02x%02x", c[1], c[2])
				if c[1] == 0xa4 {
					key = fmt.Sprintf("sel%02x", c[5+5])
				}
				answer, known := test.answers[key]
				if !known {
					answer = test.answers[key[:2]+"*"]
				}
				return unhex(t, answer), nil
			})
			device, err := ykoath.ReadDevice(card)
			if device != test.want || !errors.Is(err, test.err) {
				t.Errorf("got %+v, %v, want %+v, %v", device, err, test.want, test.err)
			}
		})
	}
}

func TestFormFactor(t *testing.T) {
	for f, want := range map[ykoath.FormFactor]string{
		0: "", 1: "USB-A Keychain", 2: "USB-A Nano", 3: "USB-C Keychain", 4: "USB-C Nano", 5: "USB-C and Lightning",
		6: "USB-A Bio", 7: "USB-C Bio", 8: "", 0x81: "USB-A Keychain", 0x43: "USB-C Keychain",
	} {
		if got := f.String(); got != want {
			t.Errorf("%#x: got %q, want %q", byte(f), got, want)
		}
	}
}

// Whoever asks a card what it is ends the session on it, and learns it from what every
// applet has; another session can begin.
func TestDeselected(t *testing.T) {
	k := plug(t, virtualkey.Config{})
	s := selectApplet(t, k)
	a := put(t, s, oath.Account{Name: "a"})
	if _, err := ykoath.ReadDevice(k); err != nil {
		t.Fatal(err)
	}
	for name, do := range map[string]func() error{
		"Delete":      func() error { return s.Delete(a.ID()) },
		"Code":        func() error { _, err := s.Code(a, now); return err },
		"Codes":       func() error { _, err := s.Codes(now); return err },
		"List":        func() error { _, err := s.List(); return err },
		"Put":         func() error { return s.Put(accountOf("b"), newSecret(t, rfcSecret)) },
		"SetPassword": func() error { return s.SetPassword(ykoath.AccessKey{1}) },
	} {
		if err := do(); !errors.Is(err, ykoath.ErrDeselected) || errors.Is(err, oath.ErrUnsure) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	wantCode(t, selectApplet(t, k), a, rfcSecret)
}

// Without a source of randomness, challenges are drawn from the system's.
func TestSelectNil(t *testing.T) {
	s, err := ykoath.Select(plug(t, virtualkey.Config{}), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetPassword(ykoath.AccessKey{1}); err != nil {
		t.Error(err)
	}
}
