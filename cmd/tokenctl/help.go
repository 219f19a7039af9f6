package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/paper"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
)

// newHelpTopics returns the pages of the help that explain what many commands have in
// common.
func newHelpTopics() []*cobra.Command {
	tokens := &cobra.Command{
		Use:   "tokens",
		Short: "How commands choose keys and the vault",
		Long: "A token is a hardware key or the vault. A command works with every key that is\n" +
			"plugged in and with the vault, unless these flags, where it has them, say\n" +
			"otherwise. Messages call a key key:SERIAL, and the vault vault; so do the options\n" +
			"and arguments that are named TOKEN.\n\n" +
			"Choosing a key leaves the vault out. If several keys are plugged in, a command about\n" +
			"one key must know which.",
	}
	secrets := &cobra.Command{
		Use:   "secrets",
		Short: "How commands get passwords, passphrases and PINs",
		Long: "Tokenctl asks for what it needs at the terminal, without echo, when it needs it; a\n" +
			"password that the system's keyring remembers is not asked for. These flags take it\n" +
			"from elsewhere, for use without a terminal: the first line of a file, or the first\n" +
			"line that a command of the shell prints. None of them takes the secret itself, which\n" +
			"would show in the list of processes and stay in the shell's history.\n\n" +
			"Where a command makes a new secret, --new-password-file and the like work the same\n" +
			"way. The vault opens by any one of: its passphrase, a YubiKey with its PIV PIN, or\n" +
			"its own key, as it is on paper.",
	}
	sources := &cobra.Command{
		Use:   "sources",
		Short: "What accounts and sheets are read from",
		Long: "A SOURCE of accounts is an otpauth URI, a picture of QR codes, or a file; a SCAN is a\n" +
			"picture of a page of the recovery sheet, a PDF, or a sheet in text. Pictures are PNG,\n" +
			"JPEG, TIFF, WebP, GIF or BMP; - is what another program pipes in. More than one\n" +
			"may be named.\n\n" +
			"Where there is no file, these flags read what is in front of you.",
	}
	exits := &cobra.Command{
		Use:   "exit-codes",
		Short: "What the exit statuses mean",
		Long:  "Every command ends with one of these exit statuses:\n\n" + strings.TrimSuffix(term.ExitStatuses, "\n"),
	}
	return []*cobra.Command{tokens, secrets, sources, exits}
}

// addSharedFlags adds to a help topic the flags that it explains, and others. It does
// nothing to a command.
func addSharedFlags(topic *cobra.Command) {
	if !topic.IsAdditionalHelpTopicCommand() {
		return
	}
	for _, add := range []func(*cobra.Command){new(open.TokenOptions).AddFlags, new(paper.Live).AddFlags, new(sheetSource).addFlags} {
		var c cobra.Command
		add(&c)
		topic.Flags().AddFlagSet(c.Flags())
	}
}
