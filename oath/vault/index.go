package vault

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"slices"
	"strings"

	"github.com/tokenctl/tokenctl/oath"
)

// indexFile holds the names of all accounts' files, so that one in ten thousand
// is found without asking for a thousand folders' names. It is made from them
// where there are many, and tells nothing that they do not.
//
// Its first line is a stamp and the CRC-32 of what follows: paths below the
// folder of accounts, one a line. Writers delete it. What others change shows in
// the stamp if an issuer comes or goes by it, or if git does it. An account that
// something else puts beside the issuer's others is found by its ID at once; a
// name that another account has, too, means only that one until the next list.
const indexFile = ".names"

// minIndexed is the number of files from which on there is an index: some
// milliseconds' worth of reading folders.
const minIndexed = 1000

// indexed returns the accounts with exactly that name, as the index knows them;
// none if it cannot tell.
func (v *Vault) indexed(query string) []oath.Account {
	if !isPlain(query) {
		return nil
	}
	var files []fileName
	for _, line := range v.readIndex().holding(query) {
		f, err := parsePath(accountsFolder + "/" + line)
		if err != nil || f.cut {
			continue
		}
		if a := f.id.Account(oath.TypeUnknown); a.Name != query && a.Label() != query {
			continue
		}
		if there, err := v.disk.has(f.path); err != nil || !there {
			return nil
		}
		files = append(files, f)
	}
	sortFiles(files)
	return accountsOf(files)
}

// An index is the lines of an index file.
type index []byte

// holding returns the lines that may stand for an account of that name: those
// with the name itself, and those with anything escaped.
func (x index) holding(name string) []string {
	var lines []string
	for _, text := range []string{name, "%"} {
		for rest := x; ; {
			i := bytes.Index(rest, []byte(text))
			if i < 0 {
				break
			}
			begin := bytes.LastIndexByte(rest[:i], '\n') + 1
			end := i + bytes.IndexByte(rest[i:], '\n')
			lines = append(lines, string(rest[begin:end]))
			rest = rest[end:]
		}
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}

func (x index) lines() int { return bytes.Count(x, []byte("\n")) }

// readIndex returns an index without lines if there is none that holds.
func (v *Vault) readIndex() index {
	content, err := v.disk.read(indexFile)
	if err != nil {
		return nil
	}
	stamp, body, found := bytes.Cut(content, []byte("\n"))
	if !found || !bytes.HasSuffix(body, []byte("\n")) || string(stamp) != v.stamp(body) {
		return nil
	}
	return body
}

// stamp returns the first line for a body, as the disk is now.
func (v *Vault) stamp(body []byte) string {
	stamp := "tokenctl names 1"
	for _, name := range []string{accountsFolder, ".git/index"} {
		if info, err := v.disk.root.Lstat(name); err == nil {
			stamp += fmt.Sprintf(" %d %d", info.ModTime().UnixNano(), info.Size())
		}
	}
	return fmt.Sprintf("%s %08x", stamp, crc32.ChecksumIEEE(body))
}

// refreshIndex makes the index anew if it is not that of the files just found.
// Nothing depends on it, so errors do not matter, and neither does a crash.
func (v *Vault) refreshIndex(found int) {
	if found < minIndexed || v.readIndex().lines() == found {
		return
	}
	unlock, err := v.disk.lock() // so that no writer comes between looking and writing
	if err != nil {
		return
	}
	defer unlock()
	files, _ := v.scan()
	var body []byte
	for _, f := range files {
		if strings.Contains(f.path, "\n") {
			return
		}
		body = append(body, strings.TrimPrefix(f.path, accountsFolder+"/")+"\n"...)
	}
	content := append([]byte(v.stamp(body)+"\n"), body...)
	if len(content) <= maxFileSize {
		v.disk.write(indexFile, content)
	}
}

// dropIndex deletes the index, before there is another name.
func (v *Vault) dropIndex() error {
	if _, err := v.disk.root.Lstat(indexFile); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return v.disk.remove(indexFile)
}
