package vault

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// journalFile holds a change that takes several steps, from when it is decided
// until it is done. A writer that was killed in between left it there, and whoever
// comes next finishes the change.
const journalFile = ".journal"

// A step moves a file, or removes it if To is empty. It may be taken again.
type step struct {
	From string `json:"from"`
	To   string `json:"to,omitempty"`
}

// perform takes steps, all of them or none. What a step moves is on the disk
// already.
func (d disk) perform(steps []step) error {
	content, err := json.Marshal(steps)
	if err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	if err := d.write(journalFile, content); err != nil {
		if first := steps[0].From; isTemporary(path.Base(first)) {
			d.root.Remove(first)
		}
		return err
	}
	return d.replay()
}

// replay finishes the change in the journal, if there is one. The caller has the
// lock.
func (d disk) replay() error {
	content, err := d.read(journalFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	steps, err := parseJournal(content)
	if err != nil {
		return &DamagedFile{journalFile, err}
	}
	for _, s := range steps {
		if err := d.take(s); err != nil {
			return err
		}
	}
	return d.remove(journalFile)
}

func (d disk) take(s step) error {
	if _, err := d.root.Lstat(s.From); errors.Is(err, fs.ErrNotExist) {
		return nil // taken before
	}
	if s.To != "" {
		return d.rename(s.From, s.To)
	}
	if err := d.remove(s.From); err != nil {
		return err
	}
	return d.prune(path.Dir(s.From))
}

var errJournal = errors.New("not a journal of tokenctl's")

// parseJournal takes nothing but what perform may have written: the folder may
// have come from somewhere else.
func parseJournal(content []byte) ([]step, error) {
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	var steps []step
	if err := decoder.Decode(&steps); err != nil {
		return nil, errJournal
	}
	for _, s := range steps {
		if !isAccountFile(s.From) || s.To != "" && !isAccountFile(s.To) {
			return nil, errJournal
		}
	}
	return steps, nil
}

func isAccountFile(name string) bool {
	below, found := strings.CutPrefix(name, accountsFolder+"/")
	return found && path.Clean(name) == name && strings.Count(below, "/") <= 1 &&
		(strings.HasSuffix(name, accountSuffix) || isTemporary(path.Base(name)))
}

// recover finishes what a killed writer left undone, if the disk lets it.
func (d disk) recover() error {
	if there, err := d.exists(journalFile); err != nil || !there {
		return err
	}
	unlock, err := d.lock()
	if errors.Is(err, ErrReadOnly) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unlock()
	return d.replay()
}
