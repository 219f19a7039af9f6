package sheet

import (
	"fmt"
	"strings"

	"github.com/tokenctl/tokenctl/backup/sheet/layout"
	"github.com/tokenctl/tokenctl/backup/sheet/line"
	"github.com/tokenctl/tokenctl/oath"
)

// longestSymbol is how many bytes version 20 holds at level Q (ISO/IEC 18004,
// "Data capacity"), beyond which a QR code does not print and scan well.
const longestSymbol = 482

// keyBlock returns the block of the vault's key, and its digests.
func keyBlock(c *line.Writer, identity string) (layout.Block, []string) {
	return layout.Block{
		Heading: "The vault's key",
		Symbols: []layout.Symbol{{Caption: "The vault's key", Text: identity}},
		Lines:   c.Key(identity),
		Notes:   []string{"This key opens the files of the vault. It has no other name and no passphrase: whoever has it, has all that is in the vault."},
	}, []string{digest(identity)}
}

// entryBlock returns the block of an account, and the digests of its records.
func (s Sheet) entryBlock(c *line.Writer, e Entry) (layout.Block, []string) {
	b := layout.Block{Heading: e.label(), Facts: e.facts()}
	var digests []string
	if e.hasSecret() {
		digests = append(digests, addSecret(&b, c, e))
	}
	if e.hasCodes() {
		digests = append(digests, addCodes(&b, c, s.stamp(), e))
	}
	b.Notes = append(b.Notes, e.notes()...)
	return b, digests
}

func addSecret(b *layout.Block, c *line.Writer, e Entry) string {
	uri := e.Key.URI()
	caption := "Scan with an authenticator app"
	if e.Key.Account.IsSteam() {
		caption = "Scan with an authenticator app that knows Steam"
	}
	addSymbol(b, caption, uri)
	letters := e.Key.Secret.Base32()
	b.Lines = append(b.Lines, c.Words(AccountKeyword, accountText(e.Key.Account, len(letters)))...)
	b.Lines = append(b.Lines, c.Letters(letters)...)
	return digest(uri)
}

// addSymbol adds a QR code, if one can hold the text.
func addSymbol(b *layout.Block, caption, text string) {
	if len(text) > longestSymbol {
		b.Notes = append(b.Notes, fmt.Sprintf("%q is too long for a QR code: type the lines instead.", caption))
		return
	}
	b.Symbols = append(b.Symbols, layout.Symbol{Caption: caption, Text: text})
}

func (e Entry) facts() (facts []layout.Fact) {
	if len(e.Where) > 0 {
		facts = append(facts, layout.Fact{Name: "Also on", Value: strings.Join(e.Where, ", ")})
	}
	if settings := settingsOf(e.Key.Account); settings != "" && e.hasSecret() {
		facts = append(facts, layout.Fact{Name: "Settings", Value: settings})
	}
	if e.Renew != "" {
		facts = append(facts, layout.Fact{Name: "New codes", Value: e.Renew})
	}
	return facts
}

// settingsOf tells in words what an app has to be told beside the secret, "" if
// that is the usual.
func settingsOf(a oath.Account) string {
	a = a.WithDefaults()
	var parts []string
	if a.Type == oath.HOTP {
		parts = append(parts, fmt.Sprintf("by counter (HOTP), which was %d", a.Counter))
	}
	if a.IsSteam() {
		parts = append(parts, "Steam's letters")
	} else if a.Digits != oath.DefaultDigits {
		parts = append(parts, fmt.Sprintf("%d digits", a.Digits))
	}
	if a.Type == oath.TOTP && a.Period != oath.DefaultPeriod {
		parts = append(parts, fmt.Sprintf("every %d seconds", a.Period))
	}
	if a.Algorithm != oath.SHA1 {
		parts = append(parts, a.Algorithm.String())
	}
	return strings.Join(parts, ", ")
}

// noSecret is told of an account where others have their secret on the sheet.
const noSecret = "The secret is not on this sheet, which therefore cannot bring this account back."

// notes tell what must be known of an account besides.
func (e Entry) notes() (notes []string) {
	if e.hasSecret() && e.Key.Account.Type == oath.HOTP {
		notes = append(notes, "The counter moves with every code. If the service refuses a code, try the next few.")
	}
	return append(append(notes, codesNotes(e)...), e.Notes...)
}
