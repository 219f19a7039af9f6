package sheet

import (
	"bytes"
	"fmt"
	"strings"

	"filippo.io/age"
	"github.com/tokenctl/tokenctl/backup/sheet/layout"
	"github.com/tokenctl/tokenctl/backup/sheet/line"
)

// DefaultWorkFactor is the base-2 logarithm of scrypt's cost, as in age;
// MaxWorkFactor the highest that is sealed or opened with, which takes a gigabyte
// of memory.
const (
	DefaultWorkFactor = 18
	MaxWorkFactor     = 20
)

// Encrypt returns the sheet sealed with a passphrase, by age and its scrypt
// recipient. Sealing draws random numbers, so no two documents are the same. It
// returns ErrInvalid, also for an empty passphrase.
func (s Sheet) Encrypt(passphrase string, workFactor int) (layout.Document, error) {
	s, err := s.checked()
	if err != nil {
		return layout.Document{}, err
	}
	if passphrase == "" || workFactor < 1 || workFactor > MaxWorkFactor {
		return layout.Document{}, fmt.Errorf("%w: the passphrase is empty, or the work factor is not 1 to %d", ErrInvalid, MaxWorkFactor)
	}
	recipient, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return layout.Document{}, fmt.Errorf("sealing the sheet: %w", err)
	}
	recipient.SetWorkFactor(workFactor)
	file, err := seal(s.sealedText(), recipient)
	if err != nil {
		return layout.Document{}, err
	}
	c := s.composer()
	body := partBlocks(c, nil, partRecords(s.stamp(), byPassphrase, file))
	d := s.document(c, s.ID, body, nil, s.sealedSteps())
	d.Facts = append(d.Facts, layout.Fact{Name: "Sealed", Value: "with a passphrase, which is not on this sheet"})
	return d, nil
}

func seal(text string, to age.Recipient) ([]byte, error) {
	var file bytes.Buffer
	w, err := age.Encrypt(&file, to)
	if err != nil {
		return nil, fmt.Errorf("sealing the sheet: %w", err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		return nil, fmt.Errorf("sealing the sheet: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("sealing the sheet: %w", err)
	}
	return file.Bytes(), nil
}

// sealedText is what is sealed: all records, one a line, with comments for those
// who open it without tokenctl.
func (s Sheet) sealedText() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Recovery sheet %d of %s.\n", s.Number, formatDay(s.Date))
	b.WriteString("# A line that begins with otpauth:// is an account: show it to an authenticator app as a QR code.\n")
	list := contentsRecord{stamp: s.stamp(), date: s.Date, adds: s.adds()}
	if s.VaultKey != "" {
		list.list = append(list.list, []string{digest(s.VaultKey)})
		b.WriteString("# The vault's key:\n" + s.VaultKey + "\n")
	}
	for _, e := range s.Entries {
		list.list = append(list.list, writeEntry(&b, s.stamp(), e))
	}
	for _, text := range contentsRecords(list) {
		b.WriteString(text + "\n")
	}
	return b.String()
}

// writeEntry writes an account's records, and returns their digests.
func writeEntry(b *strings.Builder, s stamp, e Entry) (digests []string) {
	if e.hasSecret() {
		b.WriteString(e.Key.URI() + "\n")
		digests = append(digests, digest(e.Key.URI()))
	}
	if e.hasCodes() {
		b.WriteString(codesRecords(s, e.id(), e.Codes, 0)[0] + "\n")
		digests = append(digests, codesDigest(string(e.id()), e.Codes))
	}
	return digests
}

// partBlocks returns a block for each part. Before the first of them go those that
// are given.
func partBlocks(c *line.Writer, body []layout.Block, parts []partRecord) []layout.Block {
	for _, p := range parts {
		heading := fmt.Sprintf("Part %d of %d", p.part, p.of)
		letters := letterEncoding.EncodeToString([]byte(p.data))
		b := layout.Block{Number: p.part, Heading: heading, Symbols: []layout.Symbol{{Caption: heading, Text: p.text()}}}
		b.Lines = c.Words(partKeyword, fmt.Sprintf("%d/%d seal=%s letters=%d", p.part, p.of, p.seal, len(letters)))
		b.Lines = append(b.Lines, c.Letters(letters)...)
		body = append(body, b)
	}
	return body
}
