package sheet

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"filippo.io/age"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/sheet/line"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// A record is what stands on a sheet for a machine to read. On paper, it is typed
// lines and a QR code with the same paragraphs; sealed, it is a line of the text that
// is sealed. Accounts and the vault's key stand in QR codes as other programs read
// them.
type record interface {
	addTo(r *readResult, s stamp)
}

type (
	// An accountRecord is, in a QR code, an otpauth URI as any authenticator takes
	// it, with nothing of ours in it.
	accountRecord struct{ otpauth.Key }

	// A keyRecord is the vault's key, AGE-SECRET-KEY-1...
	keyRecord string

	// A contentsRecord lists what is on a sheet, so that a reader knows what is
	// missing. It is only in QR codes.
	contentsRecord struct {
		date     time.Time
		adds     int // the sheet that this one belongs with; 0 if it stands alone
		blocks   int
		part, of int
		from     int // the number of the first block in the list
		page     int // on which the first block in the list begins; 0 if that is not known
		list     []listedBlock
	}

	// A namesRecord is a piece of the names of all blocks, by which a person knows what
	// is missing: a line for each, compressed (DEFLATE, RFC 1951). It is only in QR
	// codes.
	namesRecord struct {
		part, of int
		data     string // bytes
	}

	// A codesRecord is the current set of an account's backup codes, or a part of it.
	codesRecord struct {
		account  oath.ID
		record   backup.Record // of one set
		part, of int           // which QR code it is of how many
		partial  bool          // some of its codes could not be read
	}

	// A partRecord is a piece of an age file (age-encryption.org/v1). Since each piece
	// but the last has a multiple of five bytes, their base32, one after the other, is
	// that of the whole file.
	partRecord struct {
		seal     string
		part, of int
		data     string // bytes
	}

	// A shareRecord is one share of the key of a split sheet: the value at the share's
	// number of a polynomial over the scalars of ristretto255 (RFC 9496, section 4.4).
	shareRecord struct {
		share, of  int
		need       int
		commitment string // its digest
		value      string // 32 bytes
	}

	// A commitmentRecord is a piece of Feldman's commitment to that polynomial: an
	// element of ristretto255 in 32 bytes (RFC 9496, section 4.3) for each coefficient,
	// that of the constant term first.
	commitmentRecord struct {
		commitment string // the digest of the whole: 16 letters
		part, of   int
		data       string // bytes
	}
)

// A listedBlock is what the list of contents says of a block.
type listedBlock struct {
	digests []string // of its records; none if its account is only named
	touch   bool     // keys ask for a touch before they compute its account's code
	turns   int      // how many pages are turned between it and the block before
}

// touchMark stands behind a block's digests.
const touchMark = "+"

// Between a block and one that begins on the next page stands turnMark, and else
// blockEnd: so the list is as long whatever the pages are. moreTurns follows for each
// further page.
const (
	blockEnd  = "."
	turnMark  = "/"
	moreTurns = "-"
)

// How a sheet is sealed.
const (
	byPassphrase = "passphrase"
	byShares     = "shares"
)

const (
	partSize         = 150 // bytes: twelve lines of letters
	namesSize        = 320 // bytes: with their letters, a QR code of version 18
	scalarSize       = 32  // bytes, as an element
	elementsPerPart  = 4
	commitmentDigest = 16 // letters, 80 bits

	// digestLength is how many base32 letters a digest has: 20 bits. They are there to
	// notice what is missing, not to keep anyone from putting something else there.
	digestLength = 4

	// maxSymbol is how long the texts of our own QR codes are at most, in bytes:
	// version 15 at level Q holds 292 of them.
	maxSymbol = 292

	// maxRecord is the longest record, in bytes: a thousand backup codes, which are not
	// cut into pieces in what was sealed. A QR code holds 7089 characters at most (ISO
	// 18004, "Symbol versions and sizes").
	maxRecord = 1 << 17

	// maxSheet is the highest number of a sheet that is read. It leaves numbers for
	// those that follow, whatever a false one says.
	maxSheet = maxCount / 10
)

// digest returns the first letters of a text's SHA-256.
func digest(text string, letters int) string {
	sum := sha256.Sum256([]byte(text))
	return base32.StdEncoding.EncodeToString(sum[:])[:letters]
}

