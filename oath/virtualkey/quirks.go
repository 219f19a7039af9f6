package virtualkey

import (
	"fmt"
	"slices"
	"strings"
)

// Quirks are habits of other vendors' cards, or-ed together, by which a client
// shows that it follows the protocol and not one key.
type Quirks uint32

const (
	UnknownTags        Quirks = 1 << iota // unknown data objects in every response
	NoReset                               // RESET is an unknown instruction
	LockedReset                           // RESET wants the password, 6982
	NoRename                              // RENAME is an unknown instruction
	NoCalculateAll                        // CALCULATE ALL is an unknown instruction
	NoOverwrite                           // PUT of a name there is answers 6985
	UnreducedValues                       // truncated values of 31 bits, as on a YubiKey NEO
	UnmaskedValues                        // truncated values with their top bit
	NoSalt                                // SELECT of OATH without tag 71
	Algorithm21                           // SELECT of OATH answers 21 in tag 7B
	OneReply                              // long responses whole, longer than was asked for
	EmptyChunk                            // an empty piece before the last of every response
	SmallChunks                           // pieces of 13 bytes, cutting objects anywhere
	NotFound6A82                          // no such account is 6A82
	NotFound6A88                          // no such account is 6A88
	WrongPassword6982                     // a wrong password is 6982
	NoSerial                              // reports no serial number
	NoManagement                          // has no Management applet
	WrongPassword6984                     // a wrong password is 6984
	CountFirst                            // HOTP: counts before it computes
	IgnoredTouch                          // the touch property is taken and ignored
	SmallBuffer                           // LIST and CALCULATE ALL of more than 1 KB are 6700
	LongNames                             // names of up to 200 bytes
	StaysOpen                             // a SELECT of OATH within OATH leaves it unlocked
	Roomy                                 // holds 255 accounts
	StrictlyIncreasing                    // property 01: the same challenge again is 6982, too
)

// quirks are the names of the quirks, in the order of their bits.
var quirks = [...]string{
	"unknown-tags",
	"no-reset",
	"locked-reset",
	"no-rename",
	"no-calculate-all",
	"no-overwrite",
	"unreduced-values",
	"unmasked-values",
	"no-salt",
	"algorithm-21",
	"one-reply",
	"empty-chunk",
	"small-chunks",
	"not-found-6a82",
	"not-found-6a88",
	"wrong-password-6982",
	"no-serial",
	"no-management",
	"wrong-password-6984",
	"count-first",
	"ignored-touch",
	"small-buffer",
	"long-names",
	"stays-open",
	"roomy",
	"strictly-increasing",
}

// Has says whether q has all the quirks of other.
func (q Quirks) Has(other Quirks) bool { return q&other == other }

// UnmarshalText reads names of quirks, joined by commas. The error lists the names.
func (q *Quirks) UnmarshalText(text []byte) error {
	var read Quirks
	for name := range strings.SplitSeq(string(text), ",") {
		i := slices.Index(quirks[:], name)
		if i < 0 {
			return fmt.Errorf("quirk %q must be one of %s", name, ^Quirks(0))
		}
		read |= 1 << i
	}
	*q = read
	return nil
}

// String returns the names of the quirks, joined by commas.
func (q Quirks) String() string {
	var names []string
	for i, name := range quirks {
		if q.Has(1 << i) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}
