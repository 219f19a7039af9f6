package ykoath_test

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

// RFC 4226, appendix D.
func TestCounter(t *testing.T) {
	s := open(t, virtualkey.Config{})
	a := put(t, s, oath.Account{Name: "a", Type: oath.HOTP})
	code := func(a oath.Account) string {
		t.Helper()
		code, err := s.Code(a, now)
		if err != nil {
			t.Fatal(err)
		}
		return code.Value
	}
	for i, want := range []string{"755224", "287082", "359152"} {
		for range 3 { // neither of these moves the counter
			if _, err := s.Codes(now); err != nil {
				t.Fatal(err)
			}
			if _, err := s.List(); err != nil {
				t.Fatal(err)
			}
		}
		if got := code(a); got != want {
			t.Errorf("count %d: got %s, want %s", i, got, want)
		}
	}
	last := put(t, s, oath.Account{Name: "last", Type: oath.HOTP, Counter: 9})
	if got := code(last); got != "520489" {
		t.Errorf("from 9: got %s", got)
	}
	most := put(t, s, oath.Account{Name: "most", Type: oath.HOTP, Counter: math.MaxUint32})
	for range 2 { // beyond 32 bits
		want, err := oath.Compute(most, newSecret(t, rfcSecret), now)
		if err != nil {
			t.Fatal(err)
		}
		if got := code(most); got != want.Value {
			t.Errorf("from %d: got %s, want %s", most.Counter, got, want.Value)
		}
		most.Counter++
	}
}

func TestTouch(t *testing.T) {
	touch := oath.Account{Name: "a", Touch: true}
	counted := oath.Account{Name: "c", Type: oath.HOTP, Touch: true}
	for _, test := range []struct {
		finger virtualkey.Touch
		want   error
	}{
		{virtualkey.Touch{}, nil},
		{virtualkey.TouchAfter(time.Second), nil},
		{virtualkey.TouchAfter(time.Minute), oath.ErrTouchTimeout},
		{virtualkey.TouchNever, oath.ErrTouchTimeout},
	} {
		s := open(t, virtualkey.Config{Touch: test.finger})
		for _, a := range []oath.Account{put(t, s, touch), put(t, s, counted)} {
			if test.want == nil {
				wantCode(t, s, a, rfcSecret)
				continue
			}
			code, err := s.Code(a, now)
			if !errors.Is(err, test.want) || errors.Is(err, oath.ErrLocked) || !code.IsZero() {
				t.Errorf("%v: got %v, %v, want %v", test.finger, code, err, test.want)
			}
		}
		entries, err := s.Codes(now) // waits for nobody
		if err != nil || len(entries) != 2 || !entries[0].Account.Touch || !entries[0].Code.IsZero() || !entries[1].Code.IsZero() {
			t.Errorf("%v: got %+v, %v", test.finger, entries, err)
		}
	}
}

// The status word of a touch that does not come asks for the password where one
// is missing.
func TestTouchOrPassword(t *testing.T) {
	k := plug(t, virtualkey.Config{Touch: virtualkey.TouchNever})
	s := selectApplet(t, k)
	a := put(t, s, oath.Account{Name: "a", Touch: true})
	key := accessKey(t, s, "secret")
	if err := s.SetPassword(key); err != nil {
		t.Fatal(err)
	}
	_, err := s.Code(a, now)
	wantError(t, err, oath.ErrTouchTimeout)
	s = selectApplet(t, k)
	_, err = s.Code(a, now)
	wantError(t, err, oath.ErrLocked)
	if err := s.Unlock(key); err != nil {
		t.Fatal(err)
	}
	_, err = s.Code(a, now)
	wantError(t, err, oath.ErrTouchTimeout)
}

