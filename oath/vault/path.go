package vault

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/tokenctl/tokenctl/oath"
)

const (
	accountSuffix = ".age"
	codesSuffix   = ".codes.age"

	// maxStem is the greatest length of a name without its suffix, in bytes. It
	// leaves room for a mark and the longest suffix within the 143 bytes that
	// eCryptfs has; other file systems have 255.
	maxStem = 112

	differsMark   = "%~" // and 16 hex digits: another name differs in case alone
	shortenedMark = "%-" // and 32 hex digits: the name was cut
)

// maxID is the greatest length of an account's ID, in bytes. A key's are 64 at most.
const maxID = 1 << 10

// nameable returns oath.ErrInvalid for an ID that is too long to be one.
func nameable(id oath.ID) error {
	if len(id) > maxID {
		return fmt.Errorf("%w: its name is longer than %d bytes", oath.ErrInvalid, maxID)
	}
	return nil
}

// Path returns where an account is kept in the vault, with slashes:
// accounts/ISSUER/NAME.age, or accounts/NAME.age. Issuer and name are the parts
// of the ID, so that a period other than 30 seconds stands before the issuer.
//
// What some file system does not take is written as %XX, a byte in upper-case
// hexadecimal: slashes and other separators, control and invisible characters,
// dots and dashes in front, dots and spaces at the end, and the first letter of
// Windows' device names. A part that does not fit is cut, and ends in "%-" and
// the beginning of its SHA-256.
//
// Where the folder already holds a name that differs in case alone, the part
// ends in "%~" and the beginning of its SHA-256, which Path does not know.
func Path(id oath.ID) string { return paths(id)[0] }

// paths returns all places where an account may be, the usual one first.
func paths(id oath.ID) []string {
	issuer, name := parts(id)
	folders := []string{""}
	if issuer != "" {
		folders = []string{stem(issuer), marked(issuer)}
	}
	var all []string
	for _, folder := range folders {
		for _, file := range []string{stem(name), marked(name)} {
			all = append(all, path.Join(accountsFolder, folder, file+accountSuffix))
		}
	}
	return all
}

// parts returns the issuer and the name of an ID, which joined by a colon are
// the ID again.
func parts(id oath.ID) (issuer, name string) {
	a := id.Account(oath.HOTP) // whose IDs hold no period
	return a.Issuer, a.Name
}

// codesPath returns where the backup codes are that belong to an account's file.
func codesPath(account string) string {
	return strings.TrimSuffix(account, accountSuffix) + codesSuffix
}

// stem returns a part of an ID as it is in a file name.
func stem(part string) string {
	if escaped := escapePart(part); len(escaped) <= maxStem {
		return escaped
	}
	return digested(part, shortenedMark, 16)
}

// marked is stem for a part that another differs from in case alone.
func marked(part string) string { return digested(part, differsMark, 8) }

// digested returns a part that ends in a mark and so many bytes of its SHA-256. To
// fit, it is cut, but neither within a character nor within a %XX.
func digested(part, mark string, size int) string {
	escaped, sum := escapePart(part), sha256.Sum256([]byte(part))
	mark += hex.EncodeToString(sum[:size])
	end := maxStem - len(mark)
	if len(escaped) <= end {
		return escaped + mark
	}
	for end > 0 && !utf8.RuneStart(escaped[end]) {
		end--
	}
	if i := strings.LastIndexByte(escaped[:end], '%'); i >= 0 && i > end-len("%XX") {
		end = i
	}
	return escaped[:end] + mark
}

// escapePart writes as %XX what cannot stand in a file name everywhere.
//
// macOS takes names in different Unicode normal forms for the same. So names in
// form C are written so that they stay in it, and others in ASCII alone.
func escapePart(part string) string {
	composed := norm.NFC.IsNormalString(part)
	var b strings.Builder
	escaped := false
	for i := 0; i < len(part); {
		r, size := utf8.DecodeRuneInString(part[i:])
		stays := r < utf8.RuneSelf || composed && !(escaped && composes(part[i:]))
		escaped = !stays || !isPortable(r) || isAwkward(part, i, size)
		if escaped {
			for _, c := range []byte(part[i : i+size]) {
				fmt.Fprintf(&b, "%%%02X", c)
			}
		} else {
			b.WriteString(part[i : i+size])
		}
		i += size
	}
	return b.String()
}

