package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/oath"
)

// reminded keeps this command from ending with a reminder of an account: it has
// just told what there is to tell.
func (p *program) reminded(id oath.ID) {
	if p.told == nil {
		p.told = make(map[oath.ID]bool)
	}
	p.told[id] = true
}

// remindedOfAll keeps this command from ending with any reminder.
func (p *program) remindedOfAll() { p.toldAll = true }

// remind ends a command with one line on the backup codes that were used and not
// made anew. It reads the beginning of one file, and fails without a word.
func (p *program) remind(c *cobra.Command) {
	if c == nil || p.toldAll || isAboutCommands(c) {
		return
	}
	path, err := ledgerPath()
	if err != nil {
		return
	}
	due, err := ledger.ReadDue(path)
	if err != nil {
		return
	}
	due = slices.DeleteFunc(due, func(d ledger.Due) bool { return p.told[d.ID] })
	if line := reminder(due); line != "" {
		p.note("%s", line)
	}
}

// isAboutCommands reports whether a command is one of cobra's, which tell of
// commands and do nothing.
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
		return fmt.Sprintf("Backup codes of %s: %s. Make new ones%s, then: tokenctl backup add %s",
			printable(labelOf(d.ID)), lastUse(d), atPlace(d.Renew), argument(d.ID))
	}
	var names []string
	for _, d := range due[:min(len(due), maxReminded)] {
		names = append(names, fmt.Sprintf("%s (%s)", printable(labelOf(d.ID)), howManyLeft(d.Left)))
	}
	if more := len(due) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return fmt.Sprintf("Backup codes of %s were used. To see where to make new ones: tokenctl backup status", enumerate(names))
}

// lastUse tells since when an account is due, and how many codes there are still.
func lastUse(d ledger.Due) string {
	return fmt.Sprintf("one was used on %s, %s", d.Since, howManyLeft(d.Left))
}

func atPlace(where string) string {
	if where == "" {
		return ""
	}
	return " (" + printable(where) + ")"
}

func howManyLeft(n int) string {
	switch n {
	case 0:
		return "none is left"
	case 1:
		return "1 is left"
	}
	return fmt.Sprintf("%d are left", n)
}

// enumerate returns "a", "a and b", or "a, b and c".
func enumerate(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// argument returns an account's ID as it is typed in a shell.
func argument(id oath.ID) string {
	text := printable(string(id))
	if strings.Trim(text, argumentPlain) == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// argumentPlain are the characters that mean themselves in every shell.
const argumentPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+:,./_-"
