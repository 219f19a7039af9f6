package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/issuer"
	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/otpauth"
	"github.com/tokenctl/tokenctl/oath/pcsc"
	"github.com/tokenctl/tokenctl/oath/qr"
	"github.com/tokenctl/tokenctl/oath/vault"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

// Exit statuses; docs/exit-codes.md explains them.
const (
	exitFailure     = 1
	exitUsage       = 2
	exitNotFound    = 3
	exitAmbiguous   = 4
	exitNoKey       = 5
	exitPassword    = 6
	exitTouch       = 7
	exitNoSpace     = 8
	exitPartial     = 9
	exitNoCodeLeft  = 10
	exitInterrupted = 130 // 128 and the number of SIGINT, as shells have it
)

// exitStatuses ends every command's help and manual page.
const exitStatuses = `  0    done
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

// A usageError is a command line that cannot be meant.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

var (
	// errNoTerminal says that a question cannot be asked.
	errNoTerminal = errors.New("there is no terminal to ask on")

	// errDeclined says that the user answered no.
	errDeclined = errors.New("nothing was done")

	// errSeveralKeys says that one of the keys must be chosen.
	errSeveralKeys = errors.New("several keys are plugged in")

	// errNoSuchKey says that no key has the serial number or reader asked for.
	errNoSuchKey = errors.New("no such key is plugged in")

	// errNameTaken says that an account cannot get a name which another one has.
	errNameTaken = errors.New("an account of that name is already there")

	// errNoKeyring says that the system has no keyring to remember in.
	errNoKeyring = errors.New("the system has no keyring")

	// errWrongPassphrase says that the passphrase does not open the vault.
	errWrongPassphrase = errors.New("wrong passphrase")

	// errSealed says that the vault has no way in but its own key, on paper.
	errSealed = errors.New("the vault is sealed: its own key alone opens it")

	// errPartly says that a part was done, and wraps what stopped the rest.
	errPartly = errors.New("done in part")

	// errUnfinished says so of an enrollment, which is as well begun anew.
	errUnfinished = fmt.Errorf("%w; once this is mended, the same command does the rest", errPartly)

	// errVaultGone says that a vault is not where it was.
	errVaultGone = errors.New("the vault is gone")

	// errNoPassword says that what should hold a password does not.
	errNoPassword = errors.New("there is no password in it")

	// errNoToken says that there is nothing to enroll on.
	errNoToken = errors.New("there is neither a key nor a vault")
)

// A remedy is what to do about an error, and the exit status that tells of it.
type remedy struct {
	of   error
	exit int
	hint string
}

// remedies holds every error a user may meet. The first that fits counts.
var remedies = []remedy{
	{errNoTerminal, exitUsage, "Without a terminal, pass --yes to confirm, and --secret-stdin or --password-file for what is secret."},
	{errSeveralKeys, exitAmbiguous, "Choose one with --device SERIAL or --reader NAME, or leave only one plugged in."},
	{errNoSuchKey, exitNoKey, "See what is plugged in with: tokenctl keys"},
	{errNameTaken, exitFailure, "Choose another name, or delete that account first."},
	{errNoKeyring, exitFailure, "Use --password-file or --password-command for a key, --passphrase-file or --passphrase-command for the vault; a command can ask the password manager you have."},
	{fleet.ErrUnequal, exitFailure, "Do not rely on this account. The key may be damaged, or not do what it says."},
	{errDeclined, exitFailure, ""},
	{errVaultGone, exitFailure, "Bring it back, or mount its disk. To go on without it: --no-vault. To make it anew from the recovery sheet: tokenctl restore; without one: tokenctl vault init"},
	{errNoPassword, exitPassword, "The first line is to hold it."},
	{errNowhere, exitNoKey, "Plug in a key, or have a vault made: on a terminal, or with --new-passphrase-file FILE"},
	{errNoToken, exitNoKey, "Plug in the key, or make a vault with: tokenctl init"},
	{errNotDeleted, exitFailure, "The codes are recorded. Delete the file yourself."},
	{errNoAccountForCodes, exitNotFound, "See which there are with: tokenctl list. For an account that no token holds, give its whole name, and --new."},
	{errNoVaultForCodes, exitFailure, "Make one with: tokenctl init. If the codes are on paper alone, record how many: --on-paper N"},
	{errNoSuchService, exitUsage, "Leave --service out. What you know of a service can go into tokenctl/services.tsv among your settings."},
	{errCodesAway, exitFailure, "Bring that vault back, or name it with --vault. To give the codes up: tokenctl backup forget"},
	{errOlderCodes, exitFailure, "Is the vault an older copy? Bring it up to date. To see the codes that it has: tokenctl backup list --show"},
	{errLedger, exitFailure, "It is left as it is. Bring it back from a copy, or delete it: what the vault has is learned anew from it, what is on paper alone is not."},
	{backup.ErrNewer, exitFailure, "Use that version, or a later one."},
	{backup.ErrDamaged, exitFailure, "It is left as it is. Bring it back from a copy of the vault."},
	{backup.ErrNoCodes, exitNotFound, "See what is recorded with: tokenctl backup list. To record codes: tokenctl backup add"},
	{backup.ErrNoneLeft, exitNoCodeLeft, "Make new ones at the service, and record them with: tokenctl backup add"},
	{backup.ErrNoSuchNumber, exitUsage, "See which there are with: tokenctl backup list NAME --show"},
	{backup.ErrUsed, exitFailure, "Leave --number out for the next one that is good."},
	{backup.ErrVoid, exitFailure, "Leave --number out for the next one that is good."},
	{backup.ErrNotCodes, exitUsage, "Give the codes alone, one a line; if they look like nothing else, with --verbatim."},
	{backup.ErrNotText, exitUsage, "Save it as text, or copy the codes and paste them."},
	{backup.ErrTooLarge, exitUsage, "Give the codes alone, one a line."},

	{issuer.ErrUsed, exitPassword, "Each code is good once. If the user did not use it, somebody else has their codes."},
	{issuer.ErrSuperseded, exitPassword, "The user has newer codes. One of those is good."},
	{issuer.ErrMalformed, exitPassword, ""},
	{issuer.ErrUnknown, exitPassword, ""},
	{issuer.ErrThrottled, exitFailure, "New codes end it: tokenctl backup generate --store FILE --user NAME"},
	{issuer.ErrNoCodes, exitNotFound, "Make some with: tokenctl backup generate --store FILE --user NAME"},
	{issuer.ErrNotPending, exitFailure, "Prepare them with: tokenctl backup generate --store FILE --user NAME --prepare"},
	{issuer.ErrNoKey, exitPassword, "Give the key that they were hashed with: --server-key-file FILE"},
	{issuer.ErrForm, exitUsage, ""},
	{issuer.ErrUser, exitUsage, ""},
	{issuer.ErrDamaged, exitFailure, "The file is left as it is. Bring it back from a copy."},
	{issuer.ErrFull, exitNoSpace, "Keep them in PostgreSQL. See docs/issuing-backup-codes.md."},
	{errSealed, exitPassword, "Give that key, AGE-SECRET-KEY-1..., in a file: --vault-key-file FILE"},
	{errWrongPassphrase, exitPassword, "See what else opens the vault with: tokenctl vault status"},

	{errFileThere, exitFailure, "Replace it with --overwrite, or choose another name."},
	{errEnrolledSheetThere, exitFailure, "Choose another name for the sheet."},
	{errNoFile, exitFailure, "Choose another name."},
	{errDiskFull, exitNoSpace, "Make room, or name a file on another disk."},
	{errNoLP, exitFailure, "Install it: sudo apt install cups-client. Or write a file: --output FILE"},
	{errNotPrinted, exitFailure, "See which printers there are with lpstat -e, and choose one with --printer NAME; or write a file: --output FILE"},
	{errNoPoppler, exitFailure, "Install it: sudo apt install poppler-utils. Or give pictures of the pages, PNG or JPEG."},
	{errUnreadPDF, exitFailure, "Give pictures of the pages, PNG or JPEG."},
	{errHTML, exitUsage, "Print it from a browser, to paper or to a PDF, and give the scan or that PDF."},
	{errNoScan, exitUsage, "It is read from PNG, JPEG, TIFF and WebP, from PDF, and from sheets in text."},
	{errMissing, exitFailure, "Give the same scans again, and what is missing along with them. To go on without: --partial"},
	{errSheetDiffers, exitFailure, "Find out which is right: a code of either, tried at the service. If the tokens are, print a new sheet: tokenctl sheet"},
	{errSheetLacks, exitFailure, "Print what it lacks: tokenctl sheet --only-new"},
	{sheet.ErrIncomplete, exitFailure, "Scan all of its pages; with --split, as many sheets as are needed. Or type the lines in: --type"},
	{sheet.ErrNeedsPassphrase, exitPassword, "Give it on a terminal, or with --sheet-passphrase-file."},
	{sheet.ErrWrongPassphrase, exitPassword, ""},
	{sheet.ErrNewer, exitFailure, "Use a newer tokenctl."},

	{pcsc.ErrUnavailable, exitNoKey, "Build tokenctl with cgo: install gcc and libpcsclite-dev, and build with CGO_ENABLED=1."},
	{pcsc.ErrNoService, exitNoKey, "Start pcscd: sudo systemctl start pcscd.socket. If it is not installed: sudo apt install pcscd"},
	{pcsc.ErrNoPermission, exitNoKey, "pcscd asks polkit who may use readers; over SSH, that is root unless a polkit rule says otherwise."},
	{pcsc.ErrNoReader, exitNoKey, "Plug in the key."},
	{pcsc.ErrNoCard, exitNoKey, "Plug in the key, or lay it on the reader."},
	{pcsc.ErrMute, exitNoKey, "Pull the key out and plug it in again."},
	{pcsc.ErrBusy, exitNoKey, "Close what uses it (Yubico Authenticator, ykman, gpg). For gpg: gpgconf --kill scdaemon"},
	{pcsc.ErrRemoved, exitNoKey, "Plug it in again and see with tokenctl list whether the change was made."},
	{oath.ErrRemoved, exitNoKey, "Plug it in again and see with tokenctl list whether the change was made."},
	{ykoath.ErrNoApplet, exitNoKey, "If it is a YubiKey, switch OATH on: ykman config usb --enable OATH"},

	{vault.ErrNoVault, exitFailure, "Make one with: tokenctl vault init"},
	{vault.ErrVaultExists, exitFailure, "See to it with tokenctl vault status; another folder is named by --vault."},
	{vault.ErrNotEmpty, exitFailure, "Name an empty or a new folder with --vault."},
	{vault.ErrInsecure, exitFailure, "Make it yours alone: chmod go-w, and see who else had been there."},
	{vault.ErrSymlink, exitFailure, "Put the file itself there, or delete the link."},
	{vault.ErrReadOnly, exitFailure, "Make the disk writable, or name another folder with --vault."},
	{vault.ErrDiskFull, exitNoSpace, "Make room on the disk that the vault is on, or name another folder with --vault."},
	{vault.ErrRecipientsChanged, exitFailure, "If you changed it on another machine: tokenctl vault trust. If not, somebody wants to read what you store."},
	{vault.ErrWrongKey, exitPassword, ""},
	{vault.ErrMalformedKey, exitPassword, "It begins with AGE-SECRET-KEY-1, and is best read in by scanning."},
	{vault.ErrNoWay, exitPassword, "See what opens it with: tokenctl vault status"},
	{vault.ErrWrongSlot, exitPassword, "Was its PIV slot changed since? Add it again with: tokenctl vault add-key"},
	{errNoPIVKey, exitNoKey, "Plug it in, or use the passphrase or the key on paper. See: tokenctl vault status"},
	{vault.ErrNoPIV, exitNoKey, "Build tokenctl with cgo: install gcc and libpcsclite-dev, and build with CGO_ENABLED=1."},
	{vault.ErrNoKey, exitNoKey, "Plug in the YubiKey, or choose one with --device. If PIV is switched off: ykman config usb --enable PIV"},
	{vault.ErrKeyBusy, exitNoKey, "Close what uses it (Yubico Authenticator, ykman, gpg). For gpg: gpgconf --kill scdaemon"},
	{vault.ErrNoFreeSlot, exitNoSpace, "Choose one with --slot that you can do without, and empty it: ykman piv keys, ykman piv certificates"},
	{errWrongPIN, exitPassword, "When no try is left the PIN is blocked, and only the PUK unblocks it."},
	{vault.ErrPINBlocked, exitPassword, "It was wrong too often. Unblock it with the PUK: ykman piv access unblock-pin. The passphrase still opens the vault."},
	{vault.ErrSlotInUse, exitFailure, "Choose another --slot, or take the key that is in it with --take. Nothing was changed."},
	{vault.ErrSlotEmpty, exitFailure, "Leave out --take to make one."},
	{vault.ErrManagementKey, exitPassword, "Give it with --management-key-file, or --pin-file if it is protected by the PIN."},
	{vault.ErrDamaged, exitFailure, "The file is left as it is. Bring it back from a copy of the vault, or delete it."},

	{oath.ErrAmbiguous, exitAmbiguous, ""},
	{oath.ErrNotFound, exitNotFound, "See which there are with: tokenctl list"},
	{oath.ErrWrongPassword, exitPassword, "A forgotten password cannot be recovered; tokenctl reset wipes the key and its accounts."},
	{oath.ErrLocked, exitPassword, "Give it on a terminal, or with --password-file or --password-command for a key, --passphrase-file or --passphrase-command for the vault."},
	{oath.ErrNoPassword, exitPassword, "Leave out --password-file and --password-command, or set one with: tokenctl password set"},
	{oath.ErrTouchTimeout, exitTouch, "Try again, and touch the key's contact when it blinks."},
	{oath.ErrExists, exitFailure, "Replace it with --overwrite, which cannot be undone, or choose another --account name."},
	{oath.ErrNoSpace, exitNoSpace, "Make room with tokenctl delete, or use another key. tokenctl keys shows how full each is."},
	{oath.ErrUnsupported, exitFailure, ""},
	{oath.ErrInvalid, exitUsage, ""},
	{qr.ErrFormat, exitUsage, "Convert it, as with heif-convert of libheif-examples, or have the phone send it as JPEG."},
	{otpauth.ErrNotURI, exitUsage, "It should begin with otpauth://. To type a secret, leave out the source."},
	{errNoSheet, exitUsage, "Scan it straight and sharp, 150 dpi or more; or type the lines in: --type"},
	{qr.ErrNoQR, exitUsage, "Try a sharper or larger picture, or enter the secret that the service shows beside the code."},

	{ykoath.ErrCorrupt, exitFailure, "Delete the account and enroll it again with a new secret from the service."},
	{ykoath.ErrMalformed, exitFailure, "Pull the key out, plug it in and try again. If it stays, the key or its reader is broken, or not compatible."},
}

// report prints the error, with what to do about it, and returns the exit status.
func (p *program) report(err error) int {
	if err == nil {
		return 0
	}
	for i, line := range strings.Split(err.Error(), "\n") {
		if i == 0 {
			line = "tokenctl: " + line
		}
		p.note("%s", printable(line))
	}
	var ambiguous *oath.AmbiguousError
	if errors.As(err, &ambiguous) {
		p.note("%s", listMatches(ambiguous))
	}
	remedy := p.remedyOf(err)
	if remedy.hint != "" {
		p.note("  %s", remedy.hint)
	}
	if errors.Is(err, errPartly) { // the remedy is for the other part
		return exitPartial
	}
	return remedy.exit
}

func (p *program) remedyOf(err error) remedy {
	for _, r := range remedies {
		if errors.Is(err, r.of) {
			return r
		}
	}
	if errors.As(err, new(usageError)) {
		return remedy{err, exitUsage, "See: " + p.command + " --help"}
	}
	return remedy{err, exitFailure, ""}
}

func listMatches(e *oath.AmbiguousError) string {
	var b strings.Builder
	fmt.Fprintf(&b, "  %q fits:", e.Query)
	for _, a := range e.Matches {
		fmt.Fprintf(&b, "\n    %s", printable(string(a.ID())))
	}
	return b.String()
}
