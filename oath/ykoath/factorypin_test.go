package ykoath_test

import (
	"encoding/hex"
	"errors"
	"testing"

	"github.com/tokenctl/tokenctl/oath/ykoath"
)

// answers is a card that says one thing after the other.
type answers []string

func (a *answers) Transmit([]byte) ([]byte, error) {
	if len(*a) == 0 {
		return nil, errors.New("asked too often")
	}
	next, err := hex.DecodeString((*a)[0])
	*a = (*a)[1:]
	return next, err
}

func TestFactoryPIN(t *testing.T) {
	for _, test := range []struct {
		what           string
		card           answers
		factory, known bool
		fails          bool
	}{
		{"the factory's", answers{"9000", "0101ff05010106020303" + "9000"}, true, true, false},
		{"another", answers{"9000", "0101ff05010006020303" + "9000"}, false, true, false},
		{"no PIV", answers{"6a82"}, false, false, false},
		{"old firmware", answers{"9000", "6d00"}, false, false, false},
		{"it does not say", answers{"9000", "0101ff" + "9000"}, false, false, false},
		{"an empty answer", answers{"9000", "9000"}, false, false, false},
		{"two bytes", answers{"9000", "05020100" + "9000"}, false, false, false},
		{"cut short", answers{"9000", "0505019000"}, false, false, true},
		{"gone", answers{}, false, false, true},
	} {
		factory, known, err := ykoath.HasFactoryPIN(&test.card)
		if factory != test.factory || known != test.known || (err != nil) != test.fails {
			t.Errorf("%s: %t, %t, %v", test.what, factory, known, err)
		}
	}
}
