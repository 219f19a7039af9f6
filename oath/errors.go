package oath

import "errors"

// What can go wrong with any token. Tokens wrap these, so that errors.Is finds
// what happened, and the message where.
var (
	// ErrNotFound says that the token holds no such account.
	ErrNotFound = errors.New("no such account")

	// ErrAmbiguous says that a query fits several accounts. The error is an
	// *AmbiguousError.
	ErrAmbiguous = errors.New("several accounts match")

	// ErrExists says that the token holds an account with this ID already.
	// Nothing was changed.
	ErrExists = errors.New("the account is already there")

	// ErrLocked says that the token wants a password or a passphrase, and was
	// given none.
	ErrLocked = errors.New("a password is required")

	// ErrWrongPassword says that the password or passphrase given does not open
	// the token.
	ErrWrongPassword = errors.New("wrong password")

	// ErrNoPassword says that a password was given or must be cleared where
	// none is set.
	ErrNoPassword = errors.New("no password is set")

	// ErrUnlisted says that the token holds more accounts than it can list. Each
	// can be used by its whole name.
	ErrUnlisted = errors.New("it holds more accounts than it can list")

	// ErrNoOverwrite says that the token does not store an account over another.
	// Nothing was changed.
	ErrNoOverwrite = errors.New("this token does not store an account over another")

	// ErrPast says that the account computes no code for a time before the latest
	// that it computed one for. Its token has it so, or its first owner.
	ErrPast = errors.New("the account computes no code for an earlier time than it did before")

	// ErrTouchTimeout says that the key waited for a touch that did not come.
	ErrTouchTimeout = errors.New("the key was not touched in time")

	// ErrNoSpace says that the token cannot take another account. Nothing was
	// changed.
	ErrNoSpace = errors.New("no space left on the token")

	// ErrUnsupported says that this token, by its firmware or its maker, lacks
	// what was asked for. Nothing was changed.
	ErrUnsupported = errors.New("not supported by this token")

	// ErrRemoved says that the token went away in the middle.
	ErrRemoved = errors.New("the key was removed")

	// ErrSilent says that the key was sent a command, and did not answer for longer than
	// a touch may take. Nothing more can be sent to it until it is opened anew.
	ErrSilent = errors.New("the key does not answer")

	// ErrUnsure says that a change was sent to the token and no answer came: it may
	// be done or not.
	ErrUnsure = errors.New("whether it was done is not known")

	// ErrDamaged says that a file that holds an account cannot be used. It is left
	// as it is, and the others can be.
	ErrDamaged = errors.New("the file cannot be used")
)
