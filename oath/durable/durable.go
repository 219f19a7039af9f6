// Package durable replaces files so that whatever happens in between, be it a
// power cut, leaves the old content or the new, and one writer at a time. The
// functions are safe for concurrent use; their errors are the system's, of package os.
package durable

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Update changes a file that several processes may change at once: it locks it,
// hands what is in it to change, nil if it is not there, and puts what change
// returns in its place. If change returns an error, that is returned, and the
// file stays as it is. Folders on the way are made. File and folders are the
// user's alone.
//
// The lock is a file beside it, whose name ends in .lock, and which stays.
func Update(path string, change func(old []byte) ([]byte, error)) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	lock, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := Lock(lock); err != nil {
		return fmt.Errorf("locking %s: %w", path, err)
	}
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	content, err := change(old)
	if err != nil {
		return err
	}
	return Replace(path, content)
}

// Replace puts a file for the user alone instead of the one of that name, if
// there is one.
func Replace(path string, content []byte) error {
	return replaceWith(path, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

// replaceWith is Replace for what is written piece by piece. If write returns an
// error, that is returned, and the file stays as it is.
func replaceWith(path string, write func(io.Writer) error) error {
	folder := filepath.Dir(path)
	temporary, err := os.CreateTemp(folder, "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name()) // gone already, if all went well
	err = write(temporary)
	if err == nil {
		err = temporary.Sync()
	}
	if closed := temporary.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		return err
	}
	opened, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer opened.Close()
	return SyncFolder(opened)
}
