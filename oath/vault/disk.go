package vault

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/tokenctl/tokenctl/oath/durable"
)

const (
	lockFile        = ".lock"
	temporaryPrefix = ".tmp-"

	// maxFileSize bounds what is read of a file, in bytes. An account takes some
	// 400, a long list of backup codes a few thousand.
	maxFileSize = 1 << 20
)

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

// free returns the usual name for something new in a folder, or the other one if
// there is a name that differs in case alone. It is for a folder, too, that is
// there under the name that is returned.
func (d disk) free(folder, usual, other string) (string, error) {
	names, err := d.names(folder)
	if err != nil || slices.Contains(names, usual) {
		return usual, err
	}
	folded := foldName(usual)
	for _, name := range names {
		if foldName(name) == folded {
			return other, nil
		}
	}
	return usual, nil
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
		// A writer has put a new file in its place, if it is not an attack.
		if err := usable(opened); err != nil {
			return nil, err
		}
		if again, err := d.root.Lstat(name); err != nil || !os.SameFile(again, opened) {
			return nil, errReplaced
		}
	}
	return readAtMost(f, opened.Size())
}

// readAtMost reads a file that is probably of that size.
func readAtMost(f io.Reader, size int64) ([]byte, error) {
	if size > maxFileSize {
		return nil, errTooLong
	}
	content := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead))
	_, err := content.ReadFrom(io.LimitReader(f, maxFileSize+1))
	if err == nil && content.Len() > maxFileSize {
		err = errTooLong
	}
	return content.Bytes(), err
}

// list returns the names in a folder, in no order; none if it does not exist.
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

// mkdir makes a folder, and those above it, where they are missing.
func (d disk) mkdir(folder string) error {
	if folder == "." {
		return nil
	}
	if err := d.mkdir(path.Dir(folder)); err != nil {
		return err
	}
	there, err := d.exists(folder)
	if err != nil || there {
		return err
	}
	if err := d.root.Mkdir(folder, 0o700); err != nil {
		return sayDisk("making a folder", err)
	}
	return d.sync(path.Dir(folder))
}

// write replaces a file as a whole, or makes it, with its folder if need be. A
// crash leaves what was there before, or what is there after.
func (d disk) write(name string, content []byte) error {
	staged, err := d.stage(path.Dir(name), content)
	if err != nil {
		return err
	}
	return d.rename(staged, name)
}

// stage writes a temporary file, synced, and returns its name.
func (d disk) stage(folder string, content []byte) (string, error) {
	if err := d.mkdir(folder); err != nil {
		return "", err
	}
	if err := d.sweep(folder); err != nil {
		return "", err
	}
	name := path.Join(folder, temporaryPrefix+randomName())
	f, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", sayDisk("writing to the vault", err)
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		d.root.Remove(name)
		return "", sayDisk("writing to the vault", err)
	}
	return name, nil
}

func randomName() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// rename moves a file, over another if there is one, and syncs both folders.
func (d disk) rename(from, to string) error {
	if err := d.root.Rename(from, to); err != nil {
		if isTemporary(path.Base(from)) {
			d.root.Remove(from)
		}
		return sayDisk("writing to the vault", err)
	}
	if path.Dir(from) != path.Dir(to) {
		if err := d.sync(path.Dir(from)); err != nil {
			return err
		}
	}
	return d.sync(path.Dir(to))
}

// remove deletes a file, if it is there.
func (d disk) remove(name string) error {
	if err := d.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return sayDisk("removing a file from the vault", err)
	}
	return d.sync(path.Dir(name))
}

// prune deletes a folder of accounts if nothing is left in it.
func (d disk) prune(folder string) error {
	if folder == accountsFolder {
		return nil
	}
	if err := d.root.Remove(folder); err != nil {
		return nil // there is something in it, or another change has removed it
	}
	return d.sync(path.Dir(folder))
}

// sweep deletes what writers left in a folder that were killed. As writers take
// turns, a temporary file that is found by one belongs to none.
func (d disk) sweep(folder string) error {
	names, err := d.list(folder)
	if err != nil {
		return err
	}
	for _, name := range names {
		if !isTemporary(name) {
			continue
		}
		if err := d.root.Remove(path.Join(folder, name)); err != nil {
			return sayDisk("removing a leftover", err)
		}
	}
	return nil
}

func isTemporary(name string) bool {
	random, found := strings.CutPrefix(name, temporaryPrefix)
	_, err := hex.DecodeString(random)
	return found && err == nil && len(random) == 16
}

// sync makes the names in a folder durable.
func (d disk) sync(folder string) error {
	f, err := d.root.Open(folder)
	if err != nil {
		return sayDisk("syncing a folder", err)
	}
	defer f.Close()
	if err := durable.SyncFolder(f); err != nil {
		return sayDisk("syncing a folder", err)
	}
	return nil
}

// lock waits until no other process is writing.
func (d disk) lock() (unlock func(), err error) {
	f, err := d.root.OpenFile(lockFile, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, sayDisk("locking the vault", err)
	}
	if err := durable.Lock(f); err != nil {
		f.Close()
		return nil, sayDisk("locking the vault", err)
	}
	return func() { f.Close() }, nil
}

// sayDisk tells what could not be done, and gives the two failures that users
// can do something about their sentinel.
func sayDisk(doing string, err error) error {
	switch {
	case isNoSpace(err):
		return fmt.Errorf("%s: %w: %w", doing, ErrDiskFull, err)
	case isReadOnly(err):
		return fmt.Errorf("%s: %w: %w", doing, ErrReadOnly, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}
