package virtualkey_test

import (
	"testing"

	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

// FuzzKey sends any sequence of APDUs, each after a byte of its length. The key
// answers every one, in 2 to 65535 bytes.
func FuzzKey(f *testing.F) {
	seed := func(quirks uint32, firmware byte, commands ...[]byte) {
		var all []byte
		for _, c := range commands {
			all = append(append(all, byte(len(c))), c...)
		}
		f.Add(quirks, firmware, all)
	}
	oath, management, otp := unhex(f, selectOATH), unhex(f, selectManagement), unhex(f, selectOTP)
	all := apdu("00 a4 00 01", counter(1))
	seed(0, 5, oath, totp("a"), put("h", 0x11, 6, rfcSecret, 0x78, 3, 0x7a, 4, 0, 0, 0, 1), calculate("a", 1), calculate("h", 0), all)
	seed(0, 5, oath, put("a", 0x23, 8, rfcSecret, 0x78, 1), calculate("a", 5), calculate("a", 4), apdu("00 05 00 00", name("a"), name("b")), apdu("00 02 00 00", name("b")))
	seed(0, 4, oath, setCode(code), []byte{0, 0xa1, 0, 0}, oath, []byte{0, 0xa1, 0, 0}, []byte{0, 4, 0xde, 0xad})
	seed(0, 5, management, []byte{0, 0x1d, 0, 0}, unhex(f, "001c000005 04 03020001"), oath)
	seed(0, 3, otp, unhex(f, "00011000"), management)
	seed(uint32(virtualkey.SmallChunks|virtualkey.EmptyChunk|virtualkey.UnknownTags), 5, oath, totp("a"), totp("b"), []byte{0, 0xa1, 0, 0}, unhex(f, sendRemaining), unhex(f, sendRemaining))
	seed(uint32(virtualkey.UnreducedValues), 5, oath, put("a", 0x21, 255, rfcSecret), put("b", 0x21, 0, rfcSecret), all)
	seed(0, 5, oath, unhex(f, "10010000017100010000"), unhex(f, "00010000000003717300ffff"), nil)

	f.Fuzz(func(t *testing.T, quirks uint32, firmware byte, commands []byte) {
		k, err := virtualkey.New(virtualkey.Config{
			Quirks:   virtualkey.Quirks(quirks),
			Firmware: virtualkey.Version{firmware, 3, 4},
			Rand:     zeros{}, // the same input takes the same path
		})
		if err != nil {
			t.Fatal(err)
		}
		for len(commands) > 0 {
			n := min(int(commands[0]), len(commands)-1)
			reply, err := k.Transmit(commands[1 : 1+n])
			if err != nil || len(reply) < 2 || len(reply) > 0xFFFF {
				t.Fatalf("%x: %x, %v", commands[1:1+n], reply, err)
			}
			commands = commands[1+n:]
		}
	})
}

// zeros is no randomness.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}
