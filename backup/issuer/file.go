package issuer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/tokenctl/tokenctl/oath/durable"
)

// A FileStore keeps codes in one file, for a service on one machine; who has more takes a
// SQLStore. The file is a database of go.etcd.io/bbolt, open for one change alone.
// Processes take turns by a lock on the file itself, and no other file ever takes its
// place: it does not matter by which of its names, through which links, they reach it. A
// crash leaves what was before, or what is after. A file that is not what it should be is
// not written to.
//
// A JSON file, as the first versions of this package wrote, is taken over when it is used
// first, and kept beside it as PATH.v1.json. Those versions must not run any more by then.
type FileStore struct {
	Path string
}

// usersBucket has each user's record, as JSON, under the user's name. A later form takes
// another name.
var usersBucket = []byte("users 1")

// maxRecord bounds what is kept of a user, in bytes: several hundred sets.
const maxRecord = 1 << 20

// An access is what a transaction is for.
type access int

const (
	reading access = iota
	changing
	adding // which makes the file if it is not there
)

// transact runs a transaction, alone among all that use the file. There is no bucket if
// nothing was ever stored.
func (f FileStore) transact(ctx context.Context, a access, do func(*bolt.Bucket) error) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	flag := os.O_RDWR
	if a == adding {
		flag |= os.O_CREATE
		if err := os.MkdirAll(filepath.Dir(f.Path), 0o700); err != nil {
			return err
		}
	}
	file, err := os.OpenFile(f.Path, flag, 0o600)
	if a != adding && errors.Is(err, fs.ErrNotExist) {
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
	case info.Size() == 0 && a != adding:
		return do(nil)
	case info.Size() == 0:
		err = f.syncFolder()
	default:
		err = f.takeOver(file)
	}
	if err != nil {
		return err
	}
	if info, err = file.Stat(); err != nil {
		return err
	}
	// The file is read as memory: one that is cut short or overwritten faults.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = f.damaged(p)
		}
	}()
	db, err := bolt.Open(f.Path, 0o600, &bolt.Options{
		OpenFile: func(string, int, os.FileMode) (*os.File, error) { return file, nil },
	})
	if err != nil {
		return f.damaged(err)
	}
	transaction := db.Update
	if a == reading {
		transaction = db.View
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
		if users == nil && a == adding {
			if users, err = tx.CreateBucket(usersBucket); err != nil {
				return err
			}
		}
		return do(users)
	})
	return errors.Join(err, db.Close())
}

// damaged makes ErrDamaged of what the database says, unless the disk says it.
func (f FileStore) damaged(why any) error {
	if err, is := why.(error); is && errors.As(err, new(syscall.Errno)) {
		return err
	}
	return fmt.Errorf("%s: %w: %v", f.Path, ErrDamaged, why)
}

func (f FileStore) syncFolder() error {
	folder, err := os.Open(filepath.Dir(f.Path))
	if err != nil {
		return err
	}
	defer folder.Close()
	return durable.SyncFolder(folder)
}

