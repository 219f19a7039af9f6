package ykoath_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"testing"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

func TestSelect(t *testing.T) {
	salt := []byte{1, 2, 3, 4, 5, 6, 7, 8}
	s := open(t, virtualkey.Config{Rand: bytes.NewReader(append(salt, make([]byte, 64)...))})
	if s.Version != (ykoath.Version{5, 7, 1}) {
		t.Errorf("version %v", s.Version)
	}
	if s.HasPassword() || s.Locked() {
		t.Error("a new key has a password")
	}
	if !bytes.Equal(s.Salt(), salt) {
		t.Errorf("salt %x", s.Salt())
	}
	// printf '\1\2\3\4\5\6\7\10' | sha256sum | head -c 32 | xxd -r -p | base64
	if got, want := s.DeviceID(), "ZoQN2hVOihE8Md0K0y9/Og"; got != want {
		t.Errorf("device ID %s, want %s", got, want)
	}
}

func TestSelectNothing(t *testing.T) {
	_, err := ykoath.Select(plug(t, virtualkey.Config{Disable: virtualkey.CapabilityOATH}), rand.Reader)
	wantError(t, err, ykoath.ErrNoApplet)
	for _, test := range []struct {
		response string
		want     error
	}{
		{"6a82", ykoath.ErrNoApplet},
		{"6999", ykoath.ErrNoApplet},
		{"6d00", ykoath.ErrNoApplet},
		{"6e00", ykoath.ErrNoApplet},
		{"6b00", ykoath.ErrNoApplet},
		{"6a81", ykoath.ErrNoApplet},
		{"", oath.ErrRemoved},
		{"90", ykoath.ErrMalformed},
		{"79 9000", ykoath.ErrMalformed},
		{"7903 0507 9000", ykoath.ErrMalformed},
		{"7903050701 7408 9000", ykoath.ErrMalformed},
		{"7903050701 7400 9000", ykoath.ErrMalformed}, // a challenge that challenges nobody
	} {
		response := unhex(t, test.response)
		s, err := ykoath.Select(cardFunc(func([]byte) ([]byte, error) { return response, nil }), rand.Reader)
		if s != nil || !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", test.response, err, test.want)
		}
	}
}

// Cards that report little or more than they should.
func TestSelectOdd(t *testing.T) {
	for _, test := range []struct {
		response string
		version  string
		salt     int
	}{
		{"9000", "0.0.0", 0},
		{"7902 0403 9000", "4.3.0", 0},
		{"7905 0102030405 710401020304 9000", "1.2.3", 4},
		{"f000 7903050701 7108 0102030405060708 7a03aabbcc 9000", "5.7.1", 8},
	} {
		response := unhex(t, test.response)
		s, err := ykoath.Select(cardFunc(func([]byte) ([]byte, error) { return response, nil }), rand.Reader)
		if err != nil {
			t.Errorf("%s: %v", test.response, err)
			continue
		}
		if s.Version.String() != test.version || len(s.Salt()) != test.salt || s.Locked() {
			t.Errorf("%s: version %v, salt %x, locked %v", test.response, s.Version, s.Salt(), s.Locked())
		}
		if (s.DeviceID() == "") != (test.salt == 0) {
			t.Errorf("%s: device ID %q", test.response, s.DeviceID())
		}
	}
}

func TestVersion(t *testing.T) {
	for _, test := range []struct {
		version  ykoath.Version
		capacity int
	}{
		{ykoath.Version{2, 1, 0}, 0},
		{ykoath.Version{3, 4, 9}, 0},
		{ykoath.Version{4, 0, 0}, 32},
		{ykoath.Version{5, 6, 255}, 32},
		{ykoath.Version{5, 7, 0}, 64},
		{ykoath.Version{6, 0, 0}, 64},
	} {
		if got := test.version.Capacity(); got != test.capacity {
			t.Errorf("%v holds %d, want %d", test.version, got, test.capacity)
		}
	}
	if (ykoath.Version{5, 10, 0}).Compare(ykoath.Version{5, 9, 9}) != 1 {
		t.Error("5.10.0 is not newer than 5.9.9")
	}
}
