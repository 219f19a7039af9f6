package sheet

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/sheet/layout"
	"github.com/tokenctl/tokenctl/backup/sheet/line"
)

// addCodes adds the current set of an account's backup codes to its block.
func addCodes(b *layout.Block, c *line.Writer, s stamp, e Entry) string {
	texts := codesRecords(s, e.id(), e.Codes, maxSymbol)
	for i, text := range texts {
		addSymbol(b, numbered("Backup codes, for tokenctl", i, len(texts)), text)
	}
	b.Lines = append(b.Lines, c.Words(codesKeyword, codesText(e.id(), e.Codes))...)
	for _, code := range e.Codes.Current().Codes {
		lines := c.Words(codeKeywordOf(code), line.Escape(code.Text, ""))
		lines[0].Tick = e.Codes.Policy != backup.Reusable
		lines[0].Used = formatDay(code.Used)
		b.Lines = append(b.Lines, lines...)
		if len(lines) > 1 || line.Escape(code.Text, "") != code.Text {
			b.Notes = append(b.Notes, fmt.Sprintf("Code %d in full, as the service wants it: %s", code.Number, code.Text))
		}
	}
	return codesDigest(string(e.id()), e.Codes)
}

func codeKeywordOf(c backup.Code) string {
	return codeKeyword + " " + strconv.Itoa(c.Number)
}

// codesDigest returns that of an account's codes, used or not.
func codesDigest(account string, r backup.Record) string {
	set := r.Current()
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%d\n", account, set.Generation)
	for _, c := range set.Codes {
		fmt.Fprintf(&b, "%d %s\n", c.Number, c.Text)
	}
	return digest(b.String())
}

// policyNotes tell the holder what is to be known of each policy.
var policyNotes = map[backup.Policy]string{
	backup.AnyOrder:          "Each backup code works once.",
	backup.InOrder:           "Use the backup codes in their order: using one voids those before it.",
	backup.ByNumber:          "The service asks for a backup code by its number. Each works once.",
	backup.Replaced:          "Each backup code works once. The service then shows a new one: write it here, and record it.",
	backup.DisablesTwoFactor: "Using a backup code turns two-factor authentication off: turn it on again at once.",
	backup.Reusable:          "The backup code works again and again.",
}

func codesNotes(e Entry) (notes []string) {
	set := e.Codes.Current()
	if set == nil || len(set.Codes) == 0 {
		return nil
	}
	if !e.hasCodes() {
		return []string{"Its backup codes are on other paper, and not on this sheet."}
	}
	notes = append(notes, policyNotes[e.Codes.Policy])
	if slices.ContainsFunc(set.Codes, func(c backup.Code) bool { return c.Text == "" }) {
		notes = append(notes, "Codes without a text are on other paper.")
	}
	return notes
}