// load reads a user's record; nil if there is none. It returns ErrDamaged for all that
// save does not write: to go on with a part of it would lose the rest, or spend a code
// twice.
func (f FileStore) load(users *bolt.Bucket, user string) (*record, error) {
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

// takeOver makes a database of a JSON file, in the very file, which may have other names.
// What was in it is on the disk as PATH.v1.json before; the first page is written last, so
// that a file that still begins as JSON is taken over again from there.
func (f FileStore) takeOver(file *os.File) error {
	first := make([]byte, 1)
	if _, err := file.ReadAt(first, 0); err != nil || first[0] != '{' {
		return err
	}
	// Early versions locked this file, whoever asked by that name.
	lock, err := os.OpenFile(f.Path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := durable.Lock(lock); err != nil {
		return err
	}
	text, err := io.ReadAll(io.NewSectionReader(file, 0, maxFileSize+1))
	if err != nil {
		return err
	}
	kept := f.Path + ".v1.json"
	c, err := parseContent(text)
	if err != nil {
		before, failed := os.ReadFile(kept)
		same := min(len(before), pageSize)
		if failed != nil || len(text)%pageSize != 0 || !bytes.Equal(before[:same], text[:same]) {
			return fmt.Errorf("%s: %w", f.Path, err)
		}
		if c, err = parseContent(before); err != nil {
			return fmt.Errorf("%s: %w", kept, err)
		}
	} else if err := durable.Replace(kept, text); err != nil {
		return err
	}
	pages, err := c.database(filepath.Dir(f.Path))
	if err != nil {
		return err
	}
	for _, write := range []func() error{
		func() error { return file.Truncate(int64(len(pages))) },
		func() error { return errorOf(file.WriteAt(pages[pageSize:], pageSize)) },
		file.Sync,
		func() error { return errorOf(file.WriteAt(pages[:pageSize], 0)) },
		file.Sync,
	} {
		if err := write(); err != nil {
			return err
		}
	}
	return nil
}

func errorOf(_ int, err error) error { return err }

// pageSize is that of a database that is made of a JSON file, in bytes.
const pageSize = 4096

// database returns the file of a database with that content, whose second page is left
// out: it describes, as the first does, what was before the content.
func (c *content) database(folder string) ([]byte, error) {
	temporary, err := os.MkdirTemp(folder, ".tmp-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temporary)
	path := filepath.Join(temporary, "codes")
	db, err := bolt.Open(path, 0o600, &bolt.Options{PageSize: pageSize})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	err = db.Update(func(tx *bolt.Tx) error {
		users, err := tx.CreateBucket(usersBucket)
		for i := 0; err == nil && i < len(c.Users); i++ {
			err = save(users, &c.Users[i])
		}
		return err
	})
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		return nil, err
	}
	pages, err := os.ReadFile(path)
	if err == nil {
		clear(pages[pageSize : 2*pageSize])
	}
	return pages, err
}

// Sets implements Store.
func (f FileStore) Sets(ctx context.Context, user string) (sets []Set, err error) {
	err = f.transact(ctx, reading, func(users *bolt.Bucket) error {
		r, err := f.load(users, user)
		if r != nil {
			sets = r.Sets
		}
		return err
	})
	return sets, err
}

// change changes what one user has, who is there already.
func (f FileStore) change(ctx context.Context, user string, absent error, change func(*record) error) error {
	return f.transact(ctx, changing, func(users *bolt.Bucket) error {
		r, err := f.load(users, user)
		if err == nil && r == nil {
			err = absent
		}
		if err == nil {
			err = change(r)
		}
		if err != nil {
			return err
		}
		return save(users, r)
	})
}

// Add implements Store.
func (f FileStore) Add(ctx context.Context, user string, set Set) (generation int, err error) {
	err = f.transact(ctx, adding, func(users *bolt.Bucket) error {
		r, err := f.load(users, user)
		if err != nil {
			return err
		}
		if r == nil {
			r = &record{User: user}
		}
		generation = r.add(set)
		return save(users, r)
	})
	return generation, err
}

// Confirm implements Store.
func (f FileStore) Confirm(ctx context.Context, user string, generation int) error {
	return f.change(ctx, user, ErrNotPending, func(r *record) error { return r.confirm(generation) })
}

// Abandon implements Store.
func (f FileStore) Abandon(ctx context.Context, user string, generation int) error {
	return f.change(ctx, user, ErrNotPending, func(r *record) error { return r.abandon(generation) })
}

// Spend implements Store.
func (f FileStore) Spend(ctx context.Context, user string, generation int, code Code, at time.Time) error {
	return f.change(ctx, user, ErrUnknown, func(r *record) error { return r.spend(generation, code, at) })
}

// Attempt implements Store.
func (f FileStore) Attempt(ctx context.Context, user string, next func(Attempts) (Attempts, error)) error {
	return f.change(ctx, user, ErrNoCodes, func(r *record) (err error) {
		r.Attempts, err = next(r.Attempts)
		return err
	})
}

// Remove implements Store.
func (f FileStore) Remove(ctx context.Context, user string) error {
	err := f.transact(ctx, changing, func(users *bolt.Bucket) error {
		r, err := f.load(users, user)
		switch {
		case err != nil:
			return err
		case r == nil:
			return errAbsent
		}
		return users.Delete([]byte(user))
	})
	if errors.Is(err, errAbsent) { // as wanted, and without writing anything
		return nil
	}
	return err
}

var errAbsent = errors.New("no such user")
