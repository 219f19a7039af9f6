package ykoath_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

// allQuirks are those that the virtual key knows, by their names.
func allQuirks(t *testing.T) []virtualkey.Quirks {
	t.Helper()
	var all []virtualkey.Quirks
	for line := range strings.Lines(virtualkey.QuirksHelp()) {
		q, err := virtualkey.ParseQuirks(strings.Fields(line)[0])
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, q)
	}
	if len(all) < 17 {
		t.Fatalf("%d quirks only", len(all))
	}
	return all
}

// Whatever a card's habits, everything works on it, or says that it cannot.
func TestQuirks(t *testing.T) {
	together := virtualkey.Quirks(0)
	all := append(allQuirks(t), 0)
	for _, q := range all {
		together |= q
	}
	everyOther := together &^ (virtualkey.OneReply | virtualkey.NotFound6A82 | virtualkey.ReducedValues)
	for _, q := range append(all, together, everyOther) {
		name := q.String()
		if strings.Count(name, ",") > 3 {
			name = "many"
		}
		t.Run("quirks="+name, func(t *testing.T) { useWholeApplet(t, q) })
	}
}

func useWholeApplet(t *testing.T, quirks virtualkey.Quirks) {
	k := plug(t, virtualkey.Config{Quirks: quirks})
	s := selectApplet(t, k)
	if quirks.Has(virtualkey.NoSalt) != (s.DeviceID() == "") {
		t.Errorf("the device ID is %q", s.DeviceID())
	}
	key := accessKey(t, s, "secret")
	if err := s.SetPassword(key); err != nil {
		t.Fatal(err)
	}
	s = selectApplet(t, k)
	wantError(t, s.Unlock(accessKey(t, s, "wrong")), oath.ErrWrongPassword)
	if err := s.Unlock(key); err != nil {
		t.Fatal(err)
	}

	accounts := []oath.Account{
		put(t, s, oath.Account{Name: "sha1", Digits: 8}),
		put(t, s, oath.Account{Name: "sha256", Algorithm: oath.SHA256}),
		put(t, s, oath.Account{Name: "sha512", Algorithm: oath.SHA512, Digits: 7}),
		put(t, s, oath.Account{Name: "minute", Period: 60}),
		put(t, s, oath.Account{Issuer: "Steam", Name: "gamer"}),
		put(t, s, oath.Account{Name: "touched", Touch: true}),
		put(t, s, oath.Account{Name: "counted", Type: oath.HOTP, Counter: 3}),
	}
	useCodes(t, s, accounts, !quirks.Has(virtualkey.NoCalculateAll))
	wantError(t, s.Put(accounts[0], newSecret(t, rfcSecret)), oath.ErrExists)
	if err := s.Replace(accounts[0], newSecret(t, "another secret")); err != nil {
		t.Error(err)
	}
	wantCode(t, s, accounts[0], "another secret")

	_, err := s.Code(accountOf("none"), now)
	wantError(t, err, oath.ErrNotFound)
	wantError(t, s.Delete("none"), oath.ErrNotFound)
	wantError(t, s.Rename("none", "other"), oath.ErrNotFound)
	wantError(t, s.Rename("sha256", "sha1"), oath.ErrExists)
	err = s.Rename("sha256", "other")
	if quirks.Has(virtualkey.NoRename) {
		wantError(t, err, oath.ErrUnsupported)
		if strings.Contains(err.Error(), "firmware") {
			t.Errorf("%v blames the firmware", err)
		}
	} else if err != nil {
		t.Error(err)
	}
	if err := s.Delete("60/minute"); err != nil {
		t.Error(err)
	}

	if err := s.ClearPassword(); err != nil {
		t.Error(err)
	}
	err = s.Reset()
	if quirks.Has(virtualkey.NoReset) {
		wantError(t, err, oath.ErrUnsupported)
	} else if err != nil || list(t, s) != "" {
		t.Errorf("%v; the key holds %q", err, list(t, s))
	}
}

func useCodes(t *testing.T, s *ykoath.Session, accounts []oath.Account, computed bool) {
	t.Helper()
	entries, err := s.Codes(now)
	if err != nil || len(entries) != len(accounts) {
		t.Fatalf("got %+v, %v", entries, err)
	}
	for i, e := range entries {
		a := accounts[i]
		if e.Account.ID() != a.ID() {
			t.Errorf("got %q, want %q", e.Account.ID(), a.ID())
		}
		want, err := oath.Compute(a, newSecret(t, rfcSecret), now)
		if err != nil {
			t.Fatal(err)
		}
		if i > 2 || !computed {
			want = oath.Code{}
		}
		if e.Code != want {
			t.Errorf("%q: got %+v, want %+v", a.ID(), e.Code, want)
		}
		wantCode(t, s, a, rfcSecret)
	}
}

// A status word means what it means for the command that it answers.
func TestStatusError(t *testing.T) {
	for _, test := range []struct {
		command string
		status  uint16
		want    error // nil if it is not known
	}{
		{"SELECT", 0x6a82, ykoath.ErrNoApplet},
		{"SELECT", 0x6984, nil},
		{"PUT", 0x6a84, oath.ErrNoSpace},
		{"PUT", 0x6982, oath.ErrLocked},
		{"PUT", 0x6d00, oath.ErrUnsupported},
		{"PUT", 0x6985, nil},
		{"PUT", 0x6a80, nil},
		{"DELETE", 0x6984, oath.ErrNotFound},
		{"DELETE", 0x6a88, oath.ErrNotFound},
		{"RENAME", 0x6a82, oath.ErrNotFound},
		{"RENAME", 0x6d00, oath.ErrUnsupported},
		{"SET CODE", 0x6984, nil},
		{"CALCULATE", 0x6984, oath.ErrNotFound},
		{"CALCULATE", 0x6581, ykoath.ErrCorrupt},
		{"CALCULATE ALL", 0x6581, ykoath.ErrCorrupt},
		{"CALCULATE ALL", 0x6982, oath.ErrLocked},
		{"VALIDATE", 0x6a80, oath.ErrWrongPassword},
		{"VALIDATE", 0x6984, oath.ErrNoPassword},
		{"VALIDATE", 0x63cf, oath.ErrWrongPassword},
		{"RESET", 0x6d00, oath.ErrUnsupported},
		{"LIST", 0x6e00, oath.ErrUnsupported},
		{"LIST", 0x1234, nil},
	} {
		err := &ykoath.StatusError{Command: test.command, Status: test.status}
		if got := errors.Unwrap(err); got != test.want {
			t.Errorf("%s, %04X: got %v, want %v", test.command, test.status, got, test.want)
		}
		if text := err.Error(); !strings.HasPrefix(text, test.command+": ") || !strings.Contains(text, strings.ToUpper(hex4(test.status))) {
			t.Errorf("%s, %04X: the message is %q", test.command, test.status, text)
		}
	}
}
