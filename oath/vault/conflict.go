package vault

import (
	"bytes"
	"crypto/subtle"
	"errors"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tokenctl/tokenctl/oath"
)

// A Conflict is a file that two machines changed, and that git could not merge. Until
// it is settled, the file is neither read nor written, and nothing is committed.
type Conflict struct {
	Path        string  // in the vault, with slashes
	ID          oath.ID // of the account that the file, or its backup codes, belong to; "" for an unlock file
	Codes       bool    // the file holds the account's backup codes
	This, Other Side
	Settled     bool // nobody need choose: Keep(c, Merged) loses nothing

	objects objects
	merged  []byte // what to store if Settled; nil for no file
}

// A Side is what one machine made of a file: this one, or the other.
type Side struct {
	Changed time.Time    // the date of its last commit to the file; zero if not known
	Deleted bool         // it has no such file any more
	Account oath.Account // for HOTP with its counter
	Code    oath.Code    // of the account, for the time given to Conflicts; no counter moves
	Err     error        // why it cannot be read, and so not be kept

	stored []byte // what to store; nil for no file
}

// A Resolution is what becomes of a conflict.
type Resolution int

const (
	Merged Resolution = iota // what both come to
	This                     // what this machine made
	Other                    // what the other one made
)

// objects are git's names of a file's versions: what it was before, in HEAD and in
// what is merged (git-ls-files(1), "--unmerged"); "" where there is none.
type objects [3]string

// findConflicts learns from git which files are not merged.
func (v *Vault) findConflicts() error {
	if v.options.Git == nil || !v.isRepository() {
		v.unmerged = nil
		return nil
	}
	list, err := v.git("ls-files", "--unmerged", "-z")
	if err != nil {
		return err
	}
	v.unmerged = make(map[string]objects)
	for entry := range strings.SplitSeq(string(list), "\x00") {
		about, file, _ := strings.Cut(entry, "\t")
		fields := strings.Fields(about) // mode, object, stage
		if len(fields) != 3 {
			continue
		}
		if stage, err := strconv.Atoi(fields[2]); err == nil && stage >= 1 && stage <= 3 {
			o := v.unmerged[file]
			o[stage-1] = fields[1]
			v.unmerged[file] = o
		}
	}
	return nil
}

// Conflicted returns the files that two machines changed and that git could not
// merge, as of the last time that the vault was opened, changed or looked at by
// Conflicts. It is not known without git.
func (v *Vault) Conflicted() []string { return slices.Sorted(maps.Keys(v.unmerged)) }

// settled returns a *DamagedFile with ErrConflict, or ErrKeyConflict, for a file that
// is not merged.
func (v *Vault) settled(file string) error {
	_, conflicted := v.unmerged[file]
	switch {
	case !conflicted:
		return nil
	case file == recipientsFile:
		return &DamagedFile{file, ErrKeyConflict}
	}
	return &DamagedFile{file, ErrConflict}
}

// has is disk.has for a file that must be settled.
func (v *Vault) has(file string) (bool, error) {
	if err := v.settled(file); err != nil {
		return false, err
	}
	return v.disk.has(file)
}

// exists is disk.exists, likewise.
func (v *Vault) exists(file string) (bool, error) {
	if err := v.settled(file); err != nil {
		return false, err
	}
	return v.disk.exists(file)
}

// allSettled is settled for every file.
func (v *Vault) allSettled() error {
	var bad damage
	for _, file := range v.Conflicted() {
		bad.add(v.settled(file))
	}
	return bad.err()
}

// Conflicts returns what must be settled of the vault's own files, with both sides,
// and codes for the time that the clock shows once the vault is unlocked. MergeCodes
// makes one text of two with backup codes. The vault must be unlocked. It returns ErrKeyConflict if the public key is among
// what is not merged.
func (v *Vault) Conflicts(now func() time.Time, mergeCodes func(a, b []byte) ([]byte, error)) (all []Conflict, err error) {
	if err := v.findConflicts(); err != nil {
		return nil, err
	}
	if err := v.settled(recipientsFile); err != nil {
		return nil, err
	}
	err = v.withKey(func() error {
		all = nil
		at := now()
		for _, file := range v.Conflicted() {
			if !isAccountFile(file) && path.Dir(file) != unlockFolder {
				continue // the user's own
			}
			c := Conflict{Path: file, objects: v.unmerged[file]}
			this, other := v.readSides(&c)
			switch {
			case c.This.Deleted && c.Other.Deleted:
				c.Settled = true
			case c.objects[0] == "" && c.This.Deleted: // the other machine moved it here
				c.Settled, c.merged = true, c.Other.stored
			case c.objects[0] == "" && c.Other.Deleted:
				c.Settled, c.merged = true, c.This.stored
			case path.Dir(file) != unlockFolder:
				if err := v.compareSides(&c, this, other, at, mergeCodes); err != nil {
					return err
				}
			}
			clear(this)
			clear(other)
			all = append(all, c)
		}
		return nil
	})
	return all, err
}

