package oath_test

import (
	"encoding/hex"
	"testing"

	"github.com/tokenctl/tokenctl/oath"
)

// RFC 4226, appendix D: the HMACs of counts 0 and 1, and their truncated forms.
func TestRespond(t *testing.T) {
	secret, err := oath.NewSecret([]byte("12345678901234567890"))
	if err != nil {
		t.Fatal(err)
	}
	a := oath.Account{Name: "a", Type: oath.TOTP}.WithDefaults()
	respond := func(challenge uint64) oath.Response {
		r, err := a.Respond(secret, challenge)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for challenge, want := range []string{
		"cc93cf18508d94934c64b65d8ba7667fb7cde4b0", "75a48a19d4cbe100644e8ac1397eea747a2d33ab",
	} {
		if got := hex.EncodeToString(respond(uint64(challenge)).HMAC); got != want {
			t.Errorf("%d: got %s, want %s", challenge, got, want)
		}
	}
	whole := respond(0)
	for _, test := range []struct {
		name   string
		other  oath.Response
		same   bool
		chance float64
	}{
		{"itself", whole, true, 0},
		{"another challenge", respond(1), false, 0},
		{"31 bits", oath.Response{Value: 1284755224, Digits: 6}, true, 1e-6},
		{"with the top bit", oath.Response{Value: 1284755224 | 1<<31, Digits: 6}, true, 1e-6},
		{"reduced", oath.Response{Value: 755224, Digits: 6}, true, 1e-6},
		{"reduced, 8 digits", oath.Response{Value: 84755224, Digits: 8}, true, 1e-8},
		{"reduced, too many digits", oath.Response{Value: 284755224, Digits: 10}, true, 1e-9},
		{"another code", oath.Response{Value: 755225, Digits: 6}, false, 1e-6},
		{"no digits", oath.Response{Value: 0, Digits: 0}, false, 0},
		{"nothing", oath.Response{HMAC: []byte{}}, false, 0},
	} {
		for _, pair := range [][2]oath.Response{{whole, test.other}, {test.other, whole}} {
			if same, chance := pair[0].Equal(pair[1]); same != test.same || chance != test.chance {
				t.Errorf("%s: got %v, %v", test.name, same, chance)
			}
		}
	}
	short, long := oath.Response{Value: 755224, Digits: 6}, oath.Response{Value: 84755224, Digits: 8}
	if same, chance := short.Equal(long); !same || chance != 1e-6 {
		t.Errorf("two truncated: got %v, %v", same, chance)
	}
}
