package vault

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"strings"
	"time"
	"unicode"

	"github.com/tokenctl/tokenctl/oath"
)

// List returns every account, in the order of their IDs, as the file names have
// them: it needs no unlock, and decrypts nothing. Type, algorithm and digits are
// unknown; Codes returns them. A name longer than a file's ends in "…" here,
// unless the vault is unlocked.
//
// A *DamagedError names files that are no accounts, and comes with the accounts.
func (v *Vault) List() ([]oath.Account, error) {
	files, bad := v.files(accountSuffix)
	return accountsOf(files), bad.err()
}

// Find returns the accounts that fit a query best, as oath.Match does over List.
// For an ID, it looks at that account's file alone. It returns oath.ErrNotFound if
// none fits, or a *DamagedError if one may be in what cannot be looked at.
func (v *Vault) Find(query string) ([]oath.Account, error) {
	if query == "" {
		return nil, oath.ErrNotFound
	}
	id := oath.ID(query)
	if _, err := v.locate(id); err == nil {
		return []oath.Account{id.Account(oath.TypeUnknown)}, nil
	}
	files, bad := v.files(accountSuffix)
	matches, err := oath.Match(accountsOf(files), query)
	if err != nil && len(bad) > 0 { // it may be one of those that cannot be looked at
		err = bad.err()
	}
	return matches, err
}

// Codes returns every account in the order of their IDs, with all that is known of
// it, and the code of those without a counter. It returns oath.ErrLocked, or a
// *DamagedError together with the accounts that are sound.
func (v *Vault) Codes(at time.Time) (entries []oath.Entry, err error) {
	err = v.withKey(func() error {
		entries, err = v.codes(at)
		return err
	})
	return entries, err
}

