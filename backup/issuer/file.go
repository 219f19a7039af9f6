package issuer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"syscall"

	bolt "go.etcd.io/bbolt"

	"github.com/tokenctl/tokenctl/oath/durable"
)

// A FileStore keeps codes in one file, for a service on one machine; who has more takes a
// SQLStore. The file is a database of go.etcd.io/bbolt, open for one change alone.
// Processes take turns by a lock on the file itself, and no other file ever takes its
// place: it does not matter by which of its names, through which links, they reach it. A
// crash leaves what was before, or what is after. A file that is not what it should be is
// not written to: every method returns ErrDamaged. Add returns ErrFull for what would be
// more than 1 MB of one user.
//
// It is safe for concurrent use.
type FileStore struct{ recordStore }

// NewFileStore returns the store in the file of a path. It is opened for each change
// anew, and is not made before the first set is added.
func NewFileStore(path string) *FileStore { return &FileStore{recordStore{file(path)}} }

// A file is the path of one.
type file string

// usersBucket has each user's record, as JSON, under the user's name. A later form takes
// another name.
var usersBucket = []byte("users 1")

// maxRecord bounds what is kept of a user, in bytes: several hundred sets.
const maxRecord = 1 << 20

func (f file) read(ctx context.Context, user string) (r *record, err error) {
	err = f.transact(ctx, false, false, func(users *bolt.Bucket) error {
		r, err = f.load(users, user)
		return err
	})
	return r, err
}

func (f file) change(ctx context.Context, user string, adding bool, change func(*record) (*record, error)) error {
	err := f.transact(ctx, true, adding, func(users *bolt.Bucket) error {
		before, err := f.load(users, user)
		if err != nil {
			return err
		}
		after, err := change(before)
		switch {
		case err != nil:
			return err
		case after != nil:
			return save(users, after)
		case before != nil:
			return users.Delete([]byte(user))
		}
		return errUnchanged
	})
	if errors.Is(err, errUnchanged) {
		return nil
	}
	return err
}

// errUnchanged ends a transaction without writing anything.
var errUnchanged = errors.New("nothing has changed")

// transact runs a transaction, alone among all that use the file, which is made if it is
// not there and something will be added. There is no bucket if nothing was ever stored.
func (f file) transact(ctx context.Context, writing, adding bool, do func(*bolt.Bucket) error) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	flag := os.O_RDWR
	if adding {
		flag |= os.O_CREATE
		if err := os.MkdirAll(filepath.Dir(string(f)), 0o700); err != nil {
			return err
		}
	}
	file, err := os.OpenFile(string(f), flag, 0o600)
	if !adding && errors.Is(err, fs.ErrNotExist) {
		return do(nil)
	}
	if err != nil {
		return err
	}
	defer file.Close()
	if err := durable.Lock(file); err != nil {
		return err
	}
	defer durable.Unlock(file)        // if the database has not done so
	if err := ctx.Err(); err != nil { // the lock may have taken long
		return err
	}
	info, err := file.Stat()
	switch {
	case err != nil:
		return err
	case info.Size() == 0 && !adding:
		return do(nil)
	case info.Size() == 0:
		if err := f.syncFolder(); err != nil {
			return err
		}
	}
	// The file is read as memory: one that is cut short or overwritten faults.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = f.damaged(p)
		}
	}()
	db, err := bolt.Open(string(f), 0o600, &bolt.Options{
		OpenFile: func(string, int, os.FileMode) (*os.File, error) { return file, nil },
	})
	if err != nil {
		return f.damaged(err)
	}
	transaction := db.View
	if writing {
		transaction = db.Update
	}
	err = transaction(func(tx *bolt.Tx) error {
		users := tx.Bucket(usersBucket)
		name, _ := tx.Cursor().First()
		switch {
		case info.Size() > 0 && info.Size() < tx.Size():
			return f.damaged("it is cut short")
		case users == nil && name != nil:
			return f.damaged("another program's database, or a newer tokenctl's")
		}
		if users == nil && adding {
			if users, err = tx.CreateBucket(usersBucket); err != nil {
				return err
			}
		}
		return do(users)
	})
	return errors.Join(err, db.Close())
}

// damaged makes ErrDamaged of what the database says, unless the disk says it.
func (f file) damaged(why any) error {
	if err, is := why.(error); is && errors.As(err, new(syscall.Errno)) {
		return err
	}
	return fmt.Errorf("%s: %w: %v", string(f), ErrDamaged, why)
}

func (f file) syncFolder() error {
	folder, err := os.Open(filepath.Dir(string(f)))
	if err != nil {
		return err
	}
	defer folder.Close()
	return durable.SyncFolder(folder)
}

// load reads a user's record; nil if there is none. It returns ErrDamaged for all that
// save does not write: to continue with a part of it would lose the rest, or spend a code
// twice.
func (f file) load(users *bolt.Bucket, user string) (*record, error) {
	if users == nil {
		return nil, nil
	}
	text := users.Get([]byte(user))
	if text == nil {
		return nil, nil
	}
	var r record
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&r)
	if err == nil {
		err = r.validate()
	}
	if err == nil && (r.User != user || decoder.InputOffset() != int64(len(text))) {
		err = errors.New("it is another user's, or more follows")
	}
	if err != nil {
		return nil, f.damaged(fmt.Sprintf("a user's record: %v", err))
	}
	return &r, nil
}

func save(users *bolt.Bucket, r *record) error {
	text, err := json.Marshal(r)
	if err == nil && len(text) > maxRecord {
		err = fmt.Errorf("%w: a user would have more than %d MB", ErrFull, maxRecord>>20)
	}
	if err != nil {
		return err
	}
	return users.Put([]byte(r.User), text)
}
