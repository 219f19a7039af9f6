package term

import (
	"errors"
	"fmt"
)

// Exit statuses; docs/exit-codes.md explains them.
const (
	ExitFailure     = 1
	ExitUsage       = 2
	ExitNotFound    = 3
	ExitAmbiguous   = 4
	ExitNoKey       = 5
	ExitPassword    = 6
	ExitTouch       = 7
	ExitNoSpace     = 8
	ExitPartial     = 9
	ExitNoCodeLeft  = 10
	ExitInterrupted = 130 // 128 and the number of SIGINT, as shells have it
)

// ExitStatuses ends every command's help and manual page.
const ExitStatuses = `  0    done
  1    any other failure
  2    wrong usage
  3    no such account
  4    several accounts, or several keys, and one must be chosen
  5    no key, no reader, or it cannot be reached
  6    the password is wrong or missing
  7    the key was not touched in time
  8    no space left on the key
  9    done in part; the message says which part
  10   no backup code is left
  130  interrupted
`

// A Remedy is what to do about an error, and its exit status.
type Remedy struct {
	Of   error
	Exit int
	Hint string
}

// VaultPlace represents the vault's folder in a hint, as it is typed in a shell.
const VaultPlace = "VAULT-FOLDER"

// Remedies are for the errors of this package.
var Remedies = []Remedy{
	{ErrNoTerminal, ExitUsage, "Without a terminal, pass --yes to confirm, and --secret-stdin or --password-file for what is secret."},
	{ErrDeclined, ExitFailure, ""},
}

// ErrPartly says that a part was done, and wraps what stopped the rest. The exit
// status is ExitPartial then, whatever the remedy.
var ErrPartly = errors.New("done in part")

// Partly makes ErrPartly of what kept a result from being whole, if something is
// shown.
func Partly(failure error, shown int) error {
	if failure == nil || shown == 0 {
		return failure
	}
	return fmt.Errorf("%w: %w", ErrPartly, failure)
}

// A UsageError is a command line that cannot be meant.
type UsageError struct{ error }

func (e UsageError) Unwrap() error { return e.error }

// Usage makes an error one of the command line.
func Usage(err error) error { return UsageError{err} }

// Usagef is fmt.Errorf for an error of the command line.
func Usagef(format string, args ...any) error {
	return UsageError{fmt.Errorf(format, args...)}
}