func TestCodes(t *testing.T) {
	s := open(t, virtualkey.Config{})
	stored := []oath.Account{
		put(t, s, oath.Account{Issuer: "GitHub", Name: "alice"}),
		put(t, s, oath.Account{Name: "eight", Digits: 8}),
		put(t, s, oath.Account{Name: "sha512", Algorithm: oath.SHA512}),
		put(t, s, oath.Account{Name: "minute", Period: 60}),
		put(t, s, oath.Account{Issuer: "Steam", Name: "gamer"}),
		put(t, s, oath.Account{Name: "counted", Type: oath.HOTP, Digits: 7}),
		put(t, s, oath.Account{Name: "touched", Touch: true}),
	}
	entries, err := s.Codes(now)
	if err != nil || len(entries) != len(stored) {
		t.Fatalf("got %+v, %v", entries, err)
	}
	for i, e := range entries {
		a := stored[i]
		reported := a
		reported.Algorithm, reported.Counter = oath.AlgorithmUnknown, 0
		if e.Account != reported {
			t.Errorf("got %+v, want %+v", e.Account, reported)
		}
		var want oath.Code
		if i < 3 {
			if want, err = oath.Compute(a, newSecret(t, rfcSecret), now); err != nil {
				t.Fatal(err)
			}
		}
		if e.Code != want {
			t.Errorf("%q: got %+v, want %+v", a.ID(), e.Code, want)
		}
		wantCode(t, s, a, rfcSecret)
	}
}

func TestEmptyKey(t *testing.T) {
	s := open(t, virtualkey.Config{})
	entries, err := s.Codes(now)
	if err != nil || len(entries) != 0 {
		t.Errorf("got %v, %v", entries, err)
	}
	_, err = s.Code(accountOf("a"), now)
	wantError(t, err, oath.ErrNotFound)
	_, err = s.Code(oath.Account{Type: oath.TOTP}, now)
	wantError(t, err, oath.ErrInvalid)
}

// 64 accounts of the longest names, in a response of many pieces, cut anywhere.
func TestLongResponses(t *testing.T) {
	for _, quirks := range []virtualkey.Quirks{
		0, virtualkey.SmallChunks, virtualkey.EmptyChunk, virtualkey.OneReply, virtualkey.SmallChunks | virtualkey.EmptyChunk | virtualkey.UnknownTags,
	} {
		s := open(t, virtualkey.Config{Quirks: quirks})
		var stored []oath.Account
		for i := range 64 {
			stored = append(stored, put(t, s, oath.Account{Issuer: strings.Repeat("i", 31), Name: fmt.Sprintf("%032d", i)}))
		}
		entries, err := s.Codes(now)
		if err != nil || len(entries) != 64 {
			t.Fatalf("%v: %d entries, %v", quirks, len(entries), err)
		}
		want, err := oath.Compute(stored[0], newSecret(t, rfcSecret), now)
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range entries {
			if e.Account.ID() != stored[i].ID() || e.Code != want {
				t.Errorf("%v: got %+v, want %q with %+v", quirks, e, stored[i].ID(), want)
			}
		}
		if accounts, err := s.List(); err != nil || len(accounts) != 64 {
			t.Errorf("%v: %d accounts, %v", quirks, len(accounts), err)
		}
	}
}

// Whatever another client stored can be listed, asked for and deleted.
func TestForeignAccounts(t *testing.T) {
	k := plug(t, virtualkey.Config{})
	s := selectApplet(t, k)
	const key = "3132333435363738393031323334353637383930"
	for _, name := range []string{"ff", "36302fff3afe", "302f666f6f", "3330302f", "00"} {
		response, err := k.Transmit(appendPut(t, name, "2106"+key))
		if err != nil || len(response) != 2 || response[0] != 0x90 {
			t.Fatalf("storing %s: %x, %v", name, response, err)
		}
	}
	entries, err := s.Codes(now)
	if err != nil || len(entries) != 5 {
		t.Fatalf("got %+v, %v", entries, err)
	}
	for i, want := range []oath.Account{
		{Name: "\xff", Period: 30},
		{Issuer: "\xff", Name: "\xfe", Period: 60},
		{Name: "0/foo", Period: 30},
		{Name: "300/", Period: 30},
		{Name: "\x00", Period: 30},
	} {
		want.Type, want.Digits = oath.TOTP, 6
		got := entries[i].Account
		if got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		code, err := s.Code(got, now)
		if err != nil || len(code.Value) != 6 {
			t.Errorf("%q: got %v, %v", got.ID(), code, err)
		}
		if err := s.Delete(got.ID()); err != nil {
			t.Errorf("deleting %q: %v", got.ID(), err)
		}
	}
}

