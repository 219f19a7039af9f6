package main

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/recognize"
	"github.com/tokenctl/tokenctl/backup/store"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/exchange"
)

// refusals returns an error for each entry that cannot be an account.
func (all *imported) refusals() error {
	var failures []error
	for _, r := range all.refused {
		failures = append(failures, fmt.Errorf("%q: %w: %w", term.Name(r.Label), errRefused, r.Err))
	}
	return errors.Join(failures...)
}

// recordCodes records the backup codes that the files hold beside accounts: those in
// their own place, and those in notes if that is what they are.
func (w *importing) recordCodes() error {
	var failures []error
	var s *store.Store
	for i, e := range w.accounts {
		text, sure := strings.Join(e.Codes, "\n"), true
		if text == "" {
			text, sure = e.Notes, false
		}
		if text == "" || len(w.results[i].Where()) == 0 {
			continue
		}
		if s == nil {
			var err error
			if s, err = w.p.open.StoreOf(w.t); err != nil {
				return err
			}
		}
		id := w.plans[i].Account.ID()
		a := store.Addition{ID: id, Service: s.Service(id, s.Ledger.Known(id).Record), Day: backup.Day(w.p.Now())}
		found, err := recognize.Codes([]byte(text), a.Service.Regexp())
		if !sure && (err != nil || len(found.Codes) < 2) {
			continue // it is a note like any other
		}
		label := term.Label(id)
		if err == nil && !sure {
			if w.p.Terminal == nil || w.o.yes {
				w.p.Note("%s: its notes seem to hold backup codes. If they are:\n  %s", label, term.Command("tokenctl backup add", id, ""))
				w.codesLeft = true
				continue
			}
			w.p.Terminal.Show("The notes of %s: %s", label, describeFound(found))
			err = w.p.Terminal.Agree(false, "Record them as its backup codes?")
			if errors.Is(err, term.ErrDeclined) {
				continue
			}
		}
		if err == nil {
			a.Codes = found.Set(a.Day)
			var added store.Added
			var record backup.Record
			if added, record, err = s.Add(a); err == nil {
				w.p.Note("%s: %s", label, outcomeOf(added, record))
			}
		}
		if err != nil && !errors.Is(err, store.ErrNothingNew) {
			failures = append(failures, fmt.Errorf("the backup codes of %q: %w", label, err))
		}
	}
	return errors.Join(failures...)
}

// importJSON is what was imported, or would be; docs/json.md describes it.
type importJSON struct {
	DryRun   bool           `json:"dry_run"`
	Files    []fileJSON     `json:"files"`
	Accounts []enrolledJSON `json:"accounts"`
	Refused  []refusedJSON  `json:"refused"`
}

type fileJSON struct {
	Name      string   `json:"name"`
	Format    string   `json:"format"`
	Encrypted bool     `json:"encrypted"`
	Accounts  int      `json:"accounts"`
	Warnings  []string `json:"warnings,omitempty"`
}

type refusedJSON struct {
	Name  string `json:"name"`
	Error string `json:"error"`
}

func (w *importing) describe() importJSON {
	j := importJSON{DryRun: w.o.dryRun}
	j.Files = mapSlice(w.files, func(f importedFile) fileJSON {
		return fileJSON{f.name, f.Format, !f.open, len(f.Entries), f.Warnings}
	})
	j.Accounts = w.planning.describe()
	j.Refused = mapSlice(w.refused, func(r exchange.Refusal) refusedJSON { return refusedJSON{r.Label, r.Err.Error()} })
	return j
}

var errFileKept = errors.New("the file is not deleted")

// disposeOfFiles deletes files in the clear if their owner wants that, and all that is in
// them is proved.
func (w *importing) disposeOfFiles(failure error) error {
	var failures []error
	for _, f := range w.files {
		if f.file == nil || !f.open || len(f.Entries) == 0 {
			continue
		}
		whole := failure == nil && w.o.query == "" && !w.codesLeft && !slices.ContainsFunc(w.skips, func(s skips) bool { return len(s) == len(w.t.Fleet) })
		switch {
		case w.o.deleteFile && !whole:
			failures = append(failures, fmt.Errorf("%w: %s: not all that is in it was imported", errFileKept, f.name))
			continue
		case w.o.deleteFile:
		case !whole || w.p.Terminal == nil || w.o.yes:
			w.p.Note("%s has the secrets in the clear, for anyone who finds it.", f.name)
			continue
		default:
			err := w.p.Terminal.Confirm(false, "%s has the secrets in the clear. Delete it?", f.name)
			if errors.Is(err, term.ErrDeclined) {
				continue
			}
			if err != nil {
				return err
			}
		}
		err := w.prove()
		if err == nil {
			err = w.p.deleteFile(f.file)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // as if it was named twice
			failures = append(failures, fmt.Errorf("%w: %s: %w", errFileKept, f.name, err))
		}
	}
	if len(failures) == 0 || failure != nil {
		return errors.Join(failures...)
	}
	return fmt.Errorf("%w: %w", term.ErrPartly, errors.Join(failures...))
}

// prove reads back from a vault that was locked what no token has computed a code of.
func (w *importing) prove() error {
	for _, r := range w.results {
		if r.IsChecked() {
			continue
		}
		if w.t.Vault == nil {
			return fmt.Errorf("%q is not proved", term.Printable(r.Account.Label()))
		}
		_, secret, err := w.t.Vault.Secret(r.Account.ID())
		if err != nil {
			return err
		}
		same := slices.Equal(secret.Bytes(), r.Secret.Bytes())
		secret.Clear()
		if !same {
			return fmt.Errorf("%q reads back with another secret", term.Printable(r.Account.Label()))
		}
	}
	return nil
}
