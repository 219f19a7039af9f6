package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/paper"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/settings"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/qr"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

// execute runs a command line and returns the exit status.
func execute(ctx context.Context, p *program, args []string) int {
	if completes(args) && args[0] == bashCommand {
		p.completeBash(args[1:])
		return 0
	}
	var started *cobra.Command
	root := newRootCommand(p, args...)
	if completes(args) {
		p.addCompletions(root)
	}
	root.PersistentPreRunE = func(c *cobra.Command, _ []string) error {
		if err := c.ValidateFlagGroups(); err != nil { // which cobra does only after this
			return err
		}
		started = c
		return p.giveSettings(c)
	}
	root.SetArgs(args)
	root.SetIn(p.In)
	root.SetOut(p.Out)
	root.SetErr(p.Err)
	p.Remedies, p.Args = remedies, args
	p.Command = root.CommandPath()
	if c, _, err := root.Find(args); err == nil {
		p.Command = c.CommandPath()
	}
	err := unknownCommand(root, args)
	if err == nil {
		err = root.ExecuteContext(ctx)
	}
	if err == nil && p.Unwritten != nil {
		err = fmt.Errorf("writing the result: %w", p.Unwritten)
	}
	if err != nil && started == nil { // the command line itself was wrong
		err = term.Usage(err)
	}
	status := p.Report(err)
	p.explainSettings(err)
	if err := p.open.Remember(); err != nil {
		p.Note("tokenctl: %v", err)
	}
	p.remind(started)
	return status
}

// unknownCommand returns an error for a command or a help topic that there is not. Cobra
// would answer with help, as if all were well.
func unknownCommand(root *cobra.Command, args []string) error {
	if len(args) > 1 && args[0] == "help" {
		if _, _, err := root.Find(args[1:]); err != nil {
			return fmt.Errorf("unknown help topic %q", strings.Join(args[1:], " "))
		}
	}
	group, rest, err := root.Find(args)
	if err != nil || group.Runnable() || len(rest) == 0 || strings.HasPrefix(rest[0], "-") {
		return nil
	}
	return fmt.Errorf("unknown command %q for %q", rest[0], group.CommandPath())
}

// newRootCommand returns the program's commands; or the one that args ask for, if that is
// code, which somebody waits for: to make all others takes longer than its work.
func newRootCommand(p *program, args ...string) *cobra.Command {
	var asksVersion bool
	root := &cobra.Command{
		Use:   "tokenctl",
		Short: "Two-factor accounts on a hardware key",
		Long: "Tokenctl keeps TOTP and HOTP accounts on hardware keys, any with the YubiKey OATH\n" +
			"applet, and in a vault that serves where there is no key. A new account goes to\n" +
			"all of them at once, so that losing one locks nobody out.",
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(c *cobra.Command, _ []string) error {
			if asksVersion {
				p.silent = true
				p.PrintLine("tokenctl " + version)
				return nil
			}
			return p.status(c.Context())
		},
	}
	root.Flags().BoolVarP(&asksVersion, "version", "v", false, "print the version")
	root.CompletionOptions.DisableDefaultCmd = true
	// Templates would keep text/template in the program, and every method that they might call.
	root.SetHelpFunc(func(c *cobra.Command, _ []string) {
		addSharedFlags(c)
		p.PrintHelp(c)
	})
	if len(args) > 0 && args[0] == "code" {
		root.AddCommand(newCodeCommand(p))
		return root
	}
	cobra.EnableCommandSorting = false // the help has them in the order of use
	addGroup(root, "Getting started", newInitCommand(p), newEnrollCommand(p), newImportCommand(p), newCodeCommand(p), newListCommand(p))
	addGroup(root, "So that you are never locked out", newStatusCommand(p), newDoctorCommand(p), newBackupCommand(p), newSheetCommand(p), newRestoreCommand(p))
	addGroup(root, "Accounts", newRenameCommand(p), newDeleteCommand(p), newExportCommand(p))
	addGroup(root, "Keys and the vault", newKeysCommand(p), newSyncCommand(p), newCompareCommand(p), newPasswordCommand(p), newResetCommand(p), newVaultCommand(p))
	root.AddCommand(newConfigCommand(p), newCompletionCommand(p))
	root.AddCommand(newHelpTopics()...)
	root.AddCommand(newHoldCommand(p))
	return root
}

