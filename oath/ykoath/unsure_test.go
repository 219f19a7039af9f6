package ykoath

import (
	"errors"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/oath"
)

// A gone card was pulled out before it could answer.
type gone struct{}

func (gone) Transmit([]byte) ([]byte, error) { return nil, nil }

// A change whose answer is missing may have been made; a read changes nothing, and a
// refusal is an answer.
func TestUnsure(t *testing.T) {
	secret, err := oath.NewSecret([]byte("12345678901234567890"))
	if err != nil {
		t.Fatal(err)
	}
	s := &Session{card: gone{}, unlocked: true, ids: []oath.ID{"there"}}
	totp, hotp := oath.ID("new").Account(oath.TOTP).WithDefaults(), oath.ID("new").Account(oath.HOTP).WithDefaults()
	for name, test := range map[string]struct {
		do     func() error
		unsure bool
	}{
		"PUT":             {func() error { s.ids = []oath.ID{"there"}; return s.Put(totp, secret) }, true},
		"DELETE":          {func() error { return s.Delete("there") }, true},
		"RENAME":          {func() error { s.ids = []oath.ID{"there"}; return s.Rename("there", "new") }, true},
		"SET CODE":        {func() error { return s.setCode(nil) }, true},
		"RESET":           {func() error { return s.Reset() }, true},
		"CALCULATE, HOTP": {func() error { _, err := s.Code(hotp, time.Time{}); return err }, true},
		"CALCULATE, TOTP": {func() error { _, err := s.Code(totp, time.Time{}); return err }, false},
		"LIST":            {func() error { _, err := s.List(); return err }, false},
		"PUT, before it":  {func() error { s.ids = nil; return s.Put(totp, secret) }, false},
	} {
		if err := test.do(); !errors.Is(err, oath.ErrRemoved) || errors.Is(err, oath.ErrUnsure) != test.unsure {
			t.Errorf("%s: got %v, unsure %t", name, err, !test.unsure)
		}
	}
	refused := &StatusError{Command: cmdDelete, Status: swNoSuchObject}
	if errors.Is(unsure(refused), oath.ErrUnsure) || unsure(nil) != nil {
		t.Error("a refusal is not sure")
	}
}
