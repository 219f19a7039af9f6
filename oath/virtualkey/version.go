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
