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

// remind ends a command with one line on the backup codes that were used and not made
// anew; or else, once a day on a terminal, on the risks that there were when somebody last
// looked. It reads the beginning of one file, and fails without a word.
func (p *program) remind(c *cobra.Command) {
	if c == nil || p.silent || isAboutCommands(c) {
		return
	}
	head, err := p.open.LedgerHead()
	if err != nil {
		return
	}
	due := slices.DeleteFunc(slices.Clone(head.Due), func(d ledger.Due) bool { return p.reminded[d.ID] })
	if line := reminder(due); line != "" {
		p.Note("%s", line)
		return
	}
	notice, today := head.Notice, backup.Date(backup.Day(p.Now()))
	if notice.Risks == 0 || notice.Reminded == today || notice.Found == today || !p.ShowsResults() {
		return
	}
	path, err := open.LedgerPath()
	if err != nil {
		return
	}
	err = ledger.Update(path, func(l *ledger.Ledger) error { l.Notice.Reminded = today; return nil })
	if err == nil {
		p.Note("On %s there were risks: %d. To see where you stand: tokenctl status", notice.Found, notice.Risks)
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

// maxReminded is how long a name in a reminder is, so that it has no more than
// term.LineWidth columns.
const maxReminded = 21

// reminder returns the line for the accounts that are due, if any is.
func reminder(due []ledger.Due) string {
	switch len(due) {
	case 0:
		return ""
	case 1:
		name := term.Shorten(term.Label(due[0].ID), maxReminded)
		return fmt.Sprintf("Backup codes of %s: %s. See: tokenctl backup status", name, backup.LeftInWords(due[0].Left))
	}
	return fmt.Sprintf("Backup codes of %d accounts were used. See: tokenctl backup status", len(due))
}

func atPlace(where string) string {
	if where == "" {
		return ""
	}
	return " (" + term.Printable(where) + ")"
}
