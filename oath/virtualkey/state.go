package virtualkey

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/tokenctl/tokenctl/oath/durable"
)

// state is what the key keeps without power. Its file is JSON, byte strings in
// base64 (RFC 4648, 4):
//
//	{
//	  "format": 1,
//	  "serial": 12345678,
//	  "oath": {
//	    "salt": "8 bytes",
//	    "code": {"algorithm": 33, "key": "16 bytes"},
//	    "accounts": [
//	      {"name": "GitHub:alice", "algorithm": 33, "digits": 6, "key": "...",
//	       "touch": true, "increasing": true, "counter": 0, "last": "8 bytes"}
//	    ]
//	  },
//	  "management": {"disabled_usb": 32, ...},
//	  "piv": {
//	    "pin": {"value": "8 bytes", "tries": 3, "left": 3},
//	    "puk": {"value": "8 bytes", "tries": 3, "left": 3},
//	    "management": {"algorithm": 10, "key": "24 bytes", "touch": true},
//	    "keys": {"9a": {"private": "PKCS #8", "pin": 2, "touch": 1, "imported": true}},
//	    "objects": {"5fc105": "..."},
//	    "unattested": true
//	  }
//	}
//
// An algorithm is the byte of the protocol, type or-ed with hash. The name is a
// byte string too. The firmware is no part of the state: it may be updated.
type state struct {
	Format     int             `json:"format"`
	Serial     uint32          `json:"serial"`
	OATH       oathState       `json:"oath"`
	Management managementState `json:"management"`
	PIV        *pivState       `json:"piv,omitempty"` // nil until the applet is selected
}

// stateFormat is the version of the file's format.
const stateFormat = 1

// ErrInUse is returned for a state file that another key has open.
var ErrInUse = errors.New("in use by another virtual key")

// ErrState is returned for a state file that is damaged or from another version.
var ErrState = errors.New("not the state of a virtual key")

// clone returns a copy that can be changed separately.
func (s *state) clone() *state {
	c := *s
	c.OATH.Accounts = make([]*account, len(s.OATH.Accounts))
	for i, a := range s.OATH.Accounts {
		copied := *a
		c.OATH.Accounts[i] = &copied
	}
	c.PIV = s.PIV.clone()
	return &c
}

func (s *state) check() error {
	if s.Format != stateFormat {
		return fmt.Errorf("format %d is unknown", s.Format)
	}
	return errors.Join(s.OATH.check(), s.PIV.check())
}

// A store is a state file, held locked. The zero store keeps nothing.
type store struct {
	path string
	lock *os.File
}

// openStore locks the state file at path, which need not exist yet.
func openStore(path string) (store, error) {
	lock, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return store{}, fmt.Errorf("locking the state: %w", err)
	}
	if err := lockFile(lock); err != nil {
		lock.Close()
		return store{}, fmt.Errorf("locking %s: %w", path, err)
	}
	return store{path: path, lock: lock}, nil
}

func (st store) close() error {
	if st.lock == nil {
		return nil
	}
	return st.lock.Close()
}

// load returns the state, or nil if the file is not there.
func (st store) load() (*state, error) {
	b, err := os.ReadFile(st.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the state: %w", err)
	}
	s, err := parseState(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", st.path, ErrState, err)
	}
	return s, nil
}

func parseState(b []byte) (*state, error) {
	var s state
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return nil, fmt.Errorf("at byte %d: %w", d.InputOffset(), err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("at byte %d: more after the end", d.InputOffset())
	}
	return &s, s.check()
}

// save replaces the file such that a crash leaves the old or the new.
func (st store) save(s *state) error {
	if st.path == "" {
		return nil
	}
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the state: %w", err)
	}
	if err := durable.Replace(st.path, append(b, '\n')); err != nil {
		return fmt.Errorf("writing the state: %w", err)
	}
	return nil
}
