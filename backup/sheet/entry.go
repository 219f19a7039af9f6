package sheet

import (
	"fmt"
	"strings"

	"github.com/tokenctl/tokenctl/oath"
)

// longestSymbol is how many bytes version 20 holds at level Q (ISO/IEC 18004,
// "Data capacity"), beyond which a QR code does not print and scan well.
const longestSymbol = 482

// keyBlock returns the block of the vault's key, and its digests.
func (c *composer) keyBlock(identity string) (Block, []string) {
	return Block{
		Heading: "The vault's key",
		Symbols: []Symbol{{"The vault's key", identity}},
		Lines:   c.key(identity),
		Notes:   []string{"This key opens the files of the vault. It has no other name and no passphrase: whoever has it, has all that is in the vault."},
	}, []string{digest(identity)}
}

// entryBlock returns the block of an account, and the digests of its records.
func (s Sheet) entryBlock(c *composer, e Entry) (Block, []string) {
	b := Block{Heading: e.label(), Facts: e.facts()}
	var digests []string
	if e.hasSecret() {
		digests = append(digests, b.addSecret(c, e))
	}
	if e.hasCodes() {
		digests = append(digests, b.addCodes(c, s.stamp(), e))
	}
	b.Notes = append(b.Notes, e.notes()...)
	return b, digests
}

func (b *Block) addSecret(c *composer, e Entry) string {
	uri := e.Key.URI()
	caption := "Scan with an authenticator app"
	if e.Key.Account.IsSteam() {
		caption = "Scan with an authenticator app that knows Steam"
	}
	b.addSymbol(caption, uri)
	letters := e.Key.Secret.Base32()
	b.Lines = append(b.Lines, c.words(accountKeyword, accountText(e.Key.Account, len(letters)))...)
	b.Lines = append(b.Lines, c.letters(letters)...)
	return digest(uri)
}

// addSymbol adds a QR code, if one can hold the text.
func (b *Block) addSymbol(caption, text string) {
	if len(text) > longestSymbol {
		b.Notes = append(b.Notes, fmt.Sprintf("%q is too long for a QR code: type the lines instead.", caption))
		return
	}
	b.Symbols = append(b.Symbols, Symbol{caption, text})
}

func (e Entry) facts() (facts []Fact) {
	if len(e.Where) > 0 {
		facts = append(facts, Fact{"Also on", strings.Join(e.Where, ", ")})
	}
	if settings := settingsOf(e.Key.Account); settings != "" && e.hasSecret() {
		facts = append(facts, Fact{"Settings", settings})
	}
	if e.Renew != "" {
		facts = append(facts, Fact{"New codes", e.Renew})
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
