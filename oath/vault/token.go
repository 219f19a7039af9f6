package vault

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/tokenctl/tokenctl/oath"
)

// List returns every account, in the order of their IDs, as the file names tell
// them: it needs no unlock, and takes no decryption. Type, algorithm and digits
// are unknown; Codes tells them. A name longer than a file's ends in "…" here,
// unless the vault is unlocked.
//
// A *DamagedError names files that are no accounts, and comes with the accounts.
func (v *Vault) List() ([]oath.Account, error) {
	files, err := v.files()
	v.refreshIndex(len(files))
	return accountsOf(files), err
}

// accountsOf returns the accounts in sorted files, each once.
func accountsOf(files []fileName) []oath.Account {
	var accounts []oath.Account
	for i, f := range files {
		if i == 0 || f.id != files[i-1].id {
			accounts = append(accounts, f.id.Account(oath.TypeUnknown))
		}
	}
	return accounts
}

// Codes returns every account in the order of their IDs, with all there is to
// tell, and the code of those without a counter. It returns oath.ErrLocked, or a
// *DamagedError together with the accounts that are sound.
func (v *Vault) Codes(at time.Time) (entries []oath.Entry, err error) {
	err = v.withKey(func() error {
		entries, err = v.codes(at)
		return err
	})
	return entries, err
}

