package vault

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/tokenctl/tokenctl/oath"
)

// A shelf is a folder of accounts: one issuer's, or the one above, of those
// without issuer.
type shelf struct {
	folder string
	files  []string // names of age files in it
}

// shelves returns the names of all accounts and backup codes, and looks at none
// of the files. Hidden files, and files of other kinds, are the user's own
// business.
func (d disk) shelves() ([]shelf, damage, error) {
	var bad damage
	names, err := d.list(accountsFolder)
	if err != nil || len(names) == 0 {
		return nil, bad, bad.add(err)
	}
	parent, err := d.root.Open(accountsFolder)
	if err != nil {
		return nil, bad, sayDisk("looking for accounts", err)
	}
	defer parent.Close()
	shelves := []shelf{{accountsFolder, ageFiles(names)}}
	for _, name := range names {
		if name[0] == '.' || strings.HasSuffix(name, accountSuffix) {
			continue
		}
		files, ok := listQuickly(parent, name)
		if !ok {
			files, err = d.list(accountsFolder + "/" + name)
			if file, damaged := asDamaged(err); damaged && !errors.Is(err, errNotFolder) {
				bad = append(bad, *file)
			}
		}
		shelves = append(shelves, shelf{accountsFolder + "/" + name, ageFiles(files)})
	}
	return shelves, bad, nil
}

// ageFiles returns which of the names are those of age files.
func ageFiles(names []string) []string {
	var files []string
	for _, name := range names {
		if name[0] != '.' && strings.HasSuffix(name, accountSuffix) {
			files = append(files, name)
		}
	}
	return files
}

// files returns the accounts' files in the order of their IDs, and a
// *DamagedError for those that are none.
func (v *Vault) files() ([]fileName, error) {
	files, err := v.scan()
	sortFiles(files)
	return files, err
}

func sortFiles(files []fileName) {
	slices.SortFunc(files, func(a, b fileName) int {
		// Of two files with the same ID, locate takes the one without a mark.
		return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(len(a.path), len(b.path)), cmp.Compare(a.path, b.path))
	})
}

// scan is files in no order.
func (v *Vault) scan() ([]fileName, error) {
	return v.scanFor(func(file string) (string, bool) {
		return file, !strings.HasSuffix(file, codesSuffix)
	})
}

// scanFor returns the files that are wanted, by the names of the accounts' files
// that they belong to.
func (v *Vault) scanFor(wanted func(file string) (account string, ok bool)) ([]fileName, error) {
	shelves, bad, err := v.disk.shelves()
	if err != nil {
		return nil, err
	}
	var files []fileName
	for _, s := range shelves {
		issuer, err := parseFolder(s.folder)
		if err != nil {
			bad = append(bad, DamagedFile{s.folder, err})
			continue
		}
		for _, file := range s.files {
			account, ok := wanted(file)
			if !ok {
				continue
			}
			f, err := v.nameFile(issuer, s.folder+"/"+account)
			if err == nil {
				files = append(files, f)
			} else if err := bad.add(err); err != nil {
				return nil, err
			}
		}
	}
	return files, bad.err()
}

// nameFile returns the account that a file is named for. Where the name was cut
// and the vault is unlocked, the file itself tells.
func (v *Vault) nameFile(issuer part, name string) (fileName, error) {
	f, err := issuer.parseFile(name)
	if err != nil {
		return f, &DamagedFile{name, err}
	}
	if f.cut && v.identity != nil {
		if r, err := v.read(name); err == nil {
			r.key.Secret.Clear()
			f.id = r.key.Account.ID()
		}
	}
	return f, nil
}

// ages returns every age file below the folder of accounts, and a *DamagedError
// for folders that cannot be looked into.
func (v *Vault) ages() ([]string, error) {
	shelves, bad, err := v.disk.shelves()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, s := range shelves {
		for _, file := range s.files {
			names = append(names, s.folder+"/"+file)
		}
	}
	return names, bad.err()
}

// ListBackupCodes returns the accounts that backup codes are stored for, in the
// order of their IDs, as List does; it needs no unlock.
func (v *Vault) ListBackupCodes() ([]oath.Account, error) {
	files, err := v.scanFor(func(file string) (string, bool) {
		account, found := strings.CutSuffix(file, codesSuffix)
		return account + accountSuffix, found
	})
	sortFiles(files)
	return accountsOf(files), err
}
