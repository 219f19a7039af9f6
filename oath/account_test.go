package oath_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath"
)

func TestValidate(t *testing.T) {
	valid := oath.Account{Issuer: "GitHub", Name: "alice", Type: oath.TOTP, Algorithm: oath.SHA1, Digits: 6, Period: 30}
	for _, test := range []struct {
		name   string
		change func(*oath.Account)
		want   string // part of the message; empty if valid
	}{
		{"as it is", func(a *oath.Account) {}, ""},
		{"no issuer", func(a *oath.Account) { a.Issuer = "" }, ""},
		{"other scripts", func(a *oath.Account) { a.Issuer, a.Name = "Банк", "名前 😀" }, ""},
		{"hotp", func(a *oath.Account) { a.Type, a.Period, a.Counter = oath.HOTP, 0, 1<<63 }, ""},
		{"eight digits", func(a *oath.Account) { a.Digits = 8 }, ""},
		{"one second", func(a *oath.Account) { a.Period = 1 }, ""},
		{"a day", func(a *oath.Account) { a.Period = oath.MaxPeriod }, ""},
		{"steam", func(a *oath.Account) { a.Issuer, a.Digits = "Steam", 5 }, ""},
		{"steam by counter", func(a *oath.Account) { a.Issuer, a.Type = "Steam", oath.HOTP }, ""},

		{"empty name", func(a *oath.Account) { a.Name = "" }, "name is empty"},
		{"name not UTF-8", func(a *oath.Account) { a.Name = "\xff" }, "name is not UTF-8"},
		{"issuer not UTF-8", func(a *oath.Account) { a.Issuer = "a\xc3" }, "issuer is not UTF-8"},
		{"name with newline", func(a *oath.Account) { a.Name = "a\nb" }, "name holds a control character"},
		{"issuer with escape", func(a *oath.Account) { a.Issuer = "\x1b[2J" }, "issuer holds a control character"},
		{"issuer with C1", func(a *oath.Account) { a.Issuer = "\u009b2J" }, "issuer holds a control character"},
		{"no type", func(a *oath.Account) { a.Type = oath.TypeUnknown }, "neither totp nor hotp"},
		{"odd type", func(a *oath.Account) { a.Type = 3 }, "neither totp nor hotp"},
		{"no algorithm", func(a *oath.Account) { a.Algorithm = oath.AlgorithmUnknown }, "algorithm"},
		{"odd algorithm", func(a *oath.Account) { a.Algorithm = 4 }, "algorithm"},
		{"five digits", func(a *oath.Account) { a.Digits = 5 }, "6 to 8 digits, not 5"},
		{"nine digits", func(a *oath.Account) { a.Digits = 9 }, "6 to 8 digits, not 9"},
		{"steam with six", func(a *oath.Account) { a.Issuer = "Steam" }, "5 characters, not 6"},
		{"no period", func(a *oath.Account) { a.Period = 0 }, "1 to 86400 seconds, not 0"},
		{"negative period", func(a *oath.Account) { a.Period = -30 }, "not -30"},
		{"long period", func(a *oath.Account) { a.Period = oath.MaxPeriod + 1 }, "not 86401"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := valid
			test.change(&a)
			err := a.Validate()
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, oath.ErrInvalid) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want ErrInvalid with %q", err, test.want)
			}
		})
	}
}

func TestWithDefaults(t *testing.T) {
	for _, test := range []struct{ in, want oath.Account }{
		{oath.Account{}, oath.Account{Type: oath.TOTP, Algorithm: oath.SHA1, Digits: 6, Period: 30}},
		{oath.Account{Type: oath.HOTP}, oath.Account{Type: oath.HOTP, Algorithm: oath.SHA1, Digits: 6}},
		{oath.Account{Issuer: "Steam", Digits: 6}, oath.Account{Issuer: "Steam", Type: oath.TOTP, Algorithm: oath.SHA1, Digits: 5, Period: 30}},
		{
			oath.Account{Type: oath.TOTP, Algorithm: oath.SHA512, Digits: 8, Period: 60},
			oath.Account{Type: oath.TOTP, Algorithm: oath.SHA512, Digits: 8, Period: 60},
		},
	} {
		if got := test.in.WithDefaults(); got != test.want {
			t.Errorf("%+v: got %+v, want %+v", test.in, got, test.want)
		}
	}
}

func TestSpelling(t *testing.T) {
	got := []string{
		oath.TOTP.String(), oath.HOTP.String(), oath.TypeUnknown.String(),
		oath.SHA1.String(), oath.SHA256.String(), oath.SHA512.String(), oath.AlgorithmUnknown.String(),
	}
	if want := "totp hotp unknown SHA1 SHA256 SHA512 unknown"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}
