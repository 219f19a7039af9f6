package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/recognize"
)

// A codesSource is where codes were read, and what was found there.
type codesSource struct {
	found recognize.Found
	file  *codesFile // nil if it is no file that could be deleted
}

// readCodes reads the codes of an addition.
func (p *program) readCodes(a *addition, o backupAddOptions) (codesSource, error) {
	var s codesSource
	if o.onPaper > backup.MaxCodes {
		return s, fmt.Errorf("%d: %w", o.onPaper, backup.ErrTooLarge)
	}
	if o.onPaper > 0 {
		a.codes = make([]backup.Code, o.onPaper)
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
		s.found, err = recognize.Codes(text, a.service.Regexp())
	}
	if err != nil {
		return s, err
	}
	a.codes = s.found.Set(a.day)
	if a.replaces > 0 && len(a.codes) != 1 {
		return s, usagef("--replace-number takes one code, and there are %d", len(a.codes))
	}
	return s, nil
}

// readCodesText reads at most one byte more than is taken for codes.
func (p *program) readCodesText(s *codesSource, source string) (text []byte, err error) {
	switch source {
	case "":
		if p.terminal == nil {
			return nil, usagef("there are no codes: name a FILE, or - for standard input")
		}
		return p.terminal.paste("Paste the codes", backup.MaxText)
	case "-":
		text, err = io.ReadAll(io.LimitReader(p.in, backup.MaxText+1))
		if err != nil {
			return nil, fmt.Errorf("reading standard input: %w", err)
		}
		return text, nil
	}
	text, s.file, err = readCodesFile(source)
	return text, err
}
