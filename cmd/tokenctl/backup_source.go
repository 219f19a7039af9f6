package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/recognize"
	"github.com/tokenctl/tokenctl/backup/store"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
)

// A codesSource is where codes were read, and what was found there.
type codesSource struct {
	found recognize.Found
	file  *secretFile // nil if it is no file that could be deleted
}

// readCodes reads the codes of an addition.
func (p *program) readCodes(a *store.Addition, o backupAddOptions) (codesSource, error) {
	var s codesSource
	if o.onPaper > backup.MaxCodes {
		return s, fmt.Errorf("%d: %w", o.onPaper, backup.ErrTooLarge)
	}
	if o.onPaper > 0 {
		a.Codes = make([]backup.Code, o.onPaper)
		return s, nil
	}
	text, err := p.readCodesText(&s, o.source)
	if o.verbatim && errors.Is(err, fs.ErrNotExist) { // whatever it looks like
		err = errCodesInArgs
	}
	if err != nil {
		return s, err
	}
	defer clear(text)
	if o.verbatim {
		s.found, err = recognize.Verbatim(text)
	} else {
		s.found, err = recognize.Codes(text, a.Service.Regexp())
	}
	if err != nil {
		return s, err
	}
	a.Codes = s.found.Set(a.Day)
	if a.Replaces > 0 && len(a.Codes) != 1 {
		return s, term.Usagef("--replace-number takes one code, and there are %d", len(a.Codes))
	}
	return s, nil
}

// readCodesText reads at most one byte more than is taken for codes.
func (p *program) readCodesText(s *codesSource, source string) (text []byte, err error) {
	switch source {
	case "":
		if p.Terminal == nil {
			return nil, term.Usagef("no codes: name a FILE, or - for standard input")
		}
		return p.Terminal.Paste("Paste the codes", backup.MaxText)
	case "-":
		text, err = io.ReadAll(io.LimitReader(p.In, backup.MaxText+1))
		if err != nil {
			return nil, fmt.Errorf("reading standard input: %w", err)
		}
		return text, nil
	}
	text, s.file, err = readCodesFile(source)
	return text, err
}

// readCodesFile reads a file. The secretFile is nil unless it is a regular file.
func readCodesFile(path string) ([]byte, *secretFile, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := recognize.Codes([]byte(path), nil); err == nil {
			return nil, nil, errCodesInArgs
		}
	}
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, nil, err
	}
	text, err := io.ReadAll(io.LimitReader(file, backup.MaxText+1))
	if err != nil {
		return nil, nil, fmt.Errorf("reading %s: %w", term.Printable(path), err)
	}
	if !info.Mode().IsRegular() {
		return text, nil, nil
	}
	return text, &secretFile{path, info}, nil
}

var (
	// errCodesInArgs says that a FILE is not there, and may be a code, which it does not
	// quote.
	errCodesInArgs = term.Usagef("there is no such file; codes do not belong on the command line, which other programs can read")

	// errNotDeleted says that codes were recorded, and their file is still there.
	errNotDeleted = errors.New("the file with the codes is not deleted")
)

// disposeOf deletes the file that codes came from, if its owner wants that.
func (p *program) disposeOf(st *open.Store, a store.Addition, s codesSource, o backupAddOptions) error {
	if s.file == nil {
		if o.deleteFile {
			return fmt.Errorf("%w: %w: %s is not a regular file", term.ErrPartly, errNotDeleted, term.Printable(o.source))
		}
		return nil
	}
	name := term.Printable(s.file.path)
	if !o.deleteFile {
		if p.Terminal == nil || o.yes {
			p.Note("%s still has the codes, for anyone who finds it. To delete it once they are read back: --delete-file", name)
			return nil
		}
		err := p.Terminal.Confirm(false, "Delete %s, which has the codes for anyone who finds it?", name)
		if errors.Is(err, term.ErrDeclined) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	if st.Locked() {
		p.Note("First, the codes are read back from the vault.")
	}
	err := st.Verify(a.ID, a.Codes)
	if err == nil {
		err = p.deleteFile(s.file)
	}
	if err != nil {
		return fmt.Errorf("%w: %w: %s: %w", term.ErrPartly, errNotDeleted, name, err)
	}
	return nil
}
