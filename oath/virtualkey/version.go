package virtualkey

import "fmt"

// A Version is that of a firmware: major, minor, patch.
type Version [3]byte

// ParseVersion reads a version such as 5.7.1.
func ParseVersion(s string) (Version, error) {
	var v Version
	var rest string
	if n, _ := fmt.Sscanf(s, "%d.%d.%d%s", &v[0], &v[1], &v[2], &rest); n != 3 || v.String() != s {
		return Version{}, fmt.Errorf("version %q is not like 5.7.1", s)
	}
	return v, nil
}

// String returns the version as three decimals with dots.
func (v Version) String() string { return fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2]) }

// Reader returns the name that a YubiKey of this version, with all its applications
// on, has as a reader under pcscd: its maker's and product's names on USB, as in the
// list of readers of the CCID driver, https://ccid.apdu.fr.
func (v Version) Reader() string {
	switch {
	case v.before(4, 0, 0):
		return "Yubico Yubikey NEO OTP+U2F+CCID"
	case v.before(5, 0, 0):
		return "Yubico Yubikey 4 OTP+U2F+CCID"
	}
	return "Yubico YubiKey OTP+FIDO+CCID"
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