func (r accountRecord) digest() string { return digest(r.uri(), digestLength) }
func (r keyRecord) digest() string     { return digest(string(r), digestLength) }

// uri is that of a record on a sheet, which has a secret, without what any app takes to be
// meant where there is none: the usual settings, and the issuer that is before the name
// (Key Uri Format, "Issuer"). So its QR code is smaller.
func (r accountRecord) uri() string {
	uri, _ := r.URI()
	uri = strings.TrimSuffix(uri, "&algorithm=SHA1&digits=6&period=30")
	before, rest, found := strings.Cut(uri, "&issuer=")
	if !found || r.Account.IsSteam() {
		return uri
	}
	_, settings, _ := strings.Cut(rest+"&", "&")
	short := before + strings.TrimSuffix("&"+settings, "&")
	if k, err := otpauth.Parse(short); err != nil || k.Account.ID() != r.Account.ID() {
		return uri
	}
	return short
}

// digest returns that of the codes, used or not.
func (r codesRecord) digest() string {
	set := r.record.Current()
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%d\n", r.account, set.Generation)
	for _, c := range set.Codes {
		fmt.Fprintf(&b, "%d %s\n", c.Number, c.Text)
	}
	return digest(b.String(), digestLength)
}

// letterEncoding is that of lines of letters.
var letterEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

func lettersOf(data string) string { return letterEncoding.EncodeToString([]byte(data)) }

// A stamp names the sheet that a record is of.
type stamp struct {
	sheet int
	id    string // of the printing; "" if it is not known
}

// A QR code of ours holds "tokenctl:2 7 KQ3ZT7AB|" and paragraphs: the format, the
// sheet's number and its ID.
const (
	scheme = "tokenctl:"
	format = 2
)

func (s stamp) text(paragraphs ...line.Paragraph) string {
	return fmt.Sprintf("%s%d %d %s|%s", scheme, format, s.sheet, s.id, line.Join(paragraphs))
}

func parseStamp(w *words, number, id string) (s stamp) {
	if s = (stamp{w.number(number, "sheet", 1), id}); s.sheet > maxSheet {
		w.fail("nobody has printed %d sheets", s.sheet)
	}
	if !isID(id) {
		w.fail("the ID of a sheet must be %d base32 letters", idLength)
	}
	return s
}

// parseRecords reads what a QR code holds, or a line of what was sealed. What is not
// of a sheet is ErrForeign.
func parseRecords(text string) (s stamp, records []record, err error) {
	switch {
	case hasPrefixFold(text, "otpauth://"), hasPrefixFold(text, "steam://"):
		k, err := otpauth.Parse(text)
		return s, []record{accountRecord{k}}, err
	case hasPrefixFold(text, identityPrefix):
		key, err := parseKey(text)
		return s, []record{key}, err
	case !strings.HasPrefix(text, scheme):
		return s, nil, ErrForeign
	}
	head, rest, _ := strings.Cut(text[len(scheme):], "|")
	version, number, _ := strings.Cut(head, " ")
	switch n, err := strconv.Atoi(version); {
	case err != nil || n < format:
		return s, nil, fmt.Errorf("%w: it must be of format %d, which begins %s%[2]d", ErrDamaged, format, scheme)
	case n > format:
		return s, nil, ErrNewer
	}
	var w words
	number, id, _ := strings.Cut(number, " ")
	s = parseStamp(&w, number, id)
	paragraphs, err := line.Split(rest)
	if err != nil {
		w.fail("%v", err)
	}
	if w.err != nil {
		return s, nil, w.err
	}
	a := assemble(paragraphs, time.Time{})
	switch {
	case len(a.wrong) > 0:
		return s, nil, a.wrong[0].Err
	case len(a.gaps) > 0 || len(a.records) == 0:
		return s, nil, fmt.Errorf("%w: it is incomplete", ErrDamaged)
	}
	return s, a.records, nil
}

func hasPrefixFold(text, prefix string) bool {
	return len(text) >= len(prefix) && strings.EqualFold(text[:len(prefix)], prefix)
}

// identityPrefix begins every age identity.
const identityPrefix = "AGE-SECRET-KEY-1"

func parseKey(text string) (keyRecord, error) {
	text = strings.ToUpper(text)
	if _, err := age.ParseX25519Identity(text); err != nil {
		return "", fmt.Errorf("%w: the vault's key does not read", ErrDamaged) // age's own error quotes the key
	}
	return keyRecord(text), nil
}

