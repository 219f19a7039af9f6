package issuer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// A content is what is in a file that FileStore takes over.
type content struct {
	Version int      `json:"version"` // 1
	Users   []record `json:"users"`   // by name
}

const contentVersion = 1

// maxFileSize bounds such a file, in bytes.
const maxFileSize = 32 << 20

// parseContent reads a file; one without a byte in it is new. It returns ErrDamaged
// for all that was never written: to go on with a part of it would lose the rest, or
// spend a code twice.
func parseContent(text []byte) (*content, error) {
	if len(text) == 0 {
		return &content{Version: contentVersion}, nil
	}
	if len(text) > maxFileSize {
		return nil, fmt.Errorf("%w: it is larger than %d MB", ErrDamaged, maxFileSize>>20)
	}
	var c content
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil {
		return nil, fmt.Errorf("%w: near byte %d: %v", ErrDamaged, decoder.InputOffset(), err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: more follows at byte %d", ErrDamaged, decoder.InputOffset())
	}
	if err := c.validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return &c, nil
}

func (c *content) validate() error {
	if c.Version != contentVersion {
		return fmt.Errorf("version %d is not %d; a newer tokenctl may know it", c.Version, contentVersion)
	}
	for i := range c.Users {
		r := &c.Users[i]
		if i > 0 && c.Users[i-1].User >= r.User {
			return fmt.Errorf("user %d is out of order, or there twice", i+1)
		}
		if err := r.validate(); err != nil {
			return fmt.Errorf("user %d: %w", i+1, err)
		}
	}
	return nil
}

func (r *record) validate() error {
	if r.User == "" || r.Attempts.Failed < 0 {
		return errors.New("a name or a number that cannot be")
	}
	last := 0
	states := make(map[State]int)
	for _, s := range r.Sets {
		if s.Generation <= last || s.Generation > r.Last {
			return fmt.Errorf("generation %d is out of order", s.Generation)
		}
		last = s.Generation
		states[s.State]++
		if err := s.validate(); err != nil {
			return fmt.Errorf("generation %d: %w", s.Generation, err)
		}
	}
	if states[Current] > 1 || states[Pending] > 1 {
		return errors.New("two sets are in the place of one")
	}
	return nil
}

func (s Set) validate() error {
	switch {
	case s.State != Pending && s.State != Current && s.State != Superseded:
		return fmt.Errorf("the state is %q", s.State)
	case s.Length < 1 || len(s.Codes) == 0:
		return errors.New("there are no codes in it")
	}
	for n, c := range s.Codes {
		if c.Number != n+1 || c.Hash == "" {
			return fmt.Errorf("code %d is not in its place, or has no hash", n+1)
		}
	}
	return s.Alphabet.validate()
}