func (v *Vault) codes(at time.Time) ([]oath.Entry, error) {
	files, bad := v.files(accountSuffix)
	var entries []oath.Entry
	seen := make(map[oath.ID]string)
	for _, f := range files {
		entry, err := v.entry(f.path, at)
		if first, again := seen[entry.Account.ID()]; err == nil && again { // two machines may have made it
			err = &DamagedFile{f.path, fmt.Errorf("it holds the same account as %q", first)}
		}
		if err == nil {
			seen[entry.Account.ID()] = f.path
			entries = append(entries, entry)
		} else if err := bad.add(err); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return entries, bad.err()
}

func (v *Vault) entry(file string, at time.Time) (oath.Entry, error) {
	r, err := v.read(file)
	if err != nil {
		return oath.Entry{}, err
	}
	defer r.key.Secret.Clear()
	entry := oath.Entry{Account: r.key.Account}
	if entry.Account.Type == oath.HOTP {
		return entry, nil
	}
	entry.Code, err = oath.Compute(r.key.Account, r.key.Secret, at)
	return entry, err
}

// Code computes a code. For HOTP, the moved counter is on the disk before the
// code is returned; a code that comes with ErrNotCommitted is good. It returns
// oath.ErrNotFound before it returns oath.ErrLocked.
func (v *Vault) Code(a oath.Account, at time.Time) (code oath.Code, err error) {
	err = v.unlocking(func() error {
		_, r, err := v.get(a.ID())
		if err != nil {
			return err
		}
		defer r.key.Secret.Clear()
		if r.key.Account.Type == oath.HOTP {
			code, err = v.nextCode(a.ID(), at)
		} else {
			code, err = oath.Compute(r.key.Account, r.key.Secret, at)
		}
		return err
	})
	return code, err
}

// nextCode computes an HOTP code after it has stored that the counter moved.
func (v *Vault) nextCode(id oath.ID, at time.Time) (code oath.Code, err error) {
	err = v.change("Move the counter of "+label(id), func() error {
		file, r, err := v.get(id) // again: another process may have moved it meanwhile
		if err != nil {
			return err
		}
		defer r.key.Secret.Clear()
		a := &r.key.Account
		if known := v.counters[id]; known > a.Counter {
			v.older = append(v.older, Older{ID: id, Found: a.Counter, Known: known})
			a.Counter = known
		}
		if a.Counter == math.MaxUint64 {
			return fmt.Errorf("%w: its counter has reached the end", oath.ErrUnsupported)
		}
		next, err := oath.Compute(*a, r.key.Secret, at)
		if err != nil {
			return err
		}
		a.Counter++
		if err := v.store(file, r); err != nil {
			return err
		}
		if v.counters == nil {
			v.counters = make(map[oath.ID]uint64)
		}
		v.counters[id] = a.Counter
		code = next
		return nil
	})
	return code, err
}

// An Older is an HOTP account whose counter stood behind the one that this
// machine had seen: the file was put back to an older copy. Code continued from
// the higher one, since a service takes no code twice.
type Older struct {
	ID    oath.ID
	Found uint64 // in the file
	Known uint64 // to this machine
}

// Older returns the accounts that were found put back to an older copy since the
// vault was opened.
func (v *Vault) Older() []Older { return v.older }

// Secret returns an account with its secret and, for HOTP, its counter. It
// returns oath.ErrNotFound before it returns oath.ErrLocked.
func (v *Vault) Secret(id oath.ID) (oath.Account, oath.Secret, error) {
	var r record
	err := v.unlocking(func() (err error) {
		_, r, err = v.get(id)
		return err
	})
	return r.key.Account, r.key.Secret, err
}

// Respond computes an account's response to a challenge instead of a time step. It moves
// no counter. Its errors are Secret's.
func (v *Vault) Respond(a oath.Account, challenge uint64) (oath.Response, error) {
	held, secret, err := v.Secret(a.ID())
	if err != nil {
		return oath.Response{}, err
	}
	defer secret.Clear()
	return held.Respond(secret, challenge)
}

// Fits returns oath.ErrInvalid for an account whose name is too long for any file.
func (v *Vault) Fits(a oath.Account) error { return nameable(a.ID()) }

// Replace stores an account instead of the one with the same ID, and keeps the
// lines that follow its URI: if it is there, the vault must be unlocked. A damaged
// file is replaced as a whole. It returns oath.ErrInvalid or oath.ErrLocked.
func (v *Vault) Replace(a oath.Account, s oath.Secret) error {
	r, err := newRecord(a, s)
	if err != nil {
		return err
	}
	return v.unlocking(func() error {
		return v.change("Replace "+a.Label(), func() error {
			file, before, err := v.get(a.ID())
			if errors.Is(err, oath.ErrNotFound) {
				return v.storeNew(a.ID(), r)
			}
			if err != nil && (file == "" || !errors.Is(err, ErrDamaged)) {
				return err
			}
			before.key.Secret.Clear()
			r.lines = before.lines
			delete(v.counters, a.ID()) // a new secret begins to count anew
			return v.store(file, r)
		})
	})
}

// Rename gives an account another ID, in the file's name and in its content;
// backup codes go with it. The vault must be unlocked. It returns oath.ErrExists
// if there is such an account, or are backup codes of one, and both have codes.
func (v *Vault) Rename(old, new oath.ID) error {
	return v.unlocking(func() error {
		return v.change(fmt.Sprintf("Rename %s to %s", label(old), label(new)), func() error {
			return v.rename(old, new)
		})
	})
}

func (v *Vault) rename(old, new oath.ID) error {
	file, r, err := v.get(old)
	if err != nil || old == new {
		return err
	}
	defer r.key.Secret.Clear()
	if err := v.absent(new); err != nil {
		return err
	}
	a := r.key.Account
	named := new.Account(a.Type)
	a.Issuer, a.Name, a.Period = named.Issuer, named.Name, named.Period
	if a.IsSteam() != r.key.Account.IsSteam() {
		return fmt.Errorf("%w: %q is another kind of account than %q", oath.ErrUnsupported, label(new), label(old))
	}
	renamed, err := newRecord(a, r.key.Secret)
	if err != nil {
		return err
	}
	renamed.extra, renamed.lines = r.extra, r.lines
	to, err := v.place(new)
	if err != nil {
		return err
	}
	if err := v.moveFiles(file, to, renamed, new); err != nil {
		return err
	}
	if n, found := v.counters[old]; found {
		delete(v.counters, old)
		v.counters[new] = n
	}
	return nil
}

// moveFiles writes the record to another place, with the backup codes, which name the
// new account, and removes the old files: all of it, or nothing.
func (v *Vault) moveFiles(from, to string, r record, id oath.ID) error {
	codes, err := v.exists(codesPath(from))
	if err != nil {
		return err
	}
	var sealedCodes []byte
	if codes {
		if taken, err := v.exists(codesPath(to)); err != nil || taken {
			return cmp.Or(err, oath.ErrExists)
		}
		if sealedCodes, err = v.codesFor(id, codesPath(from)); err != nil {
			return err
		}
	}
	sealed, err := v.sealRecord(r)
	if err != nil {
		return err
	}
	staged, err := v.disk.stage(path.Dir(to), sealed)
	if err != nil {
		return err
	}
	steps := []step{{staged, to}}
	if codes {
		stagedCodes, err := v.disk.create(path.Dir(to), sealedCodes)
		if err != nil {
			v.disk.remove(staged)
			return err
		}
		steps = append(steps, step{stagedCodes, codesPath(to)}, step{codesPath(from), ""})
	}
	return v.disk.perform(append(steps, step{from, ""}))
}

// Delete removes an account and its backup codes; the vault may be locked. It returns
// oath.ErrNotFound.
func (v *Vault) Delete(id oath.ID) error {
	return v.change("Delete "+label(id), func() error {
		file, err := v.locate(id)
		if err != nil {
			return err
		}
		steps := []step{{file, ""}}
		codes, err := v.exists(codesPath(file))
		if err != nil {
			return err
		}
		if codes {
			steps = []step{{codesPath(file), ""}, {file, ""}}
		}
		if err := v.disk.perform(steps); err != nil {
			return err
		}
		delete(v.counters, id)
		return nil
	})
}

// label returns an ID for a message.
func label(id oath.ID) string { return readable(string(id)) }

// readable returns a text on one line, without what could take over a terminal or change
// how its neighbours read.
func readable(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
}
