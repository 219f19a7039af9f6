package exchange

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// A sample is a file of a format, with what must come of it. Each format's test has a
// function that makes its samples, by code that was written after the format's
// description and shares none with what reads it.
type sample struct {
	name     string // the format's, and what is special about the file
	format   string // one of Formats
	data     []byte
	password string // "" if it is in the clear
	want     []Entry
	refused  []string // what the refused entries are called

	// Either says that the format does not show a wrong password from a damaged file.
	either bool

	// Slow says that its password takes long to try, so it is cut at few places, and not
	// fuzzed.
	slow bool
}

// samples are those of all formats. To make them takes some key derivations.
var samples = sync.OnceValue(func() []sample {
	return slices.Concat(
		aegisSamples(),
		twoFASSamples(),
		stratumSamples(),
		freeOTP2Samples(),
		freeOTPSamples(),
		enteSamples(),
		protonSamples(),
		lastPassSamples(),
		raivoSamples(),
		andOTPSamples(),
		bitwardenSamples(),
		csvSamples(),
		onePasswordSamples(),
		protonPassSamples(),
		lineSamples(),
		pskcSamples(),
		keepassSamples(),
	)
})

// The accounts that samples hold, as far as their formats can say.
var (
	alice = account("GitHub", "alice", nil)
	bob   = account("Example & Söhne", "bob@example.com", func(a *oath.Account) { a.Algorithm, a.Digits, a.Period = oath.SHA256, 8, 60 })
	carol = account("Bank", "carol", func(a *oath.Account) { a.Type, a.Period, a.Counter = oath.HOTP, 0, 7 })
	dave  = account("Steam", "dave", func(a *oath.Account) { a.Digits = oath.SteamDigits })
	erin  = account("", "erin", func(a *oath.Account) { a.Algorithm = oath.SHA512 })
)

func account(issuer, name string, change func(*oath.Account)) Entry {
	a := oath.Account{Issuer: issuer, Name: name, Type: oath.TOTP}.WithDefaults()
	if change != nil {
		change(&a)
	}
	secret, err := oath.NewSecret([]byte("secret of " + name + "\x00\xff"))
	if err != nil {
		panic(err)
	}
	return Entry{Key: otpauth.Key{Account: a, Secret: secret}}
}

// entryOf is for entries of formats that keep less or more than the account.
func entryOf(e Entry, change func(*Entry)) Entry { change(&e); return e }

func given(password string) func() (string, error) {
	return func() (string, error) { return password, nil }
}

func TestSamples(t *testing.T) {
	for _, s := range samples() {
		t.Run(s.name, func(t *testing.T) {
			password := given(s.password)
			if s.password == "" {
				password = func() (string, error) { t.Error("asked for a password"); return "", nil }
			}
			got, err := Read(s.data, password)
			if err != nil {
				t.Fatal(err)
			}
			if got.Format != s.format {
				t.Errorf("taken for %q", got.Format)
			}
			if !reflect.DeepEqual(got.Entries, s.want) {
				t.Errorf("got  %s\nwant %s", described(got.Entries), described(s.want))
			}
			var refused []string
			for _, r := range got.Refused {
				refused = append(refused, r.Label)
				if !errors.Is(r.Err, oath.ErrInvalid) {
					t.Errorf("%s: %v", r.Label, r.Err)
				}
			}
			if !slices.Equal(refused, s.refused) {
				t.Errorf("refused %q, want %q", refused, s.refused)
			}
		})
	}
}

func described(entries []Entry) string {
	var b strings.Builder
	for _, e := range entries {
		fmt.Fprintf(&b, "\n%+v %x %q %q %q", e.Account, e.Secret.Bytes(), e.Codes, e.Notes, e.Warnings)
	}
	return b.String()
}

// TestPassword gives a wrong password, and none.
func TestPassword(t *testing.T) {
	for _, s := range samples() {
		if s.password == "" {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			_, err := Read(s.data, given(s.password+"x"))
			if !errors.Is(err, oath.ErrWrongPassword) || errors.Is(err, ErrDamaged) != s.either {
				t.Errorf("with a wrong password: %v", err)
			}
			if _, err := Read(s.data, nil); !errors.Is(err, oath.ErrLocked) {
				t.Errorf("without a password: %v", err)
			}
		})
	}
}

