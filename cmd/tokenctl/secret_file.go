package main

import (
	"errors"
	"io/fs"
	"os"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
)

var (
	errIsLink  = errors.New("it is a link to another file, which has the secrets")
	errNotSame = errors.New("it was changed meanwhile")
)

// A secretFile is a file with secrets or codes in it, which its owner may want to be rid
// of: its name is what thieves look for.
type secretFile struct {
	path string
	info fs.FileInfo // of the file that was read
}

// remove deletes the very file that was read. Of a link it would only delete the
// link.
func (f secretFile) remove() error {
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

// deleteFile deletes a file that held secrets, and says what that is good for.
func (p *program) deleteFile(f *secretFile) error {
	if err := f.remove(); err != nil {
		return err
	}
	p.Note("%s is deleted. What was in it may still be found on the disk, and in its copies: backups, synchronised folders.", term.Printable(f.path))
	return nil
}
