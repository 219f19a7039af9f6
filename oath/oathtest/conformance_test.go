package oathtest_test

import (
	"crypto/rand"
	"testing"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/oathtest"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
	"github.com/tokenctl/tokenctl/oath/virtualkey/vktest"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

// TestVirtualKey runs the suite on keys of every kind of firmware.
func TestVirtualKey(t *testing.T) {
	for _, test := range []struct {
		name   string
		config virtualkey.Config
		suite  oathtest.Suite
	}{
		{"5.7.1", virtualkey.Config{}, oathtest.Suite{Capacity: 64}},
		{"5.4.3", virtualkey.Config{Firmware: virtualkey.Version{5, 4, 3}}, oathtest.Suite{Capacity: 32}},
		{"5.2.7", virtualkey.Config{Firmware: virtualkey.Version{5, 2, 7}}, oathtest.Suite{Capacity: 32, NoRename: true}},
		{"4.2.7", virtualkey.Config{Firmware: virtualkey.Version{4, 2, 7}}, oathtest.Suite{Capacity: 32, NoRename: true, NoSHA512: true, NoPrefix: true}},
		{"3.4.0", virtualkey.Config{Firmware: virtualkey.Version{3, 4, 0}}, oathtest.Suite{NoRename: true, NoSHA512: true, Touch: oathtest.TouchRefused}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := test.suite
			s.MaxIDSize = ykoath.MaxIDSize
			s.New = func(t *testing.T) oath.Token { return plug(t, test.config) }
			s.Reopen = func(t *testing.T, token oath.Token) oath.Token { return token.(session).replug(t) }
			oathtest.Run(t, s)
		})
	}
}

// A session is an applet, and the key that it is on.
type session struct {
	*ykoath.Session
	key *virtualkey.Key
}

func plug(t *testing.T, config virtualkey.Config) session {
	t.Helper()
	return session{key: vktest.New(t, config).Key}.replug(t)
}

func (s session) replug(t *testing.T) session {
	t.Helper()
	s.key.Pull()
	s.key.Plug()
	selected, err := ykoath.Select(s.key, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s.Session = selected
	return s
}
