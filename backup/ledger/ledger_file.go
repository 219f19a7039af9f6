package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/tokenctl/tokenctl/oath/durable"
)

// ReadLedger reads a ledger. One that is not there is empty. It returns
// ErrDamaged or ErrNewer, with the file's name.
func Read(path string) (*Ledger, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return new(Ledger), nil
	}
	if err != nil {
		return nil, err
	}
	l, err := parseLedger(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return l, nil
}

// UpdateLedger changes a ledger, which is made if it is not there. Other
// processes that want to do so wait meanwhile. If change returns an error, that is
// returned, and the file stays as it is; so it does, with ErrDamaged or ErrNewer,
// if it cannot be read.
func Update(path string, change func(*Ledger) error) error {
	return durable.Update(path, func(old []byte) ([]byte, error) {
		l := new(Ledger)
		if old != nil {
			var err error
			if l, err = parseLedger(old); err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
		}
		if err := change(l); err != nil {
			return nil, err
		}
		if err := l.check(); err != nil {
			return nil, fmt.Errorf("writing %s: %w", path, err)
		}
		return l.write()
	})
}

// ReadDue returns a ledger's reminders. It reads no further than these go, so that
// every command can afford it, and does not notice damage behind them.
func ReadDue(path string) ([]Due, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	due, err := decodeDue(json.NewDecoder(f))
	if err == nil {
		return due, nil
	}
	// Somebody put it into another order, or it is damaged.
	l, err := Read(path)
	if err != nil {
		return nil, err
	}
	return l.Due, nil
}

var errOtherOrder = errors.New("format and due do not come first")

// decodeDue reads the beginning of a ledger: {"format":1,"due":[...]
func decodeDue(decoder *json.Decoder) ([]Due, error) {
	var format int
	var list []dueJSON
	if !isNext(decoder, json.Delim('{')) || !isNext(decoder, "format") || decoder.Decode(&format) != nil ||
		format != ledgerFormat || !isNext(decoder, "due") || decoder.Decode(&list) != nil {
		return nil, errOtherOrder
	}
	due := make([]Due, len(list))
	for i, j := range list {
		due[i] = j.read()
	}
	return due, nil
}

func isNext(decoder *json.Decoder, want json.Token) bool {
	token, err := decoder.Token()
	return err == nil && token == want
}
