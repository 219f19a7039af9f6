package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

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
			return nil, term.Usagef("there are no codes: name a FILE, or - for standard input")
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

// maxIgnored is the number of lines that were not taken for codes, and are shown.
const maxIgnored = 5

// describeFound says what a text was taken for, on the terminal alone: the
// beginning of a code, and lines that may be codes, belong nowhere else.
func describeFound(f recognize.Found) string {
	var b strings.Builder
	b.WriteString(term.Count(len(f.Codes), "code"))
	if f.Numbered {
		b.WriteString(", numbered")
	}
	first := []rune(f.Codes[0].Text)
	fmt.Fprintf(&b, ", like %s…", term.Printable(string(first[:(len(first)+2)/3])))
	if n := len(f.Repeated); n > 0 {
		fmt.Fprintf(&b, "; %d more came twice", n)
	}
	used := 0
	for _, c := range f.Codes {
		if c.Used {
			used++
		}
	}
	if used > 0 {
		fmt.Fprintf(&b, "; %d marked as used", used)
	}
	if len(f.Ignored) > 0 {
		fmt.Fprintf(&b, "; not taken for codes:")
	}
	for i, line := range f.Ignored {
		if i == maxIgnored {
			fmt.Fprintf(&b, "\n  and %d more", len(f.Ignored)-i)
			break
		}
		fmt.Fprintf(&b, "\n  line %d: %s", line.Number, term.Printable(line.Text))
	}
	return b.String()
}

// A secretFile is a file with secrets or codes in it, which its owner may want to be rid
// of: its name is what thieves look for.
type secretFile struct {
	path string
	info fs.FileInfo // of the file that was read
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

	errIsLink  = errors.New("it is a link to another file, which has the secrets")
	errNotSame = errors.New("it was changed meanwhile")
)

// remove deletes the very file that was read. Of a link it would only delete the
// link.
func (f secretFile) remove() error {
	info, err := os.Lstat(f.path)
	switch {
	case err != nil:
		return err
	case info.Mode()&fs.ModeSymlink != 0:
		return errIsLink
	case !os.SameFile(info, f.info) || info.Size() != f.info.Size() || !info.ModTime().Equal(f.info.ModTime()):
		return errNotSame
	}
	return os.Remove(f.path)
}

// disposeOf deletes the file that codes came from, if its owner wants that.
func (p *program) disposeOf(st *open.Store, a store.Addition, s codesSource, o backupAddOptions) error {
	if s.file == nil {
		if o.deleteFile {
			return fmt.Errorf("%w: %w: %s is no regular file", term.ErrPartly, errNotDeleted, term.Printable(o.source))
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

func (p *program) deleteFile(f *secretFile) error {
	if err := f.remove(); err != nil {
		return err
	}
	p.Note("%s is deleted. What was on the disk may still be found there, and in its copies: backups, synchronised folders.", term.Printable(f.path))
	return nil
}
