package ykoath

import (
	"cmp"
	"fmt"
	"slices"
)

// A Version is a key's firmware: major, minor, patch. Keys of other makers count
// in their own way.
type Version [3]byte

// String returns the version as in "5.7.1".
func (v Version) String() string { return fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2]) }

// Compare returns -1, 0 or +1, as v is older than, the same as or newer than w.
func (v Version) Compare(w Version) int { return slices.CompareFunc(v[:], w[:], cmp.Compare[byte]) }

func (v Version) before(w Version) bool { return v.Compare(w) < 0 }

// Firmware from which a feature is there, or a bug is gone.
var (
	versionSlots     = Version{4, 0, 0} // before, a budget of memory instead of slots
	versionTouch     = Version{4, 2, 4}
	versionSHA512    = Version{4, 3, 1}
	versionNoPrefix  = Version{4, 3, 5} // see PrefixBug
	versionRename    = Version{5, 3, 1}
	versionMoreSlots = Version{5, 7, 0}
)

// PrefixBug reports whether PUT overwrites an account whose ID begins with the new one.
// Session.Put refuses such a one there.
func (v Version) PrefixBug() bool { return versionSlots.before(v) && v.before(versionNoPrefix) }

// Capacity returns how many accounts a YubiKey of this firmware holds, and 0
// where their number is not fixed: before 4.0, they share some 2 KB of memory.
func (v Version) Capacity() int {
	switch {
	case v.before(versionSlots):
		return 0
	case v.before(versionMoreSlots):
		return 32
	}
	return 64
}
