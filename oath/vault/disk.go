package vault

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// maxFileSize bounds what is read of a file, in bytes. An account takes some 400, a
// long list of backup codes a few thousand.
const maxFileSize = 1 << 20

// A disk is the vault's folder. Names are relative to it, with slashes. It
// follows no symbolic link, and uses nothing that somebody else may write to.
type disk struct {
	dir  string // for messages
	root *os.Root
}

func openDisk(dir string) (disk, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return disk{}, fmt.Errorf("opening the vault: %w", err)
	}
	d := disk{dir, root}
	info, err := root.Stat(".")
	if err == nil {
		err = secure(info)
	}
	if err != nil {
		root.Close()
		return disk{}, fmt.Errorf("opening the vault: %s: %w", dir, err)
	}
	return d, nil
}

func (d disk) close() error { return d.root.Close() }

// look returns what a name stands for. The error is fs.ErrNotExist, or a
// *DamagedFile for the first part of the path that is not to be used.
func (d disk) look(name string) (fs.FileInfo, error) {
	if folder := path.Dir(name); folder != "." {
		info, err := d.look(folder)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			return nil, &DamagedFile{folder, errNotFolder}
		}
	}
	info, err := d.root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err == nil {
		err = usable(info)
	}
	if err != nil {
		return nil, &DamagedFile{name, err}
	}
	return info, nil
}

var (
	errNotFolder  = errors.New("not a folder")
	errNotRegular = errors.New("not a regular file")
	errTooLong    = fmt.Errorf("longer than %d bytes", maxFileSize)
	errReplaced   = errors.New("it was replaced while being opened")
)

func usable(info fs.FileInfo) error {
	switch mode := info.Mode(); {
	case mode&fs.ModeSymlink != 0:
		return ErrSymlink
	case !mode.IsRegular() && !mode.IsDir():
		return errNotRegular
	}
	return secure(info)
}

// exists reports whether there is something under that name, whatever it is.
func (d disk) exists(name string) (bool, error) {
	_, err := d.look(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// has reports whether there is a file with exactly that name, even on a disk
// that knows no case.
func (d disk) has(name string) (bool, error) {
	there, err := d.exists(name)
	if err != nil || !there || !d.foldsCase() {
		return there, err
	}
	for part := name; part != "."; part = path.Dir(part) {
		names, err := d.names(path.Dir(part))
		if err != nil || !slices.Contains(names, path.Base(part)) {
			return false, err
		}
	}
	return true, nil
}

// foldsCase reports whether the disk takes names for the same that differ in
// case alone, as those of Windows and macOS do.
func (d disk) foldsCase() bool {
	_, err := d.root.Lstat(strings.ToUpper(recipientsFile))
	return err == nil
}

// names is list in Unicode's normal form C, as the vault writes names.
func (d disk) names(folder string) ([]string, error) {
	names, err := d.list(folder)
	for i, name := range names {
		names[i] = norm.NFC.String(name)
	}
	return names, err
}

// read returns a file's content. The error is fs.ErrNotExist, or a *DamagedFile.
func (d disk) read(name string) ([]byte, error) {
	info, err := d.look(name)
	if err != nil {
		return nil, err
	}
	content, err := d.readSame(name, info)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, &DamagedFile{name, err}
	}
	return content, err
}

// readSame reads the very file that was looked at.
func (d disk) readSame(name string, looked fs.FileInfo) ([]byte, error) {
	if !looked.Mode().IsRegular() {
		return nil, errNotRegular
	}
	f, err := d.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	opened, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !os.SameFile(looked, opened) {
		// A writer has replaced it, if it is not an attack.
		if err := usable(opened); err != nil {
			return nil, err
		}
		if again, err := d.root.Lstat(name); err != nil || !os.SameFile(again, opened) {
			return nil, errReplaced
		}
	}
	content, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if len(content) > maxFileSize {
		return nil, errTooLong
	}
	return content, err
}

// list returns the names in a folder, in no order; none if it does not exist. The
// error is a *DamagedFile.
func (d disk) list(folder string) ([]string, error) {
	if folder != "." {
		info, err := d.look(folder)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			return nil, &DamagedFile{folder, errNotFolder}
		}
	}
	f, err := d.root.Open(folder)
	if err != nil {
		return nil, &DamagedFile{folder, err}
	}
	defer f.Close()
	names, err := f.Readdirnames(-1) // ReadDir would look at each
	if err != nil {
		return nil, &DamagedFile{folder, err}
	}
	return names, nil
}