// TestCutShort cuts every sample at many places. It must not be read as the whole.
func TestCutShort(t *testing.T) {
	for _, s := range samples() {
		t.Run(s.name, func(t *testing.T) {
			most := 60
			if s.slow {
				most = 8
			}
			for _, at := range cuts(s.data, most) {
				got, err := Read(s.data[:at], given(s.password))
				if err == nil && reflect.DeepEqual(got.Entries, s.want) && len(bytes.TrimSpace(s.data[at:])) > 0 && !isTail(s.data[at:]) {
					t.Errorf("cut at byte %d of %d, it is read as the whole", at, len(s.data))
				}
			}
		})
	}
}

// cuts are the places where structures begin and end, and some between: at most so many,
// as each may take a key derivation.
func cuts(data []byte, most int) (at []int) {
	for i, c := range data {
		if bytes.IndexByte([]byte("{}[],:\n\x00<>|"), c) >= 0 || i%97 == 0 {
			at = append(at, i)
		}
	}
	for len(at) > most {
		for i := 0; i < len(at); i++ {
			at = slices.Delete(at, i, i+1)
		}
	}
	return at
}

// isTail reports whether what was cut off a text says nothing of an account.
func isTail(rest []byte) bool { return len(rest) < 2 }

func TestUnknown(t *testing.T) {
	for _, text := range []string{"", "hello", "{}", "[]", `{"version":1}`, "\x00\x01\x02", "%PDF-1.4", "a,b\n1,2\n"} {
		if _, err := Read([]byte(text), nil); !errors.Is(err, ErrUnknown) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestJSON(t *testing.T) {
	for text, want := range map[string]string{
		`{"version":1,"version":1,"header":{},"db":{}}`: "twice",
		`{"version":1,"header":{"a":{"b":1,"b":2}}}`:    "twice",
		`{"version":1,"header":{},"db":{}`:              "middle",
		`{"version":1,"header":{},"db":{}} {}`:          "follows",
		`{"version":1,"header":{},"db":{},}`:            "at byte",
		strings.Repeat(`{"a":`, 100):                    "deep",
		`{"version":1,"header":{},"db":7}`:              "wrong type",
	} {
		if _, err := Read([]byte(text), nil); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %q", text, err, want)
		}
	}
}

// lost takes from an account what the format of a word has no place for.
var lost = map[string]func(*Entry){
	"users": func(e *Entry) { e.Account.Issuer = "" },
	"google-authenticator": func(e *Entry) {
		e.Account.Issuer, e.Account.Name = "", "google-authenticator"
		e.Warnings = []string{`The file has no name for the account; it is called "google-authenticator".`}
	},
}

// TestWrite writes every format that is written, and reads it back.
func TestWrite(t *testing.T) {
	for _, word := range Words() {
		passwords := []string{""}
		if Encrypts(word) {
			passwords = append(passwords, "correct horse")
		}
		for _, password := range passwords {
			t.Run(word+password, func(t *testing.T) {
				entries := []Entry{alice, bob, carol, dave, erin}
				data, refused, err := Write(word, entries, password, bytes.NewReader(bytes.Repeat([]byte("random"), 1000)))
				if err != nil {
					t.Fatal(err)
				}
				got, err := Read(data, given(password))
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range refused {
					entries = slices.DeleteFunc(entries, func(e Entry) bool { return e.Account.Label() == r.Label })
				}
				for i := range entries {
					if lose := lost[word]; lose != nil {
						lose(&entries[i])
					}
				}
				if !reflect.DeepEqual(got.Entries, entries) || len(refused) == 5 {
					t.Errorf("got  %s\nwant %s", described(got.Entries), described(entries))
				}
			})
		}
	}
}

// An account without a secret is in no export.
func TestWriteNoSecret(t *testing.T) {
	none := alice
	none.Secret = oath.Secret{}
	for _, word := range Words() {
		data, refused, err := Write(word, []Entry{none, bob}, "", nil)
		if err != nil || len(refused) == 0 || refused[0].Label != none.Account.Label() || bytes.Contains(data, []byte(none.Account.Name)) {
			t.Errorf("%s: %v, %v\n%s", word, refused, err, data)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range samples() {
		if !s.slow {
			f.Add(s.data, s.password)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, password string) {
		c, err := read(data, given(password), 1<<26) // for want of time
		if err != nil {
			return
		}
		for _, e := range c.Entries {
			if err := e.Account.Validate(); err != nil {
				t.Errorf("%+v: %v", e.Account, err)
			}
		}
	})
}

// object writes JSON.
func object(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}
