package open

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/keys"
	"github.com/tokenctl/tokenctl/oath/vault"
)

// TokenOptions choose the tokens that a command works with: every key that is plugged
// in and the vault, unless they say otherwise.
type TokenOptions struct {
	Key    KeyOptions
	Vault  VaultOptions
	NoKeys bool
}

// AddFlags adds the flags of commands that work with all tokens.
func (o *TokenOptions) AddFlags(c *cobra.Command) {
	o.Key.AddFlags(c)
	o.Vault.AddFlags(c)
	f := c.Flags()
	f.BoolVar(&o.NoKeys, "no-keys", false, "leave the keys out: the vault alone")
	f.BoolVar(&o.Vault.None, "no-vault", false, "leave the vault out: the keys alone")
	term.GroupFlags(f, term.TokenFlags, "no-keys", "no-vault")
	c.MarkFlagsMutuallyExclusive("no-keys", "no-vault")
	c.MarkFlagsMutuallyExclusive("no-keys", "device")
	c.MarkFlagsMutuallyExclusive("no-keys", "reader")
}

// NamesKey reports whether one key was chosen, and the vault so left out.
func (o TokenOptions) NamesKey() bool { return !o.Key.IsAny() }

// KeyOptions choose a key and open it.
type KeyOptions struct {
	keys.Choice
	Password Password
}

// AddFlags adds the flags of commands that open a key.
func (o *KeyOptions) AddFlags(c *cobra.Command) {
	o.AddChoice(c)
	o.Password.AddFlags(c, "password", "the key's password")
	term.GroupFlags(c.Flags(), term.SecretFlags, "password-file", "password-command")
}

// AddChoice adds the flags that choose a key.
func (o *KeyOptions) AddChoice(c *cobra.Command) {
	c.Flags().Uint32Var(&o.Serial, "device", 0, "use the key with this `SERIAL` number")
	c.Flags().StringVar(&o.Reader, "reader", "", "use the key in the reader whose name contains `NAME`")
	term.GroupFlags(c.Flags(), term.TokenFlags, "device", "reader")
}

// VaultOptions choose a vault and open it.
type VaultOptions struct {
	Dir        string
	None       bool
	Passphrase Password
	PIN        Password // of a YubiKey's PIV applet
	KeyFile    string   // of the vault's own key, as it is on paper
	Late       bool     // beside a key, it is opened when it is needed

	// TouchCommand is run while a key waits for a touch, be it for the vault or for a code.
	TouchCommand string
}

// AddFlags adds the flags of commands that open the vault.
func (o *VaultOptions) AddFlags(c *cobra.Command) {
	o.AddChoice(c)
	o.Passphrase.AddFlags(c, "passphrase", "the vault's passphrase")
	o.PIN.AddFlags(c, "pin", "the PIV PIN of a YubiKey that opens the vault")
	c.Flags().StringVar(&o.KeyFile, "vault-key-file", "", "open the vault with its own key, AGE-SECRET-KEY-1..., from the first line of `FILE`")
	term.GroupFlags(c.Flags(), term.SecretFlags, "passphrase-file", "passphrase-command", "pin-file", "pin-command", "vault-key-file")
	c.Flags().StringVar(&o.TouchCommand, "touch-command", "", "run `CMD` while a key waits for a touch, instead of a notification of the desktop")
	term.GroupFlags(c.Flags(), term.TokenFlags, "touch-command")
	c.MarkFlagsMutuallyExclusive("vault-key-file", "passphrase-file")
	c.MarkFlagsMutuallyExclusive("vault-key-file", "passphrase-command")
}

// AddChoice adds the flag that chooses a vault.
func (o *VaultOptions) AddChoice(c *cobra.Command) {
	c.Flags().StringVar(&o.Dir, "vault", "", "use the vault in `DIR` (default $TOKENCTL_VAULT, or else tokenctl/vault among your data)")
	c.MarkFlagDirname("vault")
	term.GroupFlags(c.Flags(), term.TokenFlags, "vault")
}

// AddNone adds the flag that leaves the vault out.
func (o *VaultOptions) AddNone(c *cobra.Command) {
	c.Flags().BoolVar(&o.None, "no-vault", false, "leave the vault out: the ledger alone")
	term.GroupFlags(c.Flags(), term.TokenFlags, "no-vault")
}

// isNamed reports whether an option or the environment says where the vault is.
func (o VaultOptions) isNamed() bool { return o.Dir != "" || os.Getenv("TOKENCTL_VAULT") != "" }

// Folder returns where the vault is, or will be.
func (o VaultOptions) Folder() (string, error) {
	for _, dir := range []string{o.Dir, os.Getenv("TOKENCTL_VAULT")} {
		if dir != "" {
			return filepath.Abs(dir)
		}
	}
	data, err := userFolder("XDG_DATA_HOME", ".local/share")
	return filepath.Join(data, "tokenctl", "vault"), err
}

// exists reports whether a vault is there, be it as it should be or not.
func (o VaultOptions) exists() bool {
	dir, err := o.Folder()
	return err == nil && vault.Exists(dir)
}

// isGiven reports whether nobody need be asked for what opens the vault.
func (o VaultOptions) isGiven() bool { return o.KeyFile != "" || o.Passphrase.IsGiven() }

// userFolder returns one of the folders of the XDG Base Directory Specification.
// Windows has one place for all of them.
func userFolder(variable, fallback string) (string, error) {
	if dir := os.Getenv(variable); filepath.IsAbs(dir) {
		return dir, nil
	}
	if runtime.GOOS == "windows" {
		return os.UserCacheDir() // %LocalAppData%
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, fallback), err
}

// errEmptyPassword says that what should hold a password does not.
var errEmptyPassword = errors.New("no password in it")

// A Password is where a password comes from that nobody is asked for.
type Password struct {
	File, Command string
}

// AddFlags adds --NAME-file and --NAME-command for what the password is of.
func (s *Password) AddFlags(c *cobra.Command, name, what string) {
	c.Flags().StringVar(&s.File, name+"-file", "", "read "+what+" from the first line of `FILE`")
	c.Flags().StringVar(&s.Command, name+"-command", "", "read "+what+" from the first line that `CMD` prints")
	c.MarkFlagsMutuallyExclusive(name+"-file", name+"-command")
	term.GroupFlags(c.Flags(), term.OwnSecretFlags, name+"-file", name+"-command")
}

// IsGiven reports whether nobody need be asked.
func (s Password) IsGiven() bool { return s.File != "" || s.Command != "" }

// byteOrderMark is what Windows' editors put in front of a text.
const byteOrderMark = "\ufeff"

// Read returns the password, without the end of its line, and without a byte order mark.
func (s Password) Read(ctx context.Context) (string, error) {
	var text []byte
	var err error
	name := "what the password command prints"
	if s.File != "" {
		name = term.Printable(s.File)
		text, err = os.ReadFile(s.File)
	} else {
		text, err = shell(ctx, s.Command).Output()
	}
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", name, err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	line = strings.TrimRight(strings.TrimPrefix(line, byteOrderMark), "\r")
	switch {
	case line == "":
		return "", fmt.Errorf("reading %s: %w: the first line is empty", name, errEmptyPassword)
	case !utf8.ValidString(line):
		return "", fmt.Errorf("reading %s: %w: it is not UTF-8", name, errEmptyPassword)
	}
	return line, nil
}

func shell(ctx context.Context, command string) *exec.Cmd {
	name, flag := "sh", "-c"
	if runtime.GOOS == "windows" {
		name, flag = "cmd", "/c"
	}
	c := exec.CommandContext(ctx, name, flag, command)
	c.Stderr = os.Stderr
	return c
}