// readSides reads what both machines made of a file, and returns it decrypted.
func (v *Vault) readSides(c *Conflict) (this, other []byte) {
	read := func(s *Side, object string, commits ...string) (plain []byte) {
		for _, commit := range commits {
			date, err := v.git("--literal-pathspecs", "rev-list", "-1", "--format=%ct", commit, "--", c.Path)
			lines := strings.Fields(string(date)) // "commit", its name, and the seconds since 1970
			if seconds, failed := strconv.ParseInt(lines[max(0, len(lines)-1)], 10, 64); err == nil && failed == nil {
				s.Changed = time.Unix(seconds, 0)
				break
			}
		}
		if s.Deleted = object == ""; s.Deleted {
			return nil
		}
		s.stored, s.Err = v.git("cat-file", "blob", object)
		if s.Err == nil && path.Dir(c.Path) != unlockFolder {
			plain, s.Err = v.decrypt(c.Path, s.stored)
		}
		return plain
	}
	ours, theirs := c.objects[1], c.objects[2]
	if v.Rebasing() {
		// A rebase puts this machine's commits on top of the other's.
		return read(&c.This, theirs, "REBASE_HEAD"), read(&c.Other, ours, "HEAD")
	}
	return read(&c.This, ours, "HEAD"), read(&c.Other, theirs, "MERGE_HEAD", "CHERRY_PICK_HEAD")
}

// compareSides reads an account, or its backup codes, from what both sides decrypt to,
// and settles what loses nothing. Of an HOTP account with the same secret, the higher
// counter counts on both sides: a service takes no code twice.
func (v *Vault) compareSides(c *Conflict, this, other []byte, at time.Time, mergeCodes func(a, b []byte) ([]byte, error)) (err error) {
	account, isCodes := strings.CutSuffix(c.Path, codesSuffix)
	if folder, err := parseFolder(path.Dir(c.Path)); err == nil {
		file, _ := folder.parseFile(strings.TrimSuffix(account, accountSuffix) + accountSuffix)
		c.ID = file.id
	}
	if c.Codes = isCodes; isCodes {
		var id oath.ID
		nameless := false
		for i, s := range []*Side{&c.This, &c.Other} {
			side := []*[]byte{&this, &other}[i]
			if *side == nil {
				continue
			}
			id, *side, s.Err = codesIn(c.Path, *side)
			if errors.Is(s.Err, ErrNameless) { // which may be kept, and is not merged with what may be another account's
				s.Err, nameless = nil, true
			}
		}
		if this == nil || other == nil || nameless || c.This.Err != nil || c.Other.Err != nil {
			return nil
		}
		if codes, failed := mergeCodes(this, other); failed == nil {
			c.merged, err = v.seal(ofAccount(id, codes))
			c.Settled = err == nil
		}
		return err
	}
	var records [2]record
	for i, s := range []*Side{&c.This, &c.Other} {
		if s.Deleted || s.Err != nil {
			continue
		}
		if records[i], s.Err = recordIn(c.Path, [][]byte{this, other}[i]); s.Err != nil {
			continue
		}
		defer records[i].key.Secret.Clear()
		s.Account = records[i].key.Account
		s.Code, s.Err = oath.Compute(s.Account, records[i].key.Secret, at)
		c.ID = s.Account.ID()
	}
	a, b := &records[0].key, &records[1].key
	if c.This.Deleted || c.Other.Deleted || c.This.Err != nil || c.Other.Err != nil || subtle.ConstantTimeCompare(a.Secret.Bytes(), b.Secret.Bytes()) == 0 {
		return nil
	}
	if a.Account.Type == oath.HOTP && b.Account.Type == oath.HOTP && a.Account.Counter != b.Account.Counter {
		behind, r := &c.This, &records[0]
		if a.Account.Counter > b.Account.Counter {
			behind, r = &c.Other, &records[1]
		}
		r.key.Account.Counter = max(a.Account.Counter, b.Account.Counter)
		if behind.stored, err = v.sealRecord(*r); err != nil {
			return err
		}
	}
	first, err := records[0].content()
	if err != nil {
		return err
	}
	second, err := records[1].content()
	if bytes.Equal(first, second) {
		c.Settled, c.merged = true, c.This.stored
	}
	return err
}

// Keep settles a conflict: it stores what was chosen, and commits if no other is left.
// It returns the reason why a side cannot be read, or ErrConflict if git has meanwhile
// merged other versions.
func (v *Vault) Keep(c Conflict, choice Resolution) error {
	kept := Side{stored: c.merged}
	switch choice {
	case This:
		kept = c.This
	case Other:
		kept = c.Other
	}
	if kept.Err != nil {
		return kept.Err
	}
	err := v.exclusive("Settle what two machines did to "+c.Path, v.trusting(func() error {
		if v.unmerged[c.Path] != c.objects || choice == Merged && !c.Settled {
			return &DamagedFile{c.Path, ErrConflict}
		}
		var err error
		if kept.stored == nil {
			err = v.disk.take(step{c.Path, ""})
		} else {
			err = v.disk.write(c.Path, kept.stored)
		}
		if err == nil {
			_, err = v.git("--literal-pathspecs", "add", "--all", "--", c.Path)
		}
		if choice != Merged { // the counter is that of the side
			delete(v.counters, c.ID)
		}
		return err
	}))
	if errors.Is(err, ErrNotCommitted) && len(v.unmerged) > 0 {
		return nil // the last one that is settled commits all
	}
	return v.warn(err)
}

// Rebasing reports whether git is in the middle of a rebase, which goes on with
// "git rebase --continue".
func (v *Vault) Rebasing() bool {
	if v.options.Git == nil || !v.isRepository() {
		return false
	}
	_, err := v.git("rev-parse", "--verify", "--quiet", "REBASE_HEAD")
	return err == nil
}
