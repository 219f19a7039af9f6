package issuer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/tokenctl/tokenctl/oath/durable"
)

// A FileStore keeps codes in one file, for a service on one machine. Each change
// writes the file anew, which takes some 50 ms with a thousand users; who has more
// takes a SQLStore. Processes take turns by a lock; a crash leaves what was before,
// or what is after. A file that is not what it should be is not written to.
type FileStore struct {
	Path string // of a JSON file; PATH.lock is made beside it
}

// maxFileSize bounds the file, in bytes: some 5000 users with three sets of ten
// codes each.
const maxFileSize = 32 << 20

// Sets implements Store.
func (f FileStore) Sets(ctx context.Context, user string) ([]Set, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	text, err := f.read()
	if err != nil {
		return nil, err
	}
	content, err := f.parse(text)
	if err != nil {
		return nil, err
	}
	r, found := content.find(user)
	if !found {
		return nil, nil
	}
	return content.Users[r].Sets, nil
}

// read returns what is in the file, nil if it is not there. It takes no lock: files
// are replaced as a whole.
func (f FileStore) read() ([]byte, error) {
	file, err := os.Open(f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, maxFileSize+1))
}

func (f FileStore) parse(text []byte) (*content, error) {
	c, err := parseContent(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Path, err)
	}
	return c, nil
}

// change replaces the file by one in which the content is changed.
func (f FileStore) change(ctx context.Context, change func(*content) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return durable.Update(f.Path, func(old []byte) ([]byte, error) {
		if err := ctx.Err(); err != nil { // the lock may have taken long
			return nil, err
		}
		c, err := f.parse(old)
		if err != nil {
			return nil, err
		}
		if err := change(c); err != nil {
			return nil, err
		}
		return c.format()
	})
}

// changeUser is change for what one user has, who is there already.
func (f FileStore) changeUser(ctx context.Context, user string, absent error, change func(*record) error) error {
	return f.change(ctx, func(c *content) error {
		i, found := c.find(user)
		if !found {
			return absent
		}
		return change(&c.Users[i])
	})
}

// Add implements Store.
func (f FileStore) Add(ctx context.Context, user string, set Set) (generation int, err error) {
	err = f.change(ctx, func(c *content) error {
		generation = c.record(user).add(set)
		return nil
	})
	return generation, err
}

// Confirm implements Store.
func (f FileStore) Confirm(ctx context.Context, user string, generation int) error {
	return f.changeUser(ctx, user, ErrNotPending, func(r *record) error { return r.confirm(generation) })
}

// Abandon implements Store.
func (f FileStore) Abandon(ctx context.Context, user string, generation int) error {
	return f.changeUser(ctx, user, ErrNotPending, func(r *record) error { return r.abandon(generation) })
}

// Spend implements Store.
func (f FileStore) Spend(ctx context.Context, user string, generation int, code Code, at time.Time) error {
	return f.changeUser(ctx, user, ErrUnknown, func(r *record) error { return r.spend(generation, code, at) })
}

// Attempt implements Store.
func (f FileStore) Attempt(ctx context.Context, user string, next func(Attempts) (Attempts, error)) error {
	return f.changeUser(ctx, user, ErrNoCodes, func(r *record) (err error) {
		r.Attempts, err = next(r.Attempts)
		return err
	})
}

// Remove implements Store.
func (f FileStore) Remove(ctx context.Context, user string) error {
	err := f.change(ctx, func(c *content) error {
		if !c.remove(user) {
			return errAbsent
		}
		return nil
	})
	if errors.Is(err, errAbsent) { // as wanted, and without writing anything
		return nil
	}
	return err
}

var errAbsent = errors.New("no such user")