// composes reports whether text may form one character with a letter before it,
// as an accent would with the hexadecimal digit of a %XX.
func composes(text string) bool {
	return !norm.NFC.PropertiesString(text).BoundaryBefore()
}

// isPortable reports whether a character may stand anywhere in a file name on
// every system, and can be seen.
func isPortable(r rune) bool {
	return unicode.IsPrint(r) && r != utf8.RuneError && !strings.ContainsRune(`%/\:*?"<>|`, r)
}

// isAwkward reports whether a character must not stand at this place.
func isAwkward(part string, i, size int) bool {
	first, last := i == 0, i+size == len(part)
	switch part[i] {
	case '.':
		return first || last || strings.EqualFold(part[i:], ".age") || strings.EqualFold(part[i:], ".codes")
	case ' ':
		return first || last
	case '-':
		return first // an option
	}
	return first && isDevice(part)
}

// isDevice reports whether Windows takes a name for a device's, whatever follows
// the first dot (Microsoft, "Naming Files, Paths, and Namespaces").
func isDevice(part string) bool {
	name, _, _ := strings.Cut(part, ".")
	name = strings.ToUpper(strings.TrimRight(name, " "))
	if strings.HasPrefix(name, "COM") || strings.HasPrefix(name, "LPT") {
		return slices.Contains(strings.Split("0123456789¹²³", ""), name[len("COM"):])
	}
	return slices.Contains([]string{"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}, name)
}

// A fileName is an account as its file's name has it.
type fileName struct {
	path string // as it stands on the disk
	id   oath.ID
	cut  bool // the ID is not whole
}

// A part is an issuer or a name, as a file name has it.
type part struct {
	text string
	cut  bool // it goes on
}

// errMisnamed says that a file's name is not one that an account would be found
// under.
var errMisnamed = errors.New("the file's name is not one of an account")

// parseFolder reads the issuer from a folder's path: none for the folder of all
// accounts.
func parseFolder(folder string) (part, error) {
	if folder == accountsFolder {
		return part{}, nil
	}
	return parseStem(strings.TrimPrefix(folder, accountsFolder+"/"))
}

// parseFile reads the path of a file in the issuer's folder.
func (issuer part) parseFile(name string) (fileName, error) {
	account, err := parseStem(strings.TrimSuffix(path.Base(name), accountSuffix))
	if err != nil {
		return fileName{path: name}, err
	}
	f := fileName{path: name, id: oath.ID(account.text), cut: issuer.cut || account.cut}
	if issuer.text != "" {
		f.id = oath.ID(issuer.text + ":" + account.text)
	}
	if i, n := parts(f.id); !f.cut && (i != issuer.text || n != account.text) {
		return f, fmt.Errorf("%w: it should be %q", errMisnamed, Path(f.id))
	}
	return f, nil
}

// parseStem reads a part of an ID.
func parseStem(name string) (part, error) {
	name = norm.NFC.String(name) // macOS's older file system takes it apart
	escaped, mark := cutMark(name)
	text, err := url.PathUnescape(escaped)
	switch {
	case err != nil || text == "":
		return part{}, fmt.Errorf("%w: %q", errMisnamed, name)
	case mark == "" && stem(text) != name:
		return part{}, fmt.Errorf("%w: %q is written as %q", errMisnamed, text, stem(text))
	case mark == "" || strings.HasPrefix(mark, differsMark) && marked(text) == name:
		return part{text: text}, nil
	}
	return part{text + "…", true}, nil
}

// cutMark takes off the mark of a name that was cut or that differs in case.
func cutMark(name string) (escaped, mark string) {
	i := max(0, strings.LastIndexByte(name, '%'))
	escaped, mark = name[:i], name[i:]
	digits, found := strings.CutPrefix(mark, differsMark)
	size := 16
	if !found {
		digits, found = strings.CutPrefix(mark, shortenedMark)
		size = 32
	}
	if _, err := hex.DecodeString(digits); err != nil || !found || len(digits) != size {
		return name, ""
	}
	return escaped, mark
}

// mayHold reports whether an account may be in the file with that name: its own,
// or, for who leaves the period out of it, its label's.
func mayHold(name string, a oath.Account) bool {
	name = norm.NFC.String(name)
	return slices.Contains(paths(a.ID()), name) || slices.Contains(paths(oath.ID(a.Label())), name)
}

// foldName returns a file's name as a disk that knows no case sees it.
func foldName(name string) string {
	return norm.NFC.String(cases.Fold().String(norm.NFC.String(name)))
}
