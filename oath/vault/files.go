package vault

import (
	"cmp"
	"errors"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

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
func (d disk) shelves() ([]shelf, damage) {
	var bad damage
	names, err := d.list(accountsFolder)
	bad.add(err) // list returns no other errors
	shelves := []shelf{{accountsFolder, ageFiles(names)}}
	for _, name := range names {
		if name[0] == '.' || strings.HasSuffix(name, accountSuffix) {
			continue
		}
		folder := accountsFolder + "/" + name
		files, err := d.list(folder)
		if !errors.Is(err, errNotFolder) {
			bad.add(err)
			shelves = append(shelves, shelf{folder, ageFiles(files)})
		}
	}
	return shelves, bad
}

func ageFiles(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return name[0] == '.' || !strings.HasSuffix(name, accountSuffix)
	})
}

// files returns the accounts' files in the order of their IDs, or with codesSuffix
// those of the accounts that backup codes are stored for; and the files that are
// none.
func (v *Vault) files(suffix string) ([]fileName, damage) {
	shelves, bad := v.disk.shelves()
	var files []fileName
	for _, s := range shelves {
		issuer, err := parseFolder(s.folder)
		if err != nil {
			bad = append(bad, DamagedFile{s.folder, err})
			continue
		}
		for _, file := range s.files {
			account, isCodes := strings.CutSuffix(file, codesSuffix)
			if isCodes != (suffix == codesSuffix) {
				continue
			}
			if isCodes {
				file = account + accountSuffix
			}
			f, err := issuer.parseFile(s.folder + "/" + file)
			if err != nil {
				bad = append(bad, DamagedFile{f.path, err})
				continue
			}
			if f.cut && v.identity != nil { // the content has the whole ID
				if r, err := v.read(f.path); err == nil {
					r.key.Secret.Clear()
					f.id = r.key.Account.ID()
				}
			}
			files = append(files, f)
		}
	}
	slices.SortFunc(files, func(a, b fileName) int {
		// Of two files with the same ID, locate takes the one without a mark.
		return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(len(a.path), len(b.path)), cmp.Compare(a.path, b.path))
	})
	return files, bad
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

// get returns an account's file, and what is in it. The errors are those of locate
// and read; the file comes with the latter's.
func (v *Vault) get(id oath.ID) (file string, r record, err error) {
	file, err = v.locate(id)
	if err != nil {
		return "", record{}, err
	}
	r, err = v.read(file)
	return file, r, err
}

// locate returns the file of an account, without looking at any other account's.
// It returns oath.ErrNotFound, or a *DamagedFile if the way there is blocked.
func (v *Vault) locate(id oath.ID) (string, error) {
	for _, file := range paths(id) {
		there, err := v.has(file)
		if err != nil || there {
			return file, err
		}
	}
	// Who puts an account with an unusual period there by hand leaves the period
	// out of the name.
	name := oath.ID(id.Account(oath.TypeUnknown).Label())
	if name == id || v.identity == nil {
		return "", oath.ErrNotFound
	}
	for _, file := range paths(name) {
		there, err := v.has(file)
		if err != nil {
			return "", err
		}
		if !there {
			continue
		}
		if r, err := v.read(file); err == nil && r.key.Account.ID() == id {
			return file, nil
		}
	}
	return "", oath.ErrNotFound
}

// absent returns oath.ErrExists if there is an account with that ID.
func (v *Vault) absent(id oath.ID) error {
	candidates := paths(id)
	if label := oath.ID(id.Account(oath.TypeUnknown).Label()); label != id {
		candidates = append(candidates, paths(label)...)
	}
	for _, file := range candidates {
		there, err := v.isNamed(file)
		if err != nil {
			return err
		}
		if !there {
			continue
		}
		if _, err := v.locate(id); !errors.Is(err, oath.ErrNotFound) {
			return cmp.Or(err, oath.ErrExists)
		}
	}
	return nil
}

// place returns where to put an account that is not there yet. Backup codes that
// are there already keep their account's place.
func (v *Vault) place(id oath.ID) (string, error) {
	for _, file := range paths(id) {
		there, err := v.isNamed(codesPath(file))
		if there {
			there, err = v.has(codesPath(file))
		}
		if err != nil || there {
			return file, err
		}
	}
	issuer, name := parts(id)
	folder := accountsFolder
	if issuer != "" {
		sub, err := v.free(folder, stem(issuer), marked(issuer))
		if err != nil {
			return "", err
		}
		folder = path.Join(folder, sub)
	}
	file, err := v.free(folder, stem(name)+accountSuffix, marked(name)+accountSuffix)
	return path.Join(folder, file), err
}

// names are those in a folder, which is read once in a change: no other process writes
// meanwhile.
type names struct {
	all    map[string]bool // in Unicode's normal form C
	folded map[string]bool // as foldName has them; nil until needed
}

// add adds a name that a change brings.
func (n *names) add(name string) {
	n.all[name] = true
	if n.folded != nil {
		n.folded[foldName(name)] = true
	}
}

// namesIn returns the names in a folder of accounts, and sweeps it. A change can call it.
func (v *Vault) namesIn(folder string) (*names, error) {
	if known := v.names[folder]; known != nil {
		return known, nil
	}
	found := &names{all: make(map[string]bool)}
	if folder != accountsFolder {
		above, err := v.namesIn(path.Dir(folder))
		if err != nil {
			return nil, err
		}
		if !above.all[path.Base(folder)] {
			v.names[folder] = found
			return found, nil
		}
	}
	list, err := v.disk.sweep(folder)
	if err != nil {
		return nil, err
	}
	for _, name := range list {
		found.all[norm.NFC.String(name)] = true
	}
	v.names[folder] = found
	return found, nil
}

// isNamed reports whether a file may be there, by its name alone, or is not merged.
func (v *Vault) isNamed(file string) (bool, error) {
	n, err := v.namesIn(path.Dir(file))
	return err == nil && n.all[path.Base(file)] || v.settled(file) != nil, err
}

// free returns the usual name for something new in a folder, or the other one if
// there is a name that differs in case alone. It is for a folder, too, that is
// there under the name that is returned.
func (v *Vault) free(folder, usual, other string) (string, error) {
	n, err := v.namesIn(folder)
	if err != nil || n.all[usual] {
		return usual, err
	}
	if n.folded == nil {
		n.folded = make(map[string]bool, len(n.all))
		for name := range n.all {
			n.folded[foldName(name)] = true
		}
	}
	if n.folded[foldName(usual)] {
		return other, nil
	}
	return usual, nil
}
