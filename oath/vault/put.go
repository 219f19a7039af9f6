package vault

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"path"
	"slices"
	"sync"
	"sync/atomic"

	"filippo.io/age"

	"github.com/tokenctl/tokenctl/oath"
)

const (
	// maxBatch is how many accounts are written before they are put in their places. So
	// many are not stored, at most, when the program is ended.
	maxBatch = 128

	// atOnce is how many files are encrypted and synced at the same time. A disk syncs
	// many in hardly more time than one.
	atOnce = 32
)

// An arrival is an account on its way into the vault.
type arrival struct {
	id     oath.ID
	record record
	file   string // where it belongs
	staged string // where it is, until it is there
	err    error
}

// Put stores a new account; the vault may be locked. It returns oath.ErrExists,
// oath.ErrNoSpace, ErrReadOnly, ErrRecipientsChanged, or oath.ErrInvalid for a name that
// an otpauth URI cannot hold.
func (v *Vault) Put(a oath.Account, s oath.Secret) error {
	var refused error
	err := v.PutAll(
		func(yield func(oath.Account, oath.Secret) bool) { yield(a, s) },
		func(_ int, err error) { refused = err },
	)
	return cmp.Or(refused, err)
}

// PutAll stores new accounts, each as Put does, in one change: it takes the lock once, and
// git gets one commit. It hands done what came of each, in their order: nil once the
// account is on the disk for good, or Put's error, after which it continues with the others.
// A crash leaves each account stored or not. Done must not change the vault.
//
// The error is why no others were tried, such as ErrRecipientsChanged, or oath.ErrNoSpace
// once the disk is full; or it is ErrNotCommitted, and all are stored that done was handed
// nil for. Who wants it to stop early ends the sequence of accounts.
func (v *Vault) PutAll(accounts iter.Seq2[oath.Account, oath.Secret], done func(i int, err error)) error {
	return v.warn(v.alone(v.trusting(func() error {
		count, stored, message := 0, 0, ""
		stopped := v.putAll(accounts, func(a arrival) {
			if a.err == nil {
				stored++
				message = "Add " + a.record.key.Account.Label()
			}
			done(count, a.err)
			count++
		})
		switch stored {
		case 0:
			return stopped
		case 1:
		default:
			message = fmt.Sprintf("Add %d accounts", stored)
		}
		err := v.commit(message)
		if stopped != nil {
			return errors.Join(stopped, v.warn(err))
		}
		return err
	})))
}

// putAll stores accounts in batches. It returns why it tried no more, if it left some.
func (v *Vault) putAll(accounts iter.Seq2[oath.Account, oath.Secret], done func(arrival)) error {
	to, err := v.recipients()
	if err == nil {
		err = v.disk.mkdir(accountsFolder)
	}
	if err != nil {
		return err
	}
	coming := make(map[oath.ID]bool)
	var batch []arrival
	for a, s := range accounts {
		if len(batch) == maxBatch {
			if err := v.storeBatch(batch, to, done); err != nil {
				return err
			}
			batch = batch[:0]
		}
		batch = append(batch, v.expect(a, s, coming))
	}
	v.storeBatch(batch, to, done)
	return nil // done was called for all
}

// expect finds the place of an account that is not there, nor among those that are coming.
func (v *Vault) expect(account oath.Account, s oath.Secret, coming map[oath.ID]bool) arrival {
	a := arrival{id: account.ID()}
	if a.record, a.err = newRecord(account, s); a.err != nil {
		return a
	}
	if coming[a.id] {
		a.err = oath.ErrExists
	} else if a.err = v.absent(a.id); a.err == nil {
		a.file, a.err = v.place(a.id)
	}
	if a.err != nil {
		return a
	}
	coming[a.id] = true
	folder := path.Dir(a.file)
	v.names[folder].add(path.Base(a.file))
	if folder != accountsFolder {
		v.names[accountsFolder].add(path.Base(folder))
	}
	return a
}

// storeBatch writes accounts aside, all of them, and then puts each in its place. It
// returns an error that the next ones would run into as well.
func (v *Vault) storeBatch(batch []arrival, to []age.Recipient, done func(arrival)) (stopped error) {
	var full atomic.Bool
	inParallel(len(batch), func(i int) {
		if a := &batch[i]; a.err == nil && !full.Load() {
			a.staged, a.err = v.writeAside(a.record, to)
			full.CompareAndSwap(false, endsAll(a.err))
		}
	})
	unsynced := make(map[string]bool)
	for i := range batch {
		switch a := &batch[i]; {
		case a.staged != "":
			a.err = v.disk.settle(a.staged, a.file, unsynced)
		case a.err == nil:
			a.err = errSkipped
		}
	}
	if err := v.disk.syncAll(unsynced); err != nil {
		for i := range batch {
			batch[i].err = cmp.Or(batch[i].err, err)
		}
	}
	for i := range batch {
		if err := batch[i].err; stopped == nil && endsAll(err) {
			stopped = err
		}
	}
	for _, a := range batch {
		if errors.Is(a.err, errSkipped) {
			a.err = stopped
		}
		done(a)
	}
	return stopped
}

// errSkipped stands for the error that kept an account from being tried.
var errSkipped = errors.New("another account failed before")

// endsAll reports whether what went wrong with one account goes wrong with all.
func endsAll(err error) bool { return errors.Is(err, ErrDiskFull) || errors.Is(err, ErrReadOnly) }

func (v *Vault) writeAside(r record, to []age.Recipient) (staged string, err error) {
	content, err := r.content()
	defer clear(content)
	if err != nil {
		return "", err
	}
	sealed, err := encrypt(content, to...)
	if err != nil {
		return "", err
	}
	return v.disk.create(accountsFolder, sealed)
}

// settle moves a file that was staged for it to a place that should be free, and notes
// which folders must be synced.
func (d disk) settle(staged, file string, unsynced map[string]bool) error {
	folder := path.Dir(file)
	if _, err := d.root.Lstat(file); err == nil { // by a program that takes no turn
		d.root.Remove(staged)
		return oath.ErrExists
	}
	err := d.root.Rename(staged, file)
	if errors.Is(err, fs.ErrNotExist) && folder != accountsFolder {
		if err = d.root.Mkdir(folder, 0o700); err == nil {
			unsynced[path.Dir(folder)] = true
			err = d.root.Rename(staged, file)
		}
	}
	if err != nil {
		d.root.Remove(staged)
		return diskError("writing to the vault", err)
	}
	unsynced[accountsFolder], unsynced[folder] = true, true // from where, and where to
	return nil
}

// syncAll makes the names in folders durable.
func (d disk) syncAll(unsynced map[string]bool) error {
	folders := slices.Collect(maps.Keys(unsynced))
	failures := make([]error, len(folders))
	inParallel(len(folders), func(i int) { failures[i] = d.sync(folders[i]) })
	return cmp.Or(failures...)
}

// inParallel calls do for each number below n, some at the same time.
func inParallel(n int, do func(i int)) {
	var next atomic.Int64
	work := func() {
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			do(i)
		}
	}
	var others sync.WaitGroup
	for range min(n, atOnce) - 1 {
		others.Go(work)
	}
	work()
	others.Wait()
}
