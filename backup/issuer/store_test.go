package issuer_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/backup/issuer"
	"github.com/tokenctl/tokenctl/backup/issuer/issuertest"
	"github.com/tokenctl/tokenctl/backup/recognize"
)

func TestStores(t *testing.T) {
	for name, open := range issuer.Openers {
		t.Run(name, func(t *testing.T) { issuertest.Run(t, open) })
	}
}

// The text that people download is read back as it is, by what tokenctl backup add reads
// with.
func TestTextIsReadBack(t *testing.T) {
	for name, form := range map[string]issuer.Form{
		"default": {},
		"digits":  {Count: 12, Alphabet: issuer.Digits, Groups: 2, GroupSize: 4, Separator: " "},
		"hex":     {Count: 100, Alphabet: issuer.Hex, Groups: 1, GroupSize: 16},
	} {
		i := issuer.Issuer{Store: issuer.NewMemoryStore(), Now: time.Now, Random: rand.Reader, Hasher: issuertest.Hasher, Form: form}
		p, err := i.Prepare(t.Context(), "alice")
		if err != nil {
			t.Fatal(err)
		}
		found, err := recognize.Codes([]byte(p.Text("Backup codes of alice@example.com at Example 2026")), nil)
		if err != nil || !slices.Equal(found.Texts(), p.Codes()) {
			t.Errorf("%s: %q is read back, %v, from\n%s", name, found.Texts(), err, p.Text("Example"))
		}
	}
}

// What happens is seen, in the order in which it does, and no code is in it.
func TestObserve(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	var got []string
	i := issuer.Issuer{Store: issuer.NewMemoryStore(), Now: func() time.Time { return now }, Random: rand.Reader, Hasher: issuertest.Hasher}
	i.Observe = func(_ context.Context, e issuer.Event) {
		if e.User != "alice" || !e.At.Equal(now) {
			t.Errorf("the event is %+v", e)
		}
		got = append(got, fmt.Sprintf("%s %d.%d %d %s", e.Kind, e.Generation, e.Number, e.Left, e.Reason))
	}
	prepare := func() []string {
		p, err := i.Prepare(t.Context(), "alice")
		if err != nil {
			t.Fatal(err)
		}
		return p.Codes()
	}
	redeem := func(typed string) { i.Redeem(t.Context(), "alice", typed) }
	first := prepare()
	redeem(first[0])
	redeem(first[0])
	abandoned := prepare()
	i.Abandon(t.Context(), "alice", 2)
	redeem(abandoned[0])
	second := prepare()
	i.ConfirmByCode(t.Context(), "alice", "00000-00000")
	i.ConfirmByCode(t.Context(), "alice", second[0])
	redeem(first[1])
	redeem("x")
	for range 6 {
		redeem("00000-00000")
	}
	i.Forgive(t.Context(), "alice")
	i.Confirm(t.Context(), "alice", 9)
	i.Remove(t.Context(), "alice")
	redeem(first[1])
	want := []string{
		"prepared 1.0 10 ", "confirmed 1.0 0 ", "redeemed 1.1 9 ", "refused 1.1 0 used",
		"prepared 2.0 10 ", "abandoned 2.0 0 ", "refused 0.0 0 unknown",
		"prepared 3.0 10 ", "refused 0.0 0 unknown", "confirmed 3.0 0 ", "refused 0.0 0 superseded", "refused 0.0 0 malformed",
		"refused 0.0 0 unknown", "refused 0.0 0 unknown", "refused 0.0 0 unknown", "refused 0.0 0 unknown", "refused 0.0 0 unknown",
		"throttled 0.0 0 throttled", "forgiven 0.0 0 ", "removed 0.0 0 ",
	}
	if !slices.Equal(got, want) {
		t.Errorf("seen:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// While a user has to wait, the status says until when; a right code is refused as well.
func TestThrottledStatus(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	i := issuer.Issuer{
		Store: issuer.NewMemoryStore(), Now: func() time.Time { return now }, Random: rand.Reader, Hasher: issuertest.Hasher,
		Throttle: issuer.Throttle{Free: 1, Wait: time.Minute, Limit: 2},
	}
	if _, err := i.Prepare(t.Context(), "alice"); err != nil {
		t.Fatal(err)
	}
	for n, want := range []issuer.Status{
		{Pending: 1},
		{Pending: 1, Failed: 1, Throttled: true, Until: now.Add(time.Minute)},
		{Pending: 1, Failed: 2, Throttled: true},
	} {
		if n > 0 {
			if _, err := i.Redeem(t.Context(), "alice", "00000-00000"); !errors.Is(err, issuer.ErrUnknown) {
				t.Errorf("wrong code %d: %v", n, err)
			}
		}
		if got, err := i.Status(t.Context(), "alice"); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("after %d wrong ones: %+v, %v; want %+v", n, got, err, want)
		}
		now = now.Add(time.Duration(n) * time.Minute)
	}
}
