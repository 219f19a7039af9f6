package sheet

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
	curve "github.com/cloudflare/circl/group"
	"github.com/cloudflare/circl/secretsharing"

	"github.com/tokenctl/tokenctl/backup/sheet/layout"
	"github.com/tokenctl/tokenctl/backup/sheet/line"
	"github.com/tokenctl/tokenctl/oath"
)

// DefaultWorkFactor is the base-2 logarithm of scrypt's cost, as in age;
// MaxWorkFactor the highest that is sealed or opened with, which takes a gigabyte
// of memory.
const (
	DefaultWorkFactor = 18
	MaxWorkFactor     = 20
)

// MaxShares is how many sheets one can be split into.
const MaxShares = 16

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
	recipient, err := age.NewScryptRecipient(oath.NormalPassword(passphrase))
	if err != nil {
		return layout.Document{}, fmt.Errorf("sealing the sheet: %w", err)
	}
	recipient.SetWorkFactor(workFactor)
	parts, err := s.seal(byPassphrase, recipient)
	if err != nil {
		return layout.Document{}, err
	}
	w := s.writer()
	d := s.document(w, s.ID, s.partBlocks(w, parts), nil, nil)
	d.Steps, d.Later = s.sealedSteps()
	d.Facts = append(d.Facts, layout.Fact{Name: "Sealed", Value: "with a passphrase, which is not on this sheet"})
	return d, nil
}

// Split returns n documents, any k of which open the sheet, and fewer of which
// reveal nothing: 2 <= k <= n <= MaxShares. It returns ErrInvalid, or an error of
// reading random.
//
// The secret that is shared comes out of random, the other coefficients of Shamir's
// polynomial out of the system's randomness: circl takes them from there for
// ristretto255, whatever it is given.
func (s Sheet) Split(k, n int, random io.Reader) ([]layout.Document, error) {
	s, err := s.checked()
	if err != nil {
		return nil, err
	}
	if k < 2 || k > n || n > MaxShares {
		return nil, fmt.Errorf("%w: it cannot be split into %d, any %d of which open it, but into 2 to %d", ErrInvalid, n, k, MaxShares)
	}
	seed := make([]byte, 64)
	if _, err := io.ReadFull(random, seed); err != nil {
		return nil, fmt.Errorf("drawing the key of the split sheet: %w", err)
	}
	secret := curve.Ristretto255.HashToScalar(seed, []byte(keyDomain))
	identity, err := identityOf(secret, s.ID)
	if err != nil {
		return nil, err
	}
	parts, err := s.seal(byShares, identity.Recipient())
	if err != nil {
		return nil, err
	}
	polynomial := secretsharing.New(random, uint(k-1), secret)
	var commitment []byte
	for _, element := range polynomial.CommitSecret() {
		b, err := element.MarshalBinary()
		if err != nil {
			return nil, fmt.Errorf("splitting the sheet: %w", err)
		}
		commitment = append(commitment, b...)
	}
	name := digest(string(commitment), commitmentDigest)
	var documents []layout.Document
	for i, share := range polynomial.Share(uint(n)) {
		value, err := share.Value.MarshalBinary()
		if err != nil {
			return nil, fmt.Errorf("splitting the sheet: %w", err)
		}
		documents = append(documents, s.copy(shareRecord{i + 1, n, k, name, string(value)}, string(commitment), parts))
	}
	return documents, nil
}

// copy returns the copy of a split sheet with a share, and with the commitment by
// which shares know each other.
func (s Sheet) copy(share shareRecord, commitment string, parts []partRecord) layout.Document {
	w := s.writer()
	b := layout.Block{Heading: fmt.Sprintf("Share %d of %d", share.share, share.of)}
	addSymbol(&b, b.Heading, s.stamp().text(share.paragraph()))
	b.Lines = w.Write(share.paragraph())
	pieces := cutCommitment(commitment)
	for i, piece := range pieces {
		addSymbol(&b, numbered("Commitment, the same on each sheet", i, len(pieces)), s.stamp().text(piece.paragraph()))
		b.Lines = append(b.Lines, w.Write(piece.paragraph())...)
	}
	body := append([]layout.Block{b}, s.partBlocks(w, parts)...)
	d := s.document(w, fmt.Sprintf("%s/%d", s.ID, share.share), body, nil, nil)
	d.Steps, d.Later = s.splitSteps(share)
	name := fmt.Sprintf(", share %d of %d", share.share, share.of)
	d.Title += name
	d.Foot += name
	d.Facts = append(d.Facts, layout.Fact{Name: "Sealed", Value: fmt.Sprintf("Any %d of the %d sheets open it. This one alone reveals nothing.", share.need, share.of)})
	return d
}

// seal returns the parts of an age file with all records.
func (s Sheet) seal(by string, to age.Recipient) ([]partRecord, error) {
	var file bytes.Buffer
	w, err := age.Encrypt(&file, to)
	if err == nil {
		_, err = io.WriteString(w, s.sealedText())
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("sealing the sheet: %w", err)
	}
	return cutFile(by, file.Bytes()), nil
}

// sealedText is what is sealed: all records, one per line, with comments for those
// who open it without tokenctl.
func (s Sheet) sealedText() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Recovery sheet %d of %s.\n", s.Number, formatDay(s.Date))
	b.WriteString("# A line that begins with otpauth:// is an account: show it to an authenticator app as a QR code.\n")
	list := s.contents()
	if s.VaultKey != "" {
		list.list = append(list.list, listedBlock{digests: []string{keyRecord(s.VaultKey).digest()}})
		b.WriteString("# The vault's key:\n" + s.VaultKey + "\n")
	}
	for _, e := range s.Entries {
		if e.hasSecret() {
			b.WriteString(accountRecord{e.Key}.uri() + "\n")
		} else {
			fmt.Fprintf(&b, "# The secret of %s is NOT on this sheet.\n", line.Escape(e.label(), ""))
		}
		if e.hasCodes() {
			r := codesRecord{account: e.id(), record: e.Codes}
			b.WriteString(s.stamp().text(r.paragraphs(false)...) + "\n")
		}
		list.list = append(list.list, e.listed()...)
	}
	for _, piece := range list.cut(s.stamp()) {
		b.WriteString(s.stamp().text(piece.paragraph()) + "\n")
	}
	return b.String()
}

// partBlocks returns a block for each part.
func (s Sheet) partBlocks(w *line.Writer, parts []partRecord) (body []layout.Block) {
	for _, p := range parts {
		b := layout.Block{Number: p.part, Heading: fmt.Sprintf("Part %d of %d", p.part, p.of), Lines: w.Write(p.paragraph())}
		addSymbol(&b, "", s.stamp().text(p.paragraph()))
		body = append(body, b)
	}
	return body
}
