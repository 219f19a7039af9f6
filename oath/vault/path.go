package vault

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"path"
	"regexp"
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

// stem returns a part of an ID as it stands in a file name.
func stem(part string) string {
	escaped := escapePart(part)
	if len(escaped) <= maxStem {
		return escaped
	}
	mark := shortenedMark + digest(part, 16)
	return cutEscaped(escaped, maxStem-len(mark)) + mark
}

// marked is stem for a part that another differs from in case alone.
func marked(part string) string {
	escaped := escapePart(part)
	mark := differsMark + digest(part, 8)
	return cutEscaped(escaped, maxStem-len(mark)) + mark
}

func digest(part string, size int) string {
	sum := sha256.Sum256([]byte(part))
	return hex.EncodeToString(sum[:size])
}

// cutEscaped shortens a name, but cuts no character and no %XX.
func cutEscaped(escaped string, size int) string {
	if len(escaped) <= size {
		return escaped
	}
	for size > 0 && !utf8.RuneStart(escaped[size]) {
		size--
	}
	if i := strings.LastIndexByte(escaped[:size], '%'); i >= 0 && i > size-len("%XX") {
		size = i
	}
	return escaped[:size]
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
	return first && device.MatchString(part)
}

// device is a name that Windows takes for a device's, whatever follows the first
// dot (Microsoft, "Naming Files, Paths, and Namespaces").
var device = regexp.MustCompile(`^(?i:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9¹²³]) *(?:\.|$)`)

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

// markAtEnd is the mark of a name that was cut or that differs in case.
var markAtEnd = regexp.MustCompile(`(?:` + differsMark + `[0-9A-Fa-f]{16}|` + shortenedMark + `[0-9A-Fa-f]{32})$`)

// parseStem reads a part of an ID.
func parseStem(name string) (part, error) {
	name = norm.NFC.String(name) // macOS's older file system takes it apart
	mark := markAtEnd.FindString(name)
	text, err := url.PathUnescape(strings.TrimSuffix(name, mark))
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
