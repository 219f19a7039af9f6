package vault

import (
	"errors"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath"
)

func TestParseRecord(t *testing.T) {
	const uri = "otpauth://totp/GitHub:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=GitHub&algorithm=SHA1&digits=6&period=30"
	for _, test := range []struct{ name, content, written string }{
		{"one line", uri, uri + "\n"},
		{"with its end", uri + "\n", uri + "\n"},
		{"lines of the user's", uri + "\nurl: https://github.com\n\nnote: x", uri + "\nurl: https://github.com\n\nnote: x"},
		{"Windows", uri + "\r\nnote: x\r\n", uri + "\nnote: x\r\n"},
		{"a parameter of another app's", uri + "&image=https%3A%2F%2Fx%2Fy.png&&color=red\n", uri + "&image=https%3A%2F%2Fx%2Fy.png&color=red\n"},
		{"no counter", "otpauth://hotp/alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n",
			"otpauth://hotp/alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&algorithm=SHA1&digits=6&counter=0\n"},
		{"shortest", "otpauth://totp/GitHub:alice?secret=gezdgnbvgy3tqojqgezdgnbvgy3tqojq", uri + "\n"},
	} {
		r, err := parseRecord([]byte(test.content))
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if got, err := r.content(); string(got) != test.written || err != nil {
			t.Errorf("%s: written as %q, %v, want %q", test.name, got, err, test.written)
		}
	}
	for name, content := range map[string]string{
		"empty":              "",
		"no URI":             "hunter2\n",
		"on the second line": "\n" + uri,
		"no secret":          "otpauth://totp/GitHub:alice\n",
		"short secret":       "otpauth://totp/GitHub:alice?secret=GEZDG\n",
	} {
		_, err := parseRecord([]byte(content))
		if !errors.Is(err, errNotURI) {
			t.Errorf("%s: error %v", name, err)
		}
		if err != nil && (strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "GEZDG")) {
			t.Errorf("%s: the error quotes the content: %v", name, err)
		}
	}
}

// FuzzParseRecord checks that what is read is written back with the same meaning.
func FuzzParseRecord(f *testing.F) {
	f.Add([]byte("otpauth://totp/GitHub:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&image=x\nnote: y\n"))
	f.Add([]byte("otpauth://hotp/x?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&counter=18446744073709551615"))
	f.Add([]byte("\ufeffotpauth://totp/a%3Ab%2Fc?secret=gezd gnbv gy3t qojq&period=77\r\n\r\n"))
	f.Add([]byte("steam://GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		r, err := parseRecord(content)
		if err != nil {
			return
		}
		if err := r.key.Account.Validate(); err != nil {
			t.Fatalf("an account that is not valid: %v", err)
		}
		written, unwritten := r.content()
		again, err := parseRecord(written)
		if err = errors.Join(unwritten, err); err != nil {
			t.Fatalf("%q, read and written: %v", content, err)
		}
		if again.key.Account != r.key.Account || again.key.Secret.Base32() != r.key.Secret.Base32() || again.lines != r.lines || again.extra != r.extra {
			t.Fatalf("%q became %+v, and then %+v", content, r, again)
		}
	})
}

func TestNewRecord(t *testing.T) {
	s, err := oath.NewSecret([]byte("12345678901234567890"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{" alice", "alice ", "\u2003alice"} {
		a := oath.Account{Issuer: "GitHub", Name: name}.WithDefaults()
		if _, err := newRecord(a, s); !errors.Is(err, oath.ErrInvalid) {
			t.Errorf("newRecord(%q): error %v, want one of a name that is read back otherwise", name, err)
		}
	}
}

// FuzzJournal checks that a journal from elsewhere reaches nothing but accounts.
func FuzzJournal(f *testing.F) {
	f.Add([]byte(`[{"from":"accounts/.tmp-0123456789abcdef","to":"accounts/a/b.age"},{"from":"accounts/c.age"}]`))
	f.Add([]byte(`[{"from":".age-recipients"}]`))
	f.Add([]byte(`[{"from":"accounts/../unlock/passphrase.age"}]`))
	f.Add([]byte(`[{"from":"accounts/a.age","to":"/etc/passwd"}]`))
	f.Fuzz(func(t *testing.T, content []byte) {
		steps, err := parseJournal(content)
		if err != nil {
			return
		}
		for _, s := range steps {
			for _, name := range []string{s.From, s.To} {
				if name != "" && (!strings.HasPrefix(name, "accounts/") || strings.Contains("/"+name+"/", "/../")) {
					t.Fatalf("%q is taken for a journal", content)
				}
			}
		}
	})
}
