package vault

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/durable"
)

const (
	lockFile        = ".lock"
	temporaryPrefix = ".tmp-"
)

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
		return diskError("making a folder", err)
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
	if _, err := d.sweep(folder); err != nil {
		return "", err
	}
	return d.create(folder, content)
}

// create is stage in a folder that is there and is swept already.
func (d disk) create(folder string, content []byte) (string, error) {
	if len(content) > maxFileSize {
		return "", fmt.Errorf("writing to the vault: %w: %w", oath.ErrInvalid, errTooLong)
	}
	var random [8]byte
	rand.Read(random[:])
	name := path.Join(folder, temporaryPrefix+hex.EncodeToString(random[:]))
	f, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", diskError("writing to the vault", err)
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
		return "", diskError("writing to the vault", err)
	}
	return name, nil
}

// rename moves a file, over another if there is one, and syncs both folders.
func (d disk) rename(from, to string) error {
	if err := d.root.Rename(from, to); err != nil {
		if isTemporary(path.Base(from)) {
			d.root.Remove(from)
		}
		return diskError("writing to the vault", err)
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
		return diskError("removing a file from the vault", err)
	}
	return d.sync(path.Dir(name))
}

// sweep deletes what killed writers left in a folder, and returns the names of the rest.
// As writers take turns, a temporary file that one finds belongs to none.
func (d disk) sweep(folder string) (rest []string, err error) {
	names, err := d.list(folder)
	for _, name := range names {
		if !isTemporary(name) {
			rest = append(rest, name)
		} else if err := d.root.Remove(path.Join(folder, name)); err != nil {
			return nil, diskError("removing a leftover", err)
		}
	}
	return rest, err
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
		return diskError("syncing a folder", err)
	}
	defer f.Close()
	if err := durable.SyncFolder(f); err != nil {
		return diskError("syncing a folder", err)
	}
	return nil
}

// lock waits until no other process is writing.
func (d disk) lock() (unlock func(), err error) {
	if _, err := d.look(lockFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	f, err := d.root.OpenFile(lockFile, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, diskError("locking the vault", err)
	}
	if err := durable.Lock(f); err != nil {
		f.Close()
		return nil, diskError("locking the vault", err)
	}
	return func() { f.Close() }, nil
}

// diskError says what could not be done, and wraps the sentinel of the two failures
// that users can do something about.
func diskError(doing string, err error) error {
	switch {
	case isNoSpace(err):
		return fmt.Errorf("%s: %w: %w", doing, ErrDiskFull, err)
	case isReadOnly(err):
		return fmt.Errorf("%s: %w: %w", doing, ErrReadOnly, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// journalFile holds a change that takes several steps, from when it is decided
// until it is done. A writer that was killed in between left it there, and whoever
// comes next finishes the change.
const journalFile = ".journal"

// A step moves a file, or removes it if To is empty. It may be taken again.
type step struct {
	From string `json:"from"`
	To   string `json:"to,omitempty"`
}

// perform takes steps, all of them or none. What a step moves is on the disk
// already.
func (d disk) perform(steps []step) error {
	if len(steps) == 1 {
		return d.take(steps[0])
	}
	content, err := json.Marshal(steps)
	if err == nil {
		err = d.write(journalFile, content)
	}
	if err != nil {
		if first := steps[0].From; isTemporary(path.Base(first)) {
			d.root.Remove(first)
		}
		return err
	}
	return d.replay()
}

// replay finishes the change in the journal, if there is one. The caller has the
// lock.
func (d disk) replay() error {
	content, err := d.read(journalFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	steps, err := parseJournal(content)
	if err != nil {
		return &DamagedFile{journalFile, err}
	}
	for _, s := range steps {
		if err := d.take(s); err != nil {
			return err
		}
	}
	return d.remove(journalFile)
}

// take takes a step, and removes the folder that it leaves empty.
func (d disk) take(s step) error {
	// The journal may have come from somewhere else, and so may links on the way.
	_, err := d.look(s.From)
	if err == nil && s.To != "" {
		if _, err = d.look(s.To); errors.Is(err, fs.ErrNotExist) {
			_, err = d.look(path.Dir(s.To))
		}
		if err != nil {
			return err
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil // taken before
	case err != nil:
		return err
	case s.To != "":
		err = d.rename(s.From, s.To)
	default:
		err = d.remove(s.From)
	}
	folder := path.Dir(s.From)
	if err != nil || folder == accountsFolder {
		return err
	}
	if err := d.root.Remove(folder); err != nil {
		return nil // there is something in it, or another change has removed it
	}
	return d.sync(path.Dir(folder))
}

var errJournal = errors.New("not a journal of tokenctl's")

// parseJournal takes nothing but what perform may have written: the folder may
// have come from somewhere else.
func parseJournal(content []byte) ([]step, error) {
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	var steps []step
	if err := decoder.Decode(&steps); err != nil {
		return nil, errJournal
	}
	for _, s := range steps {
		if !isAccountFile(s.From) || s.To != "" && !isAccountFile(s.To) {
			return nil, errJournal
		}
	}
	return steps, nil
}

func isAccountFile(name string) bool {
	below, found := strings.CutPrefix(name, accountsFolder+"/")
	return found && path.Clean(name) == name && strings.Count(below, "/") <= 1 &&
		(strings.HasSuffix(name, accountSuffix) || isTemporary(path.Base(name)))
}

// recover finishes what a killed writer left undone, if the disk lets it.
func (d disk) recover() error {
	if there, err := d.exists(journalFile); err != nil || !there {
		return err
	}
	unlock, err := d.lock()
	if errors.Is(err, ErrReadOnly) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unlock()
	return d.replay()
}