// The keywords of a sheet's lines, beside code and its number.
const (
	sheetKeyword      = "sheet"   // number, ID, date, lines=COUNT: the first line
	endKeyword        = "end"     // the same again: the last line
	addsKeyword       = "adds"    // the number of the sheet that this one belongs with
	bareKeyword       = "bare"    // how many accounts it names with neither secret nor codes
	accountKeyword    = "account" // label, settings that are not the usual ones; letters
	codesKeyword      = "codes"   // an account's ID and settings of its codes, which follow
	codeKeyword       = "code"
	contentsKeyword   = "contents"
	namesKeyword      = "names"
	partKeyword       = "part"       // number/count, how it is sealed; letters
	shareKeyword      = "share"      // number/count, need=COUNT, commitment=...; letters
	commitmentKeyword = "commitment" // digest; letters
)

// paragraph has the settings that are not the usual ones: algorithm, digits, period;
// a counter makes it HOTP. The first colon ends the issuer; there is none in a name
// without issuer.
func (r accountRecord) paragraph() line.Paragraph {
	a := r.Account.WithDefaults()
	text := line.Escape(a.Name, "=:")
	if a.Issuer != "" {
		text = line.Escape(a.Issuer, "=:") + ":" + line.Escape(a.Name, "=")
	}
	text += setting("algorithm", a.Algorithm, oath.SHA1)
	if a.Touch {
		text += " touch=yes"
	}
	if !a.IsSteam() {
		text += setting("digits", a.Digits, oath.DefaultDigits)
	}
	if a.Type == oath.HOTP {
		text += fmt.Sprintf(" counter=%d", a.Counter)
	} else {
		text += setting("period", a.Period, oath.DefaultPeriod)
	}
	return line.Paragraph{Keyword: accountKeyword, Text: text, Letters: r.Secret.Base32()}
}

func (r keyRecord) paragraph() line.Paragraph {
	return line.Paragraph{Keyword: line.KeyKeyword, Text: string(r)}
}

func (r partRecord) paragraph() line.Paragraph {
	return line.Paragraph{Keyword: partKeyword, Text: ratio(r.part, r.of) + " " + r.seal, Letters: lettersOf(r.data)}
}

func (r shareRecord) paragraph() line.Paragraph {
	text := fmt.Sprintf("%s need=%d commitment=%s", ratio(r.share, r.of), r.need, r.commitment)
	return line.Paragraph{Keyword: shareKeyword, Text: text, Letters: lettersOf(r.value)}
}

func (r commitmentRecord) paragraph() line.Paragraph {
	return line.Paragraph{Keyword: commitmentKeyword, Text: r.commitment + partOf(r.part, r.of), Letters: lettersOf(r.data)}
}

// text returns what divides the block from the one before, and its digests.
func (b listedBlock) text() string {
	text := blockEnd
	if b.turns > 0 {
		text = turnMark + strings.Repeat(moreTurns, b.turns-1)
	}
	text += strings.Join(b.digests, "")
	if b.touch {
		text += touchMark
	}
	return text
}

func (r contentsRecord) paragraph() line.Paragraph {
	var list strings.Builder
	for _, b := range r.list {
		list.WriteString(b.text())
	}
	text := strings.TrimLeft(list.String(), turnMark+moreTurns)
	page := ""
	if r.page > 0 {
		page = fmt.Sprintf(" page=%04d", r.page)
	}
	return line.Paragraph{Keyword: contentsKeyword, Text: fmt.Sprintf("%s date=%s%s blocks=%d from=%d%s list=%s",
		ratio(r.part, r.of), formatDay(r.date), setting("adds", r.adds, 0), r.blocks, r.from, page, strings.TrimPrefix(text, blockEnd))}
}

func (r namesRecord) paragraph() line.Paragraph {
	return line.Paragraph{Keyword: namesKeyword, Text: ratio(r.part, r.of), Letters: lettersOf(r.data)}
}

