package ykoath_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

// allQuirks are those that the virtual key knows, by their names.
func allQuirks(t *testing.T) []virtualkey.Quirks {
	t.Helper()
	var all []virtualkey.Quirks
	for name := range strings.SplitSeq((^virtualkey.Quirks(0)).String(), ",") {
		var q virtualkey.Quirks
		if err := q.UnmarshalText([]byte(name)); err != nil {
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
	everyOther := together &^ (virtualkey.OneReply | virtualkey.NotFound6A82 | virtualkey.UnreducedValues)
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
	if quirks.Has(virtualkey.CountFirst) {
		accounts[6].Counter++
	}
	useCodes(t, s, accounts, quirks)
	wantError(t, s.Put(accounts[0], newSecret(t, rfcSecret)), oath.ErrExists)
	kept := rfcSecret
	if err := s.Replace(accounts[0], newSecret(t, "another secret")); err == nil {
		kept = "another secret"
	} else if !quirks.Has(virtualkey.NoOverwrite) || !errors.Is(err, oath.ErrNoOverwrite) {
		t.Error(err)
	}
	wantCode(t, s, accounts[0], kept)

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

func useCodes(t *testing.T, s *ykoath.Session, accounts []oath.Account, quirks virtualkey.Quirks) {
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
		touched := i == 5 && quirks.Has(virtualkey.IgnoredTouch)
		if i > 2 && !touched || quirks.Has(virtualkey.NoCalculateAll) {
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
		{"PUT", 0x6d00, ykoath.ErrDeselected},
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
		{"VALIDATE", 0x6984, oath.ErrWrongPassword},
		{"VALIDATE", 0x63cf, oath.ErrWrongPassword},
		{"RESET", 0x6d00, oath.ErrUnsupported},
		{"LIST", 0x6e00, oath.ErrUnsupported},
		{"LIST", 0x6700, oath.ErrUnlisted},
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

// Past its buffer, a card of one maker answers CALCULATE ALL no more, and then not even
// LIST. What names an account whole still works, so that room can be made.
func TestMoreAccountsThanCanBeListed(t *testing.T) {
	k := plug(t, virtualkey.Config{Quirks: virtualkey.SmallBuffer})
	s := selectApplet(t, k)
	for i := range 55 {
		put(t, s, oath.Account{Name: fmt.Sprintf("account number %02d", i)})
		if i == 40 {
			entries, err := s.Codes(now)
			if err != nil || len(entries) != 41 || !entries[0].Code.IsZero() {
				t.Fatalf("got %d entries, %v", len(entries), err)
			}
		}
	}
	s = selectApplet(t, k)
	_, err := s.Codes(now)
	wantError(t, err, oath.ErrUnlisted)
	wantError(t, s.Put(accountOf("b"), newSecret(t, rfcSecret)), oath.ErrUnlisted)
	wantCode(t, s, accountOf("account number 00"), rfcSecret)
	wantError(t, s.Rename("account number 00", "account number 01"), oath.ErrExists)
	wantError(t, s.Rename("none", "b"), oath.ErrNotFound)
	if err := s.Rename("account number 00", "b"); err != nil {
		t.Error(err)
	}
	wantCode(t, s, accountOf("b"), rfcSecret)
	wantError(t, s.Delete("none"), oath.ErrNotFound)
	for i := range 5 {
		if err := s.Delete(accountOf(oath.ID(fmt.Sprintf("account number %02d", i+1))).ID()); err != nil {
			t.Error(err)
		}
	}
	list(t, s)
}

// 64 bytes are what a new name may have. One that another program put there can be used,
// renamed and deleted.
func TestLongNameThatIsThere(t *testing.T) {
	k := plug(t, virtualkey.Config{Quirks: virtualkey.LongNames})
	selectApplet(t, k)
	long := oath.ID(strings.Repeat("n", 150))
	for range 2 {
		put := appendPut(t, fmt.Sprintf("%x", long), "2106"+fmt.Sprintf("%x", rfcSecret))
		put = slices.Insert(put, 6, 0x81)
		put[4]++
		if _, err := k.Transmit(put); err != nil {
			t.Fatal(err)
		}
		s := selectApplet(t, k)
		wantCode(t, s, accountOf(long), rfcSecret)
		wantError(t, s.Rename(long, long+"n"), oath.ErrInvalid)
		if list(t, s) == string(long) {
			if err := s.Rename(long, "short"); err != nil {
				t.Error(err)
			}
		} else if err := s.Delete(long); err != nil {
			t.Error(err)
		}
		if got := list(t, s); got != "short" {
			t.Errorf("the key holds %q", got)
		}
	}
	s := selectApplet(t, k)
	_, err := s.Code(accountOf(oath.ID(strings.Repeat("n", 300))), now)
	wantError(t, err, oath.ErrNotFound)
}

// An account that only takes increasing times refuses an earlier one with the word that
// otherwise asks for the password. The others are not refused with it.
func TestIncreasingTimes(t *testing.T) {
	k := plug(t, virtualkey.Config{})
	s := selectApplet(t, k)
	a := put(t, s, oath.Account{Name: "a"})
	increasing := appendPut(t, fmt.Sprintf("%x", "b"), "2106"+fmt.Sprintf("%x", rfcSecret))
	increasing = append(increasing, 0x78, 0x01)
	increasing[4] += 2
	if _, err := k.Transmit(increasing); err != nil {
		t.Fatal(err)
	}
	wantCode(t, s, accountOf("b"), rfcSecret)
	past := now.Add(-time.Hour)
	entries, err := s.Codes(past)
	if err != nil || len(entries) != 2 {
		t.Fatalf("got %+v, %v", entries, err)
	}
	if _, err := s.Code(a, past); err != nil {
		t.Error(err)
	}
	if _, err = s.Code(accountOf("b"), past); err == nil || errors.Is(err, oath.ErrLocked) {
		t.Errorf("got %v", err)
	}
}

// A card that wants every time to be later refuses a second code of the same period, and
// with it all of them.
func TestStrictlyIncreasingTimes(t *testing.T) {
	k := plug(t, virtualkey.Config{Quirks: virtualkey.StrictlyIncreasing})
	s := selectApplet(t, k)
	increasing := appendPut(t, fmt.Sprintf("%x", "b"), "2106"+fmt.Sprintf("%x", rfcSecret))
	increasing = append(increasing, 0x78, 0x01)
	increasing[4] += 2
	if _, err := k.Transmit(increasing); err != nil {
		t.Fatal(err)
	}
	for _, again := range []bool{false, true} {
		entries, err := s.Codes(now)
		if err != nil || len(entries) != 1 || entries[0].Code.IsZero() != again {
			t.Errorf("got %+v, %v", entries, err)
		}
	}
	if _, err := s.Code(accountOf("b"), now); err == nil || errors.Is(err, oath.ErrLocked) {
		t.Errorf("got %v", err)
	}
	if _, err := s.Code(accountOf("b"), now.Add(time.Minute)); err != nil {
		t.Error(err)
	}
}
