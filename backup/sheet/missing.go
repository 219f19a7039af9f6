package sheet

import "errors"

// A Kind is what something missing is called.
type Kind byte

const (
	Parts  Kind = iota + 1 // of a sealed sheet
	Blocks                 // of a plain one
	Lines                  // typed ones
	Shares                 // of a split sheet; From to To is how many more are needed
	Codes                  // the record of an account's codes, in several QR codes
)

// A Missing is a run of things that were not read.
type Missing struct {
	Sheet    int // its number
	Kind     Kind
	From, To int    // numbers, From alone if they are the same
	Of       int    // how many there are; 0 if that is not known
	Label    string // an account's, where it is known
}

// String returns "part 3 of 4", "lines 12 to 14", "block 12 of 50 (GitHub:alice)".
func (m Missing) String() string { return "" }

var errTodo = errors.ErrUnsupported
