package open

import (
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/keys"
	"github.com/tokenctl/tokenctl/oath/pcsc"
	"github.com/tokenctl/tokenctl/oath/vault"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

const (
	buildWithCgo = "Build tokenctl with cgo: install gcc and libpcsclite-dev, and build with CGO_ENABLED=1."
	closeOthers  = "Close what uses it (Yubico Authenticator, ykman, gpg). For gpg: gpgconf --kill scdaemon. Which one does: tokenctl doctor"
)

// keyConflictHint says how to get out of a merge of two keys.
const keyConflictHint = "Go back with: tokenctl vault git merge --abort. Then have one machine's vault replace the other's, with its key; see: tokenctl vault trust --help"

// Remedies are for what goes wrong with finding and opening keys and the vault.
var Remedies = []term.Remedy{
	{Of: keys.ErrSeveral, Exit: term.ExitAmbiguous, Hint: "Choose one with --device SERIAL or --reader NAME, or leave only one plugged in."},
	{Of: keys.ErrNoSuchKey, Exit: term.ExitNoKey, Hint: "See what is plugged in with: tokenctl keys"},
	{Of: ErrNoKeyring, Exit: term.ExitFailure, Hint: "Use --password-file or --password-command for a key, --passphrase-file or --passphrase-command for the vault; a command can ask the password manager you have."},
	{Of: ErrVaultGone, Exit: term.ExitFailure, Hint: "Restore it, or mount its disk. To continue without it: --no-vault. To recreate it from the recovery sheet: tokenctl restore SCAN; without one: tokenctl vault init"},
	{Of: errEmptyPassword, Exit: term.ExitPassword, Hint: "The first line must hold it."},
	{Of: errSealed, Exit: term.ExitPassword, Hint: "Give that key, AGE-SECRET-KEY-1..., in a file: --vault-key-file FILE"},
	{Of: errWrongPassphrase, Exit: term.ExitPassword, Hint: "See what else opens the vault with: tokenctl vault status"},

	{Of: pcsc.ErrUnavailable, Exit: term.ExitNoKey, Hint: buildWithCgo},
	{Of: pcsc.ErrNoService, Exit: term.ExitNoKey, Hint: "Start pcscd: sudo systemctl start pcscd.socket. If it is not installed: sudo apt install pcscd. Why it cannot be reached: tokenctl doctor"},
	{Of: pcsc.ErrServiceSilent, Exit: term.ExitNoKey, Hint: "A key or reader may block it. Unplug it, and restart pcscd: sudo systemctl restart pcscd. More: tokenctl doctor"},
	{Of: pcsc.ErrNoPermission, Exit: term.ExitNoKey, Hint: "pcscd asks polkit who may use readers; over SSH, that is root unless a polkit rule says otherwise. For such a rule: tokenctl doctor"},
	{Of: pcsc.ErrNoReader, Exit: term.ExitNoKey, Hint: "Plug in the key. If it is plugged in, why it is not seen: tokenctl doctor"},
	{Of: pcsc.ErrNoCard, Exit: term.ExitNoKey, Hint: "Plug in the key, or lay it on the reader."},
	{Of: pcsc.ErrMute, Exit: term.ExitNoKey, Hint: "Unplug the key and plug it in again. If that does not help: tokenctl doctor"},
	{Of: pcsc.ErrBusy, Exit: term.ExitNoKey, Hint: closeOthers},
	{Of: ykoath.ErrNoApplet, Exit: term.ExitNoKey, Hint: "If it is a YubiKey, switch OATH on: ykman config usb --enable OATH. What it is: tokenctl doctor"},

	{Of: vault.ErrUnsafeRepository, Exit: term.ExitFailure, Hint: "Remove it from the repository with an editor, if you know how it got there. If not, somebody else writes to " + term.VaultPlace},
	{Of: vault.ErrNoVault, Exit: term.ExitFailure, Hint: "Make one with: tokenctl vault init"},
	{Of: vault.ErrVaultExists, Exit: term.ExitFailure, Hint: "See tokenctl vault status, or name another folder with --vault."},
	{Of: vault.ErrNotEmpty, Exit: term.ExitFailure, Hint: "Name an empty or a new folder with --vault."},
	{Of: vault.ErrConflict, Exit: term.ExitFailure, Hint: "See both sides and keep one with: tokenctl vault resolve"},
	{Of: vault.ErrKeyConflict, Exit: term.ExitFailure, Hint: keyConflictHint},
	{Of: vault.ErrForeignOwner, Exit: term.ExitFailure, Hint: "See who that is. To make it yours: sudo chown -R \"$(id -u)\" " + term.VaultPlace},
	{Of: vault.ErrInsecure, Exit: term.ExitFailure, Hint: "See who else could have been there. To make it yours alone: chmod -R go= " + term.VaultPlace},
	{Of: vault.ErrSymlink, Exit: term.ExitFailure, Hint: "Put the file itself there instead of the link."},
	{Of: vault.ErrReadOnly, Exit: term.ExitFailure, Hint: "Make the disk writable, or name another folder with --vault."},
	{Of: vault.ErrDiskFull, Exit: term.ExitNoSpace, Hint: "Make room on the disk that the vault is on, or name another folder with --vault."},
	{Of: vault.ErrRecipientsChanged, Exit: term.ExitFailure, Hint: "If you changed it on another machine: tokenctl vault trust. If not, somebody wants to read what you store."},
	{Of: vault.ErrWrongKey, Exit: term.ExitPassword},
	{Of: vault.ErrMalformedKey, Exit: term.ExitPassword, Hint: "It begins with AGE-SECRET-KEY-1, and is best read in by scanning."},
	{Of: vault.ErrNoWay, Exit: term.ExitPassword, Hint: "See what opens it with: tokenctl vault status"},
	{Of: vault.ErrWrongSlot, Exit: term.ExitPassword, Hint: "Was its PIV slot changed since? Add it again with: tokenctl vault add-key"},
	{Of: errNoPIVKey, Exit: term.ExitNoKey, Hint: "Plug it in, or use the passphrase or the key on paper. See: tokenctl vault status"},
	{Of: vault.ErrNoPIV, Exit: term.ExitNoKey, Hint: buildWithCgo},
	{Of: vault.ErrNoKey, Exit: term.ExitNoKey, Hint: "Plug in the YubiKey, or choose one with --device. If PIV is switched off: ykman config usb --enable PIV"},
	{Of: vault.ErrKeyBusy, Exit: term.ExitNoKey, Hint: closeOthers},
	{Of: errWrongPIN, Exit: term.ExitPassword, Hint: "When no try is left the PIN is blocked, and only the PUK unblocks it."},
	{Of: vault.ErrPINBlocked, Exit: term.ExitPassword, Hint: "It was wrong too often. Unblock it with the PUK: ykman piv access unblock-pin. The passphrase still opens the vault."},
	{Of: vault.ErrOtherCodes, Exit: term.ExitFailure, Hint: "Somebody put the file there. Restore the right one from a copy of the vault, or give up the codes: tokenctl backup forget NAME"},
	{Of: vault.ErrNameless, Exit: term.ExitFailure, Hint: "If an early tokenctl stored them, use one on the machine that recorded them; that names the account. If not, somebody put them there."},
	{Of: vault.ErrDamaged, Exit: term.ExitFailure, Hint: "The file was not changed. Restore it from a copy of the vault. What cannot be repaired, move out of the vault and keep."},
}
