package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/keys"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

func newPasswordCommand(p *program) *cobra.Command {
	c := &cobra.Command{
		Use:   "password",
		Short: "The key's password: set, clear, remember, forget",
		Long: "A password keeps whoever finds the key from reading its codes. Other clients,\n" +
			"ykman and Yubico Authenticator among them, ask for the same one.",
	}
	c.AddCommand(
		newPasswordSetCommand(p),
		newPasswordClearCommand(p),
		newPasswordRememberCommand(p),
		newPasswordForgetCommand(p),
	)
	return c
}

type passwordSetOptions struct {
	key     open.KeyOptions
	newFile string
}

func newPasswordSetCommand(p *program) *cobra.Command {
	var o passwordSetOptions
	c := &cobra.Command{
		Use:     "set",
		Short:   "Protect the key with a password, or change it",
		Example: "  tokenctl password set\n  tokenctl password set --device 12345678",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return p.setPassword(c.Context(), o) },
	}
	o.key.AddFlags(c)
	c.Flags().StringVar(&o.newFile, "new-password-file", "", "read the new password from the first line of `FILE`")
	term.GroupFlags(c.Flags(), term.OwnSecretFlags, "new-password-file")
	return c
}

func (p *program) setPassword(ctx context.Context, o passwordSetOptions) error {
	k, err := p.open.Key(ctx, o.key)
	if err != nil {
		return err
	}
	defer k.Close()
	password, err := p.newPassword(ctx, k, o.newFile)
	if err != nil {
		return err
	}
	accessKey, err := ykoath.DeriveAccessKey(oath.NormalPassword(password), k.Salt())
	if err != nil {
		return err
	}
	if err := k.SetPassword(accessKey); err != nil {
		return err
	}
	p.Note("The key asks for its password from now on.")
	if _, remembered := open.RecallAccessKey(k.DeviceID()); remembered {
		return open.RememberAccessKey(k.DeviceID(), accessKey)
	}
	return nil
}

func (p *program) newPassword(ctx context.Context, k *keys.Key, file string) (string, error) {
	switch {
	case file != "":
		return open.Password{File: file}.Read(ctx)
	case p.Terminal == nil:
		return "", fmt.Errorf("%w: give the new password with --new-password-file", oath.ErrLocked)
	}
	name, err := p.open.NameOf(ctx, k)
	if err != nil {
		return "", err
	}
	password, err := p.Terminal.AskNewSecret("New password of " + name)
	if err == nil && password == "" {
		return "", term.Usagef("the new password is empty; to have none, use: tokenctl password clear")
	}
	return password, err
}

type passwordClearOptions struct {
	key open.KeyOptions
	yes bool
}

func newPasswordClearCommand(p *program) *cobra.Command {
	var o passwordClearOptions
	c := &cobra.Command{
		Use:     "clear",
		Short:   "Remove the key's password",
		Example: "  tokenctl password clear",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return p.clearPassword(c.Context(), o) },
	}
	o.key.AddFlags(c)
	c.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	return c
}

func (p *program) clearPassword(ctx context.Context, o passwordClearOptions) error {
	k, err := p.openProtected(ctx, o.key)
	if err != nil {
		return err
	}
	defer k.Close()
	if !o.yes {
		name, err := p.open.NameOf(ctx, k)
		if err != nil {
			return err
		}
		if err := p.Terminal.Confirm(false, "Let whoever holds %s read its codes?", name); err != nil {
			return err
		}
	}
	if err := k.ClearPassword(); err != nil {
		return err
	}
	open.Forget(k.DeviceID()) // there is nothing to open any more
	p.Note("The key no longer has a password.")
	return nil
}

// openProtected opens a key that must have a password.
func (p *program) openProtected(ctx context.Context, o open.KeyOptions) (*keys.Key, error) {
	k, err := p.open.Key(ctx, o)
	if err != nil {
		return nil, err
	}
	if !k.HasPassword() {
		k.Close()
		return nil, oath.ErrNoPassword
	}
	return k, nil
}

func newPasswordRememberCommand(p *program) *cobra.Command {
	var o open.KeyOptions
	c := &cobra.Command{
		Use:   "remember",
		Short: "Keep the key's password in the system's keyring",
		Long: "Remember keeps what opens the key in the keyring of the operating system: the\n" +
			"Secret Service, the macOS Keychain, the Windows Credential Manager. It is not\n" +
			"the password itself, and opens no other key.",
		Example: "  tokenctl password remember",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return p.rememberPassword(c.Context(), o) },
	}
	o.AddFlags(c)
	return c
}

func (p *program) rememberPassword(ctx context.Context, o open.KeyOptions) error {
	k, err := p.open.LockedKey(ctx, o.Choice)
	if err != nil {
		return err
	}
	defer k.Close()
	switch {
	case !k.HasPassword():
		return oath.ErrNoPassword
	case k.DeviceID() == "":
		return fmt.Errorf("%w: this key has no salt to identify it by", oath.ErrUnsupported)
	case !open.HasKeyring():
		return open.ErrNoKeyring
	}
	accessKey, err := p.open.UnlockAnew(ctx, k, o.Password)
	if err != nil {
		return err
	}
	if err := open.RememberAccessKey(k.DeviceID(), accessKey); err != nil {
		return err
	}
	p.Note("The password of this key is remembered. To undo: tokenctl password forget")
	return nil
}

func newPasswordForgetCommand(p *program) *cobra.Command {
	var o open.KeyOptions
	c := &cobra.Command{
		Use:     "forget",
		Short:   "Remove the key's password from the system's keyring",
		Example: "  tokenctl password forget",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return p.forgetPassword(c.Context(), o) },
	}
	o.AddChoice(c)
	return c
}

func (p *program) forgetPassword(ctx context.Context, o open.KeyOptions) error {
	k, err := p.open.LockedKey(ctx, o.Choice)
	if err != nil {
		return err
	}
	defer k.Close()
	forgotten, err := open.Forget(k.DeviceID())
	if err != nil {
		return err
	}
	if !forgotten {
		p.Note("No password of this key was remembered.")
		return nil
	}
	p.Note("The password of this key is forgotten.")
	return nil
}
