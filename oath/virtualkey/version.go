package virtualkey

import "fmt"

// A Version is that of a firmware: major, minor, patch.
type Version [3]byte

// UnmarshalText reads a version such as 5.7.1, and returns an error for anything else.
func (v *Version) UnmarshalText(text []byte) error {
	var read Version
	var rest string
	n, _ := fmt.Sscanf(string(text), "%d.%d.%d%s", &read[0], &read[1], &read[2], &rest)
	if n != 3 || read.String() != string(text) {
		return fmt.Errorf("version %q is not like 5.7.1", text)
	}
	*v = read
	return nil
}

// String returns the version as three decimals with dots.
func (v Version) String() string { return fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2]) }

// Reader returns what the reader of such a YubiKey, with all its applications on, is
// called: its maker's and product's names on USB. Programs know a YubiKey by it; on a
// virtual reader it is the FRIENDLYNAME in reader.conf.d, to which pcscd adds numbers.
// Source: the list of readers of the CCID driver, https://ccid.apdu.fr.
func (v Version) Reader() string {
	switch {
	case v.before(4, 0, 0):
		return "Yubico Yubikey NEO OTP+U2F+CCID"
	case v.before(5, 0, 0):
		return "Yubico Yubikey 4 OTP+U2F+CCID"
	}
	return "Yubico YubiKey OTP+FIDO+CCID"
}

// maxAPDU is how long a command APDU may be, in bytes. Source: the class
// SmartCardMaxApduSizes of https://github.com/Yubico/Yubico.NET.SDK, and for the
// last of them, where it has 3062, what a YubiKey 5 was seen to take.
func (v Version) maxAPDU() int {
	switch {
	case v.before(4, 0, 0):
		return 1390
	case v.before(4, 3, 0):
		return 2038
	}
	return 3078
}

// maxChain is how much data a command may have that comes in pieces, in bytes.
// Source: CB_BUF_MAX_NEO and CB_BUF_MAX_YK4 in lib/internal.h of
// https://github.com/Yubico/yubico-piv-tool.
func (v Version) maxChain() int {
	if v.before(4, 0, 0) {
		return 2048
	}
	return 3072
}

// before says whether v is older than the version given.
func (v Version) before(major, minor, patch byte) bool {
	w := Version{major, minor, patch}
	for i := range v {
		if v[i] != w[i] {
			return v[i] < w[i]
		}
	}
	return false
}
