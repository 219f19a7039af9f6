package pcsc

import "testing"

// A YubiKey is known by its reader's name over USB, and by its ATR over NFC.
func TestIsYubiKey(t *testing.T) {
	for _, test := range []struct {
		reader Reader
		want   bool
	}{
		{Reader{Name: "Yubico YubiKey OTP+FIDO+CCID 00 00"}, true},
		{Reader{Name: "Yubico Yubikey NEO OTP+U2F+CCID 01 00"}, true},
		{Reader{Name: "ACS ACR122U 00 00", ATR: []byte("\x3b\x8d\x80\x01\x80\x73\xc0\x21\xc0\x57\x59\x75\x62\x69\x4b\x65\x79\xf9")}, true},
		{Reader{Name: "ACS ACR122U 00 00", ATR: []byte("\x3b\xfc\x13\x00\x00\x81\x31\xfe\x15Yubikey\x4e\x45\x4f\x72\x33\xe1")}, true},
		{Reader{Name: "Nitrokey Nitrokey 3 [CCID/ICCD Interface] 00 00", ATR: []byte("\x3b\x8f\x01\x80\x5d\x4e\x69\x74\x72\x6f\x6b\x65\x79")}, false},
		{Reader{}, false},
	} {
		if got := test.reader.IsYubiKey(); got != test.want {
			t.Errorf("%+v: got %t", test.reader, got)
		}
	}
}