// appendPut returns a PUT of what no account of ours could be.
func appendPut(t *testing.T, name, key string) []byte {
	t.Helper()
	n, k := unhex(t, name), unhex(t, key)
	data := append([]byte{0x71, byte(len(n))}, n...)
	data = append(append(data, 0x73, byte(len(k))), k...)
	return append([]byte{0x00, 0x01, 0x00, 0x00, byte(len(data))}, data...)
}

func TestCodeAnswers(t *testing.T) {
	steam := oath.Account{Issuer: "Steam", Name: "a"}.WithDefaults()
	const hmac = "1f8698690e02ca16618550ef7f19da8e945b555a" // RFC 4226, section 5.4
	for _, test := range []struct {
		account  oath.Account
		response string
		value    string
		err      error
	}{
		{accountOf("a"), "760506 50ef7f19 9000", "872921", nil},
		{accountOf("a"), "760506 d0ef7f19 9000", "872921", nil},
		{accountOf("a"), "760506 000d51d9 9000", "872921", nil},
		{accountOf("a"), "760508 50ef7f19 9000", "57872921", nil},
		{accountOf("a"), "75150 6" + hmac + "9000", "872921", nil},
		{accountOf("a"), "7e02cafe 760506 50ef7f19 7e00 9000", "872921", nil},
		{accountOf("a"), "760505 50ef7f19 9000", "72921", nil},
		{accountOf("a"), "76050a 50ef7f19 9000", "1357872921", nil},
		{steam, "751506" + hmac + "9000", steam.FormatCode(0x50ef7f19), nil},
		{steam, "760506 000d51d9 9000", "", ykoath.ErrMalformed}, // may be reduced
		{accountOf("a"), "9000", "", ykoath.ErrMalformed},
		{accountOf("a"), "7600 9000", "", ykoath.ErrMalformed},
		{accountOf("a"), "760106 9000", "", ykoath.ErrMalformed},
		{accountOf("a"), "760406 50ef7f 9000", "", ykoath.ErrMalformed},
		{accountOf("a"), "760606 50ef7f1900 9000", "", ykoath.ErrMalformed},
		{accountOf("a"), "760500 50ef7f19 9000", "", ykoath.ErrMalformed},
		{accountOf("a"), "76050b 50ef7f19 9000", "", ykoath.ErrMalformed},
		{accountOf("a"), "7605ff 50ef7f19 9000", "", ykoath.ErrMalformed},
		{accountOf("a"), "751406" + hmac[2:] + "9000", "", ykoath.ErrMalformed},
		{accountOf("a"), "770106 9000", "", ykoath.ErrMalformed},
		{accountOf("a"), "760506 50ef 9000", "", ykoath.ErrMalformed},
		{accountOf("a"), "00", "", ykoath.ErrMalformed},
		{accountOf("a"), "", "", oath.ErrRemoved},
		{accountOf("a"), "6581", "", ykoath.ErrCorrupt},
		{accountOf("a"), "6a83", "", oath.ErrNotFound},
	} {
		code, err := selectApplet(t, answering(t, test.response)).Code(test.account, now)
		if code.Value != test.value || !errors.Is(err, test.err) {
			t.Errorf("%s: got %q, %v, want %q, %v", test.response, code.Value, err, test.value, test.err)
		}
	}
}

// A response is whole, or what the card has of it; and anything else is an error.
func TestRespondAnswers(t *testing.T) {
	const hmac = "1f8698690e02ca16618550ef7f19da8e945b555a" // RFC 4226, section 5.4
	for _, test := range []struct {
		response string
		want     oath.Response
		err      error
	}{
		{"751506" + hmac + "9000", oath.Response{HMAC: unhex(t, hmac), Digits: 6}, nil},
		{"7e02cafe 751508" + hmac + "7e00 9000", oath.Response{HMAC: unhex(t, hmac), Digits: 8}, nil},
		{"760506 50ef7f19 9000", oath.Response{Value: 0x50ef7f19, Digits: 6}, nil},
		{"9000", oath.Response{}, ykoath.ErrMalformed},
		{"7500 9000", oath.Response{}, ykoath.ErrMalformed},
		{"751506" + hmac[2:] + "9000", oath.Response{}, ykoath.ErrMalformed},
		{"751406" + hmac[2:] + "9000", oath.Response{}, ykoath.ErrMalformed},
		{"760406 50ef7f 9000", oath.Response{}, ykoath.ErrMalformed},
		{"7605ff 50ef7f19 9000", oath.Response{}, ykoath.ErrMalformed},
		{"770106 9000", oath.Response{}, ykoath.ErrMalformed},
		{"7c0106 9000", oath.Response{}, ykoath.ErrMalformed},
		{"6982", oath.Response{}, oath.ErrTouchTimeout},
		{"6984", oath.Response{}, oath.ErrNotFound},
		{"6d00", oath.Response{}, ykoath.ErrDeselected},
		{"", oath.Response{}, oath.ErrRemoved},
	} {
		r, err := selectApplet(t, answering(t, test.response)).Respond(accountOf("a"), 1)
		if !reflect.DeepEqual(r, test.want) || !errors.Is(err, test.err) {
			t.Errorf("%s: got %+v, %v, want %+v, %v", test.response, r, err, test.want, test.err)
		}
	}
}

