package sheet

import "io"

// Plain returns the sheet as anyone can read it. The same sheet makes the same
// document. It returns ErrInvalid.
func (s Sheet) Plain() (Document, error) { return Document{}, errTodo }

// DefaultWorkFactor is the base-2 logarithm of scrypt's cost, as in age;
// MaxWorkFactor the highest that is sealed or opened with, which takes a gigabyte
// of memory.
const (
	DefaultWorkFactor = 18
	MaxWorkFactor     = 20
)

// Encrypt returns the sheet sealed with a passphrase, by age and its scrypt
// recipient. Sealing draws random numbers, so no two documents are the same. It
// returns ErrInvalid, also for an empty passphrase.
func (s Sheet) Encrypt(passphrase string, workFactor int) (Document, error) {
	return Document{}, errTodo
}

// MaxShares is how many sheets one can be split into.
const MaxShares = 16

// Split returns n documents, any k of which open the sheet: 2 <= k <= n <=
// MaxShares. It returns ErrInvalid, or an error of reading random.
func (s Sheet) Split(k, n int, random io.Reader) ([]Document, error) { return nil, errTodo }

// Text returns the document as plain text in UTF-8, of 78 columns at most, for
// Reader.AddLines to read back. It leaves out the QR codes.
func (d Document) Text() []byte { return nil }
