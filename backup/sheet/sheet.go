package sheet

import (
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// A Sheet is what is to go on paper. It is the same whether it is then printed
// plainly, sealed, or split.
type Sheet struct {
	Number     int       // from 1
	Supersedes int       // the number of the sheet before; 0 if there is none
	Partial    bool      // it does not supersede that sheet, but belongs with it
	Date       time.Time // the day; the time of day is of no meaning
	ID         string    // that of this printing, see NewID

	// VaultKey is the vault's private key, AGE-SECRET-KEY-1..., or "".
	VaultKey string

	// Entries are the accounts, in any order: they are sorted by label. No two
	// have the same ID.
	Entries []Entry
}

// An Entry is an account on a sheet.
type Entry struct {
	// Key is the account and its secret. Without a secret the account's label and
	// codes go on the sheet, and a note that the sheet cannot bring it back.
	Key otpauth.Key

	// Codes are the account's backup codes. Only the current set is printed.
	Codes backup.Record

	Where []string // the tokens that hold the account, as they are to be named
	Renew string   // where new codes are made: a menu path or an address
	Notes []string // further sentences
}
