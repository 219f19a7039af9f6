package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/oath"
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
	key     keyOptions
	newFile string
}

func newPasswordSetCommand(p *program) *cobra.Command {
	var o passwordSetOptions
	c := &cobra.Command{
		Use:   "set",
		Short: "Protect the key with a password, or change it",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return p.setPassword(c.Context(), o) },
	}
	o.key.addFlags(c)
	c.Flags().StringVar(&o.newFile, "new-password-file", "", "read the new password from the first line of `FILE`")
	return c
}

func (p *program) setPassword(ctx context.Context, o passwordSetOptions) error {
	k, err := p.openKey(ctx, o.key)
	if err != nil {
		return err
	}
	defer k.close()
	password, err := p.newPassword(ctx, o.newFile)
	if err != nil {
		return err
	}
	accessKey, err := ykoath.DeriveAccessKey(password, k.Salt())
	if err != nil {
		return err
	}
	if err := k.SetPassword(accessKey); err != nil {
		return err
	}
	p.note("The key asks for its password from now on.")
	if _, remembered := recallAccessKey(k.DeviceID()); remembered {
		return rememberAccessKey(k.DeviceID(), accessKey)
	}
	return nil
}

func (p *program) newPassword(ctx context.Context, file string) (string, error) {
	if file != "" {
		return passwordSource{file: file}.read(ctx)
	}
	password, err := p.terminal.askNewSecret("New password")
	if errors.Is(err, errNoTerminal) {
		return "", fmt.Errorf("%w: give the new password with --new-password-file", oath.ErrLocked)
	}
	if err == nil && password == "" {
		return "", usagef("the new password is empty; to have none, use: tokenctl password clear")
	}
	return password, err
}

type passwordClearOptions struct {
	key keyOptions
	yes bool
}

func newPasswordClearCommand(p *program) *cobra.Command {
	var o passwordClearOptions
	c := &cobra.Command{
		Use:   "clear",
		Short: "Remove the key's password",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return p.clearPassword(c.Context(), o) },
	}
	o.key.addFlags(c)
	c.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	return c
}

func (p *program) clearPassword(ctx context.Context, o passwordClearOptions) error {
	k, err := p.openProtected(ctx, o.key)
	if err != nil {
		return err
	}
	defer k.close()
	if err := p.terminal.confirm(o.yes, "Let whoever holds the key read its codes?"); err != nil {
		return err
	}
	if err := k.ClearPassword(); err != nil {
		return err
	}
	forget(k.DeviceID()) // there is nothing to open any more
	p.note("The key has no password any more.")
	return nil
}

// openProtected opens a key that must have a password.
func (p *program) openProtected(ctx context.Context, o keyOptions) (*key, error) {
	k, err := p.openKey(ctx, o)
	if err != nil {
		return nil, err
	}
	if !k.HasPassword() {
		k.close()
		return nil, oath.ErrNoPassword
	}
	return k, nil
}

func newPasswordRememberCommand(p *program) *cobra.Command {
	var o keyOptions
	c := &cobra.Command{
		Use:   "remember",
		Short: "Keep the key's password in the system's keyring",
		Long: "Remember keeps what opens the key in the keyring of the operating system: the\n" +
			"Secret Service, the macOS Keychain, the Windows Credential Manager. It is not\n" +
			"the password itself, and opens no other key.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.rememberPassword(c.Context(), o) },
	}
	o.addFlags(c)
	return c
}

func (p *program) rememberPassword(ctx context.Context, o keyOptions) error {
	k, err := p.selectKey(ctx, o)
	if err != nil {
		return err
	}
	defer k.close()
	switch {
	case !k.HasPassword():
		return oath.ErrNoPassword
	case k.DeviceID() == "":
		return fmt.Errorf("%w: this key has no salt to tell it by", oath.ErrUnsupported)
	case !hasKeyring():
		return errNoKeyring
	}
	password, err := p.currentPassword(ctx, o.password)
	if err != nil {
		return err
	}
	accessKey, err := ykoath.DeriveAccessKey(password, k.Salt())
	if err != nil {
		return err
	}
	if err := k.Unlock(accessKey); err != nil {
		return err
	}
	if err := rememberAccessKey(k.DeviceID(), accessKey); err != nil {
		return err
	}
	p.note("The password of this key is remembered. To undo: tokenctl password forget")
	return nil
}

func (p *program) currentPassword(ctx context.Context, source passwordSource) (string, error) {
	if source.isGiven() {
		return source.read(ctx)
	}
	password, err := p.terminal.askSecret("Password of the key")
	if errors.Is(err, errNoTerminal) {
		return "", oath.ErrLocked
	}
	return password, err
}

func newPasswordForgetCommand(p *program) *cobra.Command {
	var o keyOptions
	c := &cobra.Command{
		Use:   "forget",
		Short: "Remove the key's password from the system's keyring",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return p.forgetPassword(c.Context(), o) },
	}
	o.addChoice(c)
	return c
}

func (p *program) forgetPassword(ctx context.Context, o keyOptions) error {
	k, err := p.selectKey(ctx, o)
	if err != nil {
		return err
	}
	defer k.close()
	forgotten, err := forget(k.DeviceID())
	if err != nil {
		return err
	}
	if !forgotten {
		p.note("No password of this key was remembered.")
		return nil
	}
	p.note("The password of this key is forgotten.")
	return nil
}
