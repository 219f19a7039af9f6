package ledger

import (
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/oath"
)

// A Ledger remembers which accounts have backup codes, which of them are used,
// and on which sheets of paper they stand. There is no secret in it.
type Ledger struct {
	// Due are the accounts that need new codes. They come first in the file, so
	// that ReadDue need not read the rest.
	Due []Due

	Accounts map[oath.ID]*Entry
	Sheets   []Sheet // in the order of their numbers
}

// An Entry is what the ledger keeps of an account. Its codes have no Text.
type Entry struct {
	backup.Record
	Kept Keeping
}

// A Keeping is where an account's codes are.
type Keeping string

const (
	InVault Keeping = "vault" // and on paper, if a sheet was printed
	OnPaper Keeping = "paper" // alone
)

// A Due is a reminder that an account needs new codes.
type Due struct {
	ID      oath.ID
	Service string    // its name, or the account's issuer
	Since   time.Time // the day of the first use that the reminder is about
	Renew   string    // where new codes are made: a menu path or an address
	Left    int       // how many codes there are until then

	// Generation is that of the codes that the reminder is about: newer ones
	// settle it, wherever they were recorded. 0 if unknown.
	Generation int
}

// A Sheet is one that was printed.
type Sheet struct {
	Number int    // from 1
	ID     string // as printed on it
	Date   time.Time

	// OnlyNew says that it holds a part, and does not supersede the sheets before
	// it: what they lacked, chosen accounts, or codes without secrets.
	OnlyNew bool

	// Verified is the day on which it was read back; zero if it was not.
	Verified time.Time

	Items map[oath.ID]Item
}

// An Item is what a sheet has of an account.
type Item struct {
	// Fingerprint is that of the account's otpauth URI, see Fingerprint. It is
	// empty if the secret is not on the sheet.
	Fingerprint string

	// Generation is that of the codes; 0 if they are not on the sheet.
	Generation int
}
