package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
)

// remind ends a command with one line on the backup codes that were used and not
// made anew. It reads the beginning of one file, and fails without a word.
func (p *program) remind(c *cobra.Command) {
	if c == nil || p.silent || isAboutCommands(c) {
		return
	}
	path, err := open.LedgerPath()
	if err != nil {
		return
	}
	due, err := ledger.ReadDue(path)
	if err != nil {
		return
	}
	due = slices.DeleteFunc(due, func(d ledger.Due) bool { return p.reminded[d.ID] })
	if line := reminder(due); line != "" {
		p.Note("%s", line)
	}
}

// isAboutCommands reports whether a command is one of cobra's, which describe commands
// and do nothing.
func isAboutCommands(c *cobra.Command) bool {
	for ; c.HasParent(); c = c.Parent() {
		switch c.Name() {
		case "help", "completion", cobra.ShellCompRequestCmd, cobra.ShellCompNoDescRequestCmd:
			return true
		}
	}
	return false
}

// maxReminded is the number of accounts that one line names.
const maxReminded = 3

// reminder returns the line for the accounts that are due, if any is.
func reminder(due []ledger.Due) string {
	switch len(due) {
	case 0:
		return ""
	case 1:
		d := due[0]
		return fmt.Sprintf("Backup codes of %s: %s. Make new ones%s, then: %s",
			term.Label(d.ID), lastUse(d), atPlace(d.Renew), term.Command("tokenctl backup add", d.ID, ""))
	}
	var names []string
	for _, d := range due[:min(len(due), maxReminded)] {
		names = append(names, fmt.Sprintf("%s (%s)", term.Label(d.ID), backup.LeftInWords(d.Left)))
	}
	if more := len(due) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return fmt.Sprintf("Backup codes of %s were used. To see where to make new ones: tokenctl backup status", term.List(names))
}

// lastUse says since when an account is due, and how many codes there are still.
func lastUse(d ledger.Due) string {
	return fmt.Sprintf("one was used on %s, %s", d.Since, backup.LeftInWords(d.Left))
}

func atPlace(where string) string {
	if where == "" {
		return ""
	}
	return " (" + term.Printable(where) + ")"
}