func TestCodesAnswers(t *testing.T) {
	for _, test := range []struct {
		response string
		want     string // the IDs, with = and the code where there is one
		err      error
	}{
		{"9000", "", nil},
		{"710161 760506 50ef7f19 9000", "a=872921", nil},
		{"7101 61 7515 06 1f8698690e02ca16618550ef7f19da8e945b555a 9000", "a=872921", nil},
		{"7e00 710161 7e00 760506 50ef7f19 7e00 710162 7e00 770106 9000", "a=872921 b", nil},
		{"710161 7700 710162 7c00 9000", "a b", nil},
		{"710161 770199 9000", "a", nil},
		{"710161 9000", "", ykoath.ErrMalformed},
		{"710161 710162 770106 9000", "", ykoath.ErrMalformed},
		{"770106 9000", "", ykoath.ErrMalformed},
		{"710161 770106 770106 9000", "", ykoath.ErrMalformed},
		{"710161 760506 50ef7f 9000", "", ykoath.ErrMalformed},
		{"7182 0001 61 770106 9000", "a", nil},
		{"718101 61 770106 9000", "a", nil},
		{"7183000001 61 770106 9000", "", ykoath.ErrMalformed},
		{"7180 9000", "", ykoath.ErrMalformed},
	} {
		entries, err := selectApplet(t, answering(t, test.response)).Codes(now)
		var got []string
		for _, e := range entries {
			text := string(e.Account.ID())
			if !e.Code.IsZero() {
				text += "=" + e.Code.Value
			}
			got = append(got, text)
		}
		if got := strings.Join(got, " "); got != test.want || !errors.Is(err, test.err) {
			t.Errorf("%s: got %q, %v, want %q, %v", test.response, got, err, test.want, test.err)
		}
	}
}

func TestListAnswers(t *testing.T) {
	for _, test := range []struct {
		response string
		want     []oath.Account
		err      error
	}{
		{"9000", nil, nil},
		{"720221 61 7e00 720212 62 9000", []oath.Account{
			{Name: "a", Type: oath.TOTP, Algorithm: oath.SHA1, Period: 30},
			{Name: "b", Type: oath.HOTP, Algorithm: oath.SHA256},
		}, nil},
		{"720233 61 7202f4 62 9000", []oath.Account{
			{Name: "a", Algorithm: oath.SHA512, Period: 30},
			{Name: "b", Period: 30},
		}, nil},
		{"720121 9000", []oath.Account{{Type: oath.TOTP, Algorithm: oath.SHA1, Period: 30}}, nil},
		{"7200 9000", nil, ykoath.ErrMalformed},
		{"7203 2161 9000", nil, ykoath.ErrMalformed},
		{"72 9000", nil, ykoath.ErrMalformed},
		{"6f00", nil, new(ykoath.StatusError)},
	} {
		accounts, err := selectApplet(t, answering(t, test.response)).List()
		if fmt.Sprint(accounts) != fmt.Sprint(test.want) {
			t.Errorf("%s: got %+v, want %+v", test.response, accounts, test.want)
		}
		if _, status := test.err.(*ykoath.StatusError); status {
			if !errors.As(err, new(*ykoath.StatusError)) {
				t.Errorf("%s: got %v, want a StatusError", test.response, err)
			}
		} else if !errors.Is(err, test.err) {
			t.Errorf("%s: got %v, want %v", test.response, err, test.err)
		}
	}
}