func (v *Vault) codes(at time.Time) ([]oath.Entry, error) {
	if v.identity == nil {
		return nil, oath.ErrLocked
	}
	files, err := v.files()
	var bad damage
	if damaged := (*DamagedError)(nil); errors.As(err, &damaged) {
		bad = damaged.Files
	} else if err != nil {
		return nil, err
	}
	var entries []oath.Entry
	seen := make(map[oath.ID]string)
	for _, f := range files {
		entry, err := v.entry(f.path, at)
		if err == nil {
			err = once(seen, entry.Account.ID(), f.path)
		}
		if err == nil {
			entries = append(entries, entry)
		} else if err := bad.add(err); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return entries, bad.err()
}

// once returns an error for the second file with the same account, which two
// machines may have made.
func once(seen map[oath.ID]string, id oath.ID, file string) error {
	if first, again := seen[id]; again {
		return &DamagedFile{file, fmt.Errorf("it holds the same account as %q", first)}
	}
	seen[id] = file
	return nil
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

// Find returns the accounts that fit a query best, as oath.Match does over List.
// For an ID, it looks at that account's file alone, and for the whole name of one
// among many at an index of names. It returns oath.ErrNotFound if none fits.
func (v *Vault) Find(query string) ([]oath.Account, error) {
	if query == "" {
		return nil, oath.ErrNotFound
	}
	id := oath.ID(query)
	if _, err := v.locate(id); err == nil {
		return []oath.Account{id.Account(oath.TypeUnknown)}, nil
	}
	if accounts := v.indexed(query); len(accounts) > 0 {
		return accounts, nil
	}
	files, err := v.scan()
	if damaged := (*DamagedError)(nil); err != nil && !errors.As(err, &damaged) {
		return nil, err
	}
	v.refreshIndex(len(files))
	// Whatever fits holds the query in its ID.
	folded := strings.ToLower(query)
	files = slices.DeleteFunc(files, func(f fileName) bool {
		return !strings.Contains(strings.ToLower(string(f.id)), folded)
	})
	sortFiles(files)
	return oath.Match(accountsOf(files), query)
}

// Code computes a code. For HOTP, the moved counter is on the disk before the
// code is returned; a code that comes with ErrNotCommitted is good. It returns
// oath.ErrNotFound before it returns oath.ErrLocked.
func (v *Vault) Code(a oath.Account, at time.Time) (code oath.Code, err error) {
	err = v.withKey(func() error {
		code, err = v.code(a, at)
		return err
	})
	return code, err
}

func (v *Vault) code(a oath.Account, at time.Time) (oath.Code, error) {
	file, err := v.locate(a.ID())
	if err != nil {
		return oath.Code{}, err
	}
	r, err := v.read(file)
	if err != nil {
		return oath.Code{}, err
	}
	defer r.key.Secret.Clear()
	if r.key.Account.Type == oath.HOTP {
		return v.nextCode(a.ID(), at)
	}
	return oath.Compute(r.key.Account, r.key.Secret, at)
}

// Secret returns an account with its secret and, for HOTP, its counter. It
// returns oath.ErrNotFound before it returns oath.ErrLocked.
func (v *Vault) Secret(id oath.ID) (oath.Account, oath.Secret, error) {
	var r record
	err := v.withKey(func() error {
		file, err := v.locate(id)
		if err == nil {
			r, err = v.read(file)
		}
		return err
	})
	return r.key.Account, r.key.Secret, err
}

// Put stores a new account; the vault may be locked. Touch is not kept. It
// returns oath.ErrExists, oath.ErrNoSpace, ErrReadOnly, ErrRecipientsChanged, or
// oath.ErrInvalid for a name that an otpauth URI cannot hold.
func (v *Vault) Put(a oath.Account, s oath.Secret) error {
	r, err := newRecord(a, s)
	if err != nil {
		return err
	}
	return v.change("Add "+a.Label(), func() error {
		if err := v.absent(a.ID()); err != nil {
			return err
		}
		file, err := v.place(a.ID())
		if err != nil {
			return err
		}
		return v.store(file, r)
	})
}

// Replace stores an account in the place of the one with the same ID, and keeps
// the lines that follow its URI: if it is there, the vault must be unlocked. A
// damaged file is replaced as a whole.
func (v *Vault) Replace(a oath.Account, s oath.Secret) error {
	r, err := newRecord(a, s)
	if err != nil {
		return err
	}
	return v.withKey(func() error {
		return v.change("Replace "+a.Label(), func() error { return v.replace(r) })
	})
}

func (v *Vault) replace(r record) error {
	id := r.key.Account.ID()
	file, err := v.locate(id)
	if errors.Is(err, oath.ErrNotFound) {
		if file, err = v.place(id); err != nil {
			return err
		}
		return v.store(file, r)
	}
	if err != nil {
		return err
	}
	before, err := v.read(file)
	if _, damaged := asDamaged(err); err != nil && !damaged {
		return err
	}
	before.key.Secret.Clear()
	r.lines = before.lines
	delete(v.counters, id) // a new secret begins to count anew
	return v.store(file, r)
}

// Rename gives an account another ID, in the file's name and in its content;
// backup codes go with it. The vault must be unlocked. It returns oath.ErrExists
// if there is such an account, or are backup codes of one, and both have codes.
func (v *Vault) Rename(old, new oath.ID) error {
	return v.withKey(func() error {
		return v.change(fmt.Sprintf("Rename %s to %s", label(old), label(new)), func() error {
			file, err := v.locate(old)
			if err != nil {
				return err
			}
			if v.identity == nil {
				return oath.ErrLocked
			}
			if old == new {
				return nil
			}
			if err := v.absent(new); err != nil {
				return err
			}
			return v.move(file, new)
		})
	})
}

func (v *Vault) move(file string, id oath.ID) error {
	r, err := v.read(file)
	if err != nil {
		return err
	}
	defer r.key.Secret.Clear()
	a := r.key.Account
	named := id.Account(a.Type)
	before := a.ID()
	a.Issuer, a.Name, a.Period = named.Issuer, named.Name, named.Period
	if a.IsSteam() != r.key.Account.IsSteam() {
		return fmt.Errorf("%w: %q is another kind of account than %q", oath.ErrUnsupported, label(id), label(before))
	}
	renamed, err := newRecord(a, r.key.Secret)
	if err != nil {
		return err
	}
	renamed.extra, renamed.lines = r.extra, r.lines
	to, err := v.place(id)
	if err != nil {
		return err
	}
	if err := v.moveFiles(file, to, renamed); err != nil {
		return err
	}
	if n, found := v.counters[before]; found {
		delete(v.counters, before)
		v.counters[id] = n
	}
	return nil
}

// moveFiles writes the record to another place, moves the backup codes there,
// and removes the old file: all of it, or nothing.
func (v *Vault) moveFiles(from, to string, r record) error {
	sealed, err := v.seal(r.content())
	if err != nil {
		return err
	}
	staged, err := v.disk.stage(path.Dir(to), sealed)
	if err != nil {
		return err
	}
	steps := []step{{staged, to}}
	there, err := v.disk.exists(codesPath(from))
	if err != nil {
		return err
	}
	if there {
		if taken, err := v.disk.exists(codesPath(to)); err != nil || taken {
			v.disk.remove(staged)
			return cmp.Or(err, oath.ErrExists)
		}
		steps = append(steps, step{codesPath(from), codesPath(to)})
	}
	return v.disk.perform(append(steps, step{from, ""}))
}

// Delete removes an account and its backup codes; the vault may be locked.
func (v *Vault) Delete(id oath.ID) error {
	return v.change("Delete "+label(id), func() error {
		file, err := v.locate(id)
		if err != nil {
			return err
		}
		if err := v.deleteFiles(file); err != nil {
			return err
		}
		delete(v.counters, id)
		return nil
	})
}

func (v *Vault) deleteFiles(file string) error {
	there, err := v.disk.exists(codesPath(file))
	if err != nil {
		return err
	}
	if there {
		return v.disk.perform([]step{{codesPath(file), ""}, {file, ""}})
	}
	return v.disk.take(step{file, ""})
}

// label returns an ID for a message: readable, and on one line.
func label(id oath.ID) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(string(id), "?"))
}