// addGroup adds commands under a title of the help.
func addGroup(parent *cobra.Command, title string, commands ...*cobra.Command) {
	parent.AddGroup(&cobra.Group{ID: title, Title: title})
	for _, c := range commands {
		c.GroupID = title
	}
	parent.AddCommand(commands...)
}

// remedies holds every error that a user may meet. The first that fits counts: the
// commands' own come first, then what may happen with any token, and last what says least.
var remedies = slices.Concat(
	term.Remedies, codeRemedies, copyRemedies, syncRemedies, importRemedies, enrollRemedies, exportRemedies, changeRemedies, compareRemedies, vaultKeyRemedies, resolveRemedies, backupRemedies, issuerRemedies, doctorRemedies,
	restoreRemedies, verifyRemedies, sheetRemedies, paper.Remedies, settings.Remedies, open.Remedies, tokenRemedies, unreadRemedies,
)

// tokenRemedies are for what may go wrong with any token, and any picture.
var tokenRemedies = []term.Remedy{
	{Of: fleet.ErrUnequal, Exit: term.ExitFailure, Hint: "Do not rely on this account. The key may be damaged, or not do what it says."},
	{Of: oath.ErrUnsure, Exit: term.ExitNoKey, Hint: "Plug it in again and see whether it was done: tokenctl list, or tokenctl keys for a password."},
	{Of: oath.ErrRemoved, Exit: term.ExitNoKey, Hint: "Plug it in again, and repeat the command."},
	{Of: oath.ErrSilent, Exit: term.ExitNoKey, Hint: "Unplug the key, plug it in again, and repeat the command. If it happens again, the key or its reader is broken, or hostile."},
	{Of: oath.ErrAmbiguous, Exit: term.ExitAmbiguous},
	{Of: oath.ErrNotFound, Exit: term.ExitNotFound, Hint: "List them with: tokenctl list"},
	{Of: oath.ErrWrongPassword, Exit: term.ExitPassword, Hint: "Check the keyboard layout and Caps Lock, and that it is the password of this key. A password that stays lost cannot be recovered; see: tokenctl reset --help"},
	{Of: oath.ErrLocked, Exit: term.ExitPassword, Hint: "Give it on a terminal, or with --password-file or --password-command for a key, --passphrase-file or --passphrase-command for the vault."},
	{Of: oath.ErrNoPassword, Exit: term.ExitPassword, Hint: "Leave out --password-file and --password-command, or set one with: tokenctl password set"},
	{Of: oath.ErrUnlisted, Exit: term.ExitFailure, Hint: "Give an account its whole NAME, as ISSUER:ACCOUNT. To make room: tokenctl delete NAME"},
	{Of: oath.ErrPast, Exit: term.ExitFailure, Hint: "Set this computer's clock, if it is behind. If it was ahead before, the codes work again when that time is reached."},
	{Of: oath.ErrNoOverwrite, Exit: term.ExitFailure},
	{Of: oath.ErrTouchTimeout, Exit: term.ExitTouch, Hint: "Try again, and touch the key's contact when it blinks."},
	{Of: oath.ErrExists, Exit: term.ExitFailure, Hint: "Replace it with --overwrite, which cannot be undone; or have tokenctl enroll give it another name: --account NAME"},
	{Of: oath.ErrNoSpace, Exit: term.ExitNoSpace, Hint: "Use another key, or make room: tokenctl keys shows how full each is, and tokenctl list --long which accounts are elsewhere too."},
	{Of: oath.ErrUnsupported, Exit: term.ExitFailure},
	{Of: oath.ErrInvalid, Exit: term.ExitUsage},
	{Of: qr.ErrFormat, Exit: term.ExitUsage, Hint: "Convert it, as with heif-convert of libheif-examples, or have the phone send it as JPEG."},
	{Of: ykoath.ErrCorrupt, Exit: term.ExitFailure, Hint: "Have the service hand out a new secret, and enroll that instead: tokenctl enroll --overwrite"},
	{Of: ykoath.ErrUnproven, Exit: term.ExitFailure, Hint: "This may not be your key. Do not give it the password again: what it was sent is enough to guess at it. If the password is short, set a new one on your own key: tokenctl password set"},
	{Of: ykoath.ErrMalformed, Exit: term.ExitFailure, Hint: "Unplug the key, plug it in again, and try again. If it happens again, the key or its reader is broken, or not compatible."},
	{Of: open.ErrAway, Exit: term.ExitNoKey, Hint: "Plug it in. If you do not have it any more: tokenctl keys forget SERIAL"},
}
