package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/recognize"
)

// A codesFile is a file with codes in it, which its owner may want to be rid of:
// its name is what thieves look for.
type codesFile struct {
	path string
	info fs.FileInfo // of the file that was read
}

// readCodesFile reads a file, of which there is a codesFile if it is a regular
// one.
func readCodesFile(path string) ([]byte, *codesFile, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) && looksLikeCodes(path) {
		return nil, nil, errCodesInArgs
	}
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, nil, err
	}
	text, err := io.ReadAll(io.LimitReader(file, backup.MaxText+1))
	if err != nil {
		return nil, nil, fmt.Errorf("reading %s: %w", printable(path), err)
	}
	if !info.Mode().IsRegular() {
		return text, nil, nil
	}
	return text, &codesFile{path, info}, nil
}

func looksLikeCodes(text string) bool {
	_, err := recognize.Codes([]byte(text), nil)
	return err == nil
}

var (
	// errCodesInArgs says that a FILE is not there, and may be a code. It does not
	// tell which.
	errCodesInArgs = usagef("there is no such file; codes do not belong on the command line, which other programs can read")

	// errNotDeleted says that codes were recorded, and their file is still there.
	errNotDeleted = errors.New("the file with the codes is not deleted")

	errIsLink  = errors.New("it is a link to another file, which has the codes")
	errNotSame = errors.New("it was changed meanwhile")
	errLost    = errors.New("the vault does not have the same codes")
)

// remove deletes the very file that was read. Of a link it would only delete the
// link.
func (f codesFile) remove() error {
	info, err := os.Lstat(f.path)
	switch {
	case err != nil:
		return err
	case info.Mode()&fs.ModeSymlink != 0:
		return errIsLink
	case !os.SameFile(info, f.info) || info.Size() != f.info.Size() || !info.ModTime().Equal(f.info.ModTime()):
		return errNotSame
	}
	return os.Remove(f.path)
}

// disposeOf deletes the file that codes came from, if its owner wants that.
func (p *program) disposeOf(r *records, a addition, s codesSource, o backupAddOptions) error {
	if s.file == nil {
		if o.deleteFile {
			return fmt.Errorf("%w: %w: %s is no regular file", errPartly, errNotDeleted, printable(o.source))
		}
		return nil
	}
	name := printable(s.file.path)
	if !o.deleteFile {
		if p.terminal == nil || o.yes {
			p.note("%s still has the codes, for anyone who finds it. Delete it.", name)
			return nil
		}
		err := p.terminal.confirm(false, "Delete %s, which has the codes for anyone who finds it?", name)
		if errors.Is(err, errDeclined) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	if r.vault != nil && r.vault.Locked() {
		p.note("First, the codes are read back from the vault.")
	}
	err := r.verify(a)
	if err == nil {
		err = s.file.remove()
	}
	if err != nil {
		return fmt.Errorf("%w: %w: %s: %w", errPartly, errNotDeleted, name, err)
	}
	p.note("%s is deleted. What was on the disk may still be found there, and in its copies: backups, synchronised folders.", name)
	return nil
}

// verify reads codes back from the vault, before the file that they came from is
// deleted.
func (r *records) verify(a addition) error {
	text, err := r.vault.BackupCodes(a.id)
	if err != nil {
		return err
	}
	record, err := backup.ParseRecord(text)
	if err != nil {
		return err
	}
	there := make(map[string]bool)
	for _, set := range record.Sets {
		for _, c := range set.Codes {
			there[c.Text] = true
		}
	}
	for _, c := range a.codes {
		if !there[c.Text] {
			return errLost
		}
	}
	return nil
}