// read decrypts an account's file. The error is oath.ErrLocked, fs.ErrNotExist
// or a *DamagedFile.
func (v *Vault) read(file string) (record, error) {
	if v.identity == nil {
		return record{}, oath.ErrLocked
	}
	content, err := v.disk.read(file)
	if err != nil {
		return record{}, err
	}
	plain, err := openOwn(content, v.identity)
	if err != nil {
		return record{}, &DamagedFile{file, err}
	}
	defer clear(plain)
	r, err := parseRecord(plain)
	if err == nil && !mayHold(file, r.key.Account) {
		err = fmt.Errorf("%w: %q", errMisplaced, r.key.Account.Label())
	}
	if err != nil {
		return record{}, &DamagedFile{file, err}
	}
	return r, nil
}

// store encrypts a record, which needs no unlock, and writes it.
func (v *Vault) store(file string, r record) error {
	sealed, err := v.seal(r.content())
	if err != nil {
		return err
	}
	return v.disk.write(file, sealed)
}

// seal encrypts to the recipients that this machine trusts, which change has
// compared with those in the folder.
func (v *Vault) seal(content []byte) ([]byte, error) {
	defer clear(content)
	to, err := parseRecipients([]byte(v.trusted))
	if err != nil {
		return nil, &DamagedFile{recipientsFile, err}
	}
	return seal(content, to.keys...)
}

// locate returns the file of an account, without looking at any other account's.
// It returns oath.ErrNotFound, or a *DamagedFile if the way there is blocked.
func (v *Vault) locate(id oath.ID) (string, error) {
	for _, file := range paths(id) {
		there, err := v.disk.has(file)
		if err != nil || there {
			return file, err
		}
	}
	return v.locateByLabel(id)
}

// locateByLabel finds an account with an unusual period in the file where
// somebody put it by hand, who left the period out of the name.
func (v *Vault) locateByLabel(id oath.ID) (string, error) {
	name := oath.ID(id.Account(oath.TypeUnknown).Label())
	if name == id || v.identity == nil {
		return "", oath.ErrNotFound
	}
	for _, file := range paths(name) {
		there, err := v.disk.has(file)
		if err != nil {
			return "", err
		}
		if !there {
			continue
		}
		r, err := v.read(file)
		if err == nil && r.key.Account.ID() == id {
			return file, nil
		}
	}
	return "", oath.ErrNotFound
}

// absent returns oath.ErrExists if there is an account with that ID.
func (v *Vault) absent(id oath.ID) error {
	_, err := v.locate(id)
	switch {
	case errors.Is(err, oath.ErrNotFound):
		return nil
	case err == nil:
		return oath.ErrExists
	}
	return err
}

// place returns where to put an account that is not there yet.
//
// Backup codes that are there already keep their account's place.
func (v *Vault) place(id oath.ID) (string, error) {
	if err := v.dropIndex(); err != nil {
		return "", err
	}
	for _, file := range paths(id) {
		there, err := v.disk.has(codesPath(file))
		if err != nil || there {
			return file, err
		}
	}
	issuer, name := parts(id)
	folder := accountsFolder
	if issuer != "" {
		sub, err := v.disk.free(folder, stem(issuer), marked(issuer))
		if err != nil {
			return "", err
		}
		folder = path.Join(folder, sub)
	}
	file, err := v.disk.free(folder, stem(name)+accountSuffix, marked(name)+accountSuffix)
	return path.Join(folder, file), err
}
