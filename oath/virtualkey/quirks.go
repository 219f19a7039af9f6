package virtualkey

import (
	"fmt"
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
	NoSerial                              // tells no serial number
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
var quirks = [...]struct{ name, meaning string }{
	{"unknown-tags", "unknown data objects in every response"},
	{"no-reset", "RESET is an unknown instruction"},
	{"locked-reset", "RESET wants the password, if there is one"},
	{"no-rename", "RENAME is an unknown instruction"},
	{"no-calculate-all", "CALCULATE ALL is an unknown instruction"},
	{"no-overwrite", "PUT of a name there is answers 6985"},
	{"unreduced-values", "truncated values of 31 bits, as on a YubiKey NEO"},
	{"unmasked-values", "truncated values with their top bit"},
	{"no-salt", "SELECT of OATH without tag 71"},
	{"algorithm-21", "SELECT of OATH answers 21 in tag 7B"},
	{"one-reply", "long responses whole, longer than was asked for"},
	{"empty-chunk", "an empty piece before the last of every response"},
	{"small-chunks", "responses in pieces of 13 bytes"},
	{"not-found-6a82", "no such account is 6A82"},
	{"not-found-6a88", "no such account is 6A88"},
	{"wrong-password-6982", "a wrong password is 6982"},
	{"no-serial", "tells no serial number"},
	{"no-management", "has no Management applet"},
	{"wrong-password-6984", "a wrong password is 6984"},
	{"count-first", "HOTP counts before it computes"},
	{"ignored-touch", "the touch property is taken and ignored"},
	{"small-buffer", "LIST and CALCULATE ALL of more than 1 KB are 6700"},
	{"long-names", "names of up to 200 bytes"},
	{"stays-open", "a SELECT of OATH within OATH leaves it unlocked"},
	{"roomy", "holds 255 accounts"},
	{"strictly-increasing", "property 01: the same challenge again is 6982, too"},
}

// Has says whether q has all the quirks of other.
func (q Quirks) Has(other Quirks) bool { return q&other == other }

// ParseQuirks reads names of quirks, joined by commas.
func ParseQuirks(s string) (Quirks, error) {
	var q Quirks
	for name := range strings.SplitSeq(s, ",") {
		bit, ok := quirkNamed(name)
		if !ok {
			return 0, fmt.Errorf("quirk %q is none of %s", name, ^Quirks(0))
		}
		q |= bit
	}
	return q, nil
}

func quirkNamed(name string) (Quirks, bool) {
	for i, q := range quirks {
		if q.name == name {
			return 1 << i, true
		}
	}
	return 0, false
}

// String returns the names of the quirks, joined by commas.
func (q Quirks) String() string {
	var names []string
	for i, k := range quirks {
		if q.Has(1 << i) {
			names = append(names, k.name)
		}
	}
	return strings.Join(names, ",")
}

// QuirksHelp returns a line for each quirk: its name and what it does.
func QuirksHelp() string {
	var b strings.Builder
	for _, q := range quirks {
		fmt.Fprintf(&b, "%-20s %s\n", q.name, q.meaning)
	}
	return b.String()
}