// paragraphs returns the set's, and then each code's. As they are typed they have a
// number of codes, and a keyword that is easy to read.
func (r codesRecord) paragraphs(typed bool) []line.Paragraph {
	set := r.record.Current()
	text := line.Escape(string(r.account), "=")
	if typed {
		text += fmt.Sprintf(" count=%d", len(set.Codes))
	}
	text += setting("generation", set.Generation, 1) + setting("policy", r.record.Policy, backup.AnyOrder) +
		setting("made", formatDay(set.Made), "") + setting("service", r.record.Service, "")
	all := []line.Paragraph{{Keyword: codesKeyword, Text: text + partOf(r.part, r.of)}}
	for _, c := range set.Codes {
		p := codeParagraph(c)
		if typed {
			p.Keyword = codeKeyword + " " + p.Keyword
		}
		all = append(all, p)
	}
	return all
}

// codeParagraph names the generation that a code came with, if that is not its set's.
func codeParagraph(c backup.Code) line.Paragraph {
	p := line.Paragraph{Keyword: strconv.Itoa(c.Number), Text: line.Escape(c.Text, ""), Mark: line.Mark{Day: c.Used}}
	if c.Since != 0 {
		p.Keyword += fmt.Sprintf(" set %d", c.Since)
	}
	return p
}

// cut returns pieces whose texts have maxSymbol bytes at most, if they hold more than
// one code.
func (r codesRecord) cut(s stamp) (pieces []codesRecord) {
	set := *r.record.Current()
	piece := func(codes []backup.Code, part, of int) codesRecord {
		p, set := r, set
		set.Codes = codes
		p.record.Sets, p.part, p.of = []backup.Set{set}, part, of
		return p
	}
	room := maxSymbol - len(s.text(piece(nil, 999, 999).paragraphs(false)...))
	cut := cutBySize(set.Codes, room, func(c backup.Code) int {
		return len("|") + len(line.Join([]line.Paragraph{codeParagraph(c)}))
	})
	for i, codes := range cut {
		pieces = append(pieces, piece(codes, i+1, len(cut)))
	}
	return pieces
}

// cut returns pieces of the list that each fit in a QR code of the version that holds
// maxSymbol bytes: the list itself is in the alphanumeric mode.
func (r contentsRecord) cut(s stamp) (pieces []contentsRecord) {
	const bits, bitsOfTwo = 8, 11 // of a byte, and of two characters
	list, page := r.list, r.page
	r.blocks, r.from, r.part, r.of, r.list, r.page = len(list), maxCount-1, 9999, 9999, nil, maxCount-1
	room := (maxSymbol - len(s.text(r.paragraph()))) * 2 * bits
	cut := cutBySize(list, room, func(b listedBlock) int { return len(b.text()) * bitsOfTwo })
	r.from = 1
	for i, piece := range cut {
		if page > 0 && i > 0 {
			page += piece[0].turns
		}
		r.part, r.of, r.list, r.page = i+1, len(cut), piece, page
		pieces = append(pieces, r)
		r.from += len(piece)
		for _, b := range piece[min(1, len(piece)):] {
			page += b.turns
		}
	}
	return pieces
}

// cutNames returns the names of the blocks from number 1 on, compressed and cut.
func cutNames(names []string) (pieces []namesRecord) {
	if len(names) == 0 {
		return nil
	}
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression) // which is a level that there is
	for _, name := range names {
		io.WriteString(w, strings.ReplaceAll(name, "\n", " ")+"\n")
	}
	w.Close()
	cut := line.CutEvery(b.String(), namesSize)
	for i, piece := range cut {
		pieces = append(pieces, namesRecord{i + 1, len(cut), piece})
	}
	return pieces
}

// cutBySize cuts a list into pieces for which there is room, if they have more than
// one element; an empty list into one piece.
func cutBySize[T any](list []T, room int, size func(T) int) (pieces [][]T) {
	start, used := 0, 0
	for i, one := range list {
		n := size(one)
		if i > start && used+n > room {
			pieces = append(pieces, list[start:i])
			start, used = i, 0
		}
		used += n
	}
	return append(pieces, list[start:])
}

func cutFile(seal string, file []byte) (parts []partRecord) {
	pieces := line.CutEvery(string(file), partSize)
	for i, piece := range pieces {
		parts = append(parts, partRecord{seal, i + 1, len(pieces), piece})
	}
	return parts
}

func cutCommitment(commitment string) (parts []commitmentRecord) {
	name := digest(commitment, commitmentDigest)
	pieces := line.CutEvery(commitment, elementsPerPart*scalarSize)
	for i, piece := range pieces {
		parts = append(parts, commitmentRecord{name, i + 1, len(pieces), piece})
	}
	return parts
}
