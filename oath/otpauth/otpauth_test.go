package otpauth

import (
	"errors"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath"
)

const testSecret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"

func totp(issuer, name string) oath.Account {
	return oath.Account{Issuer: issuer, Name: name}.WithDefaults()
}

// Each row is a text that a service or another authenticator writes.
func TestParse(t *testing.T) {
	const secret = "secret=" + testSecret
	with := func(a oath.Account, change func(*oath.Account)) oath.Account { change(&a); return a }
	hotp := oath.Account{Issuer: "A", Name: "b", Type: oath.HOTP, Algorithm: oath.SHA1, Digits: 6, Counter: 7}
	alice := totp("Example", "alice")
	steam := totp("Steam", "alice")
	tests := []struct {
		name string
		text string
		want oath.Account
		warn string
	}{
		{name: "the specification's example",
			text: "otpauth://totp/Example:alice@google.com?" + secret + "&issuer=Example",
			want: totp("Example", "alice@google.com")},
		{name: "everything spelled out",
			text: "otpauth://totp/Example:alice?" + secret + "&issuer=Example&algorithm=SHA512&digits=8&period=60",
			want: with(alice, func(a *oath.Account) { a.Algorithm, a.Digits, a.Period = oath.SHA512, 8, 60 })},
		{name: "hotp", text: "otpauth://hotp/A:b?" + secret + "&counter=7&period=60", want: hotp},
		{name: "hotp, the last counter", text: "otpauth://hotp/A:b?" + secret + "&counter=18446744073709551615",
			want: with(hotp, func(a *oath.Account) { a.Counter = 1<<64 - 1 })},
		{name: "hotp without a counter", text: "otpauth://hotp/A:b?" + secret, warn: "no counter",
			want: with(hotp, func(a *oath.Account) { a.Counter = 0 })},
		{name: "upper case", text: "OTPAUTH://TOTP/Example:alice?SECRET=" + testSecret + "&ISSUER=Example", want: alice},
		{name: "Apple's scheme", text: "apple-otpauth://totp/Example:alice?" + secret, want: alice},
		{name: "white space around", text: "\ufeff otpauth://totp/Example:alice?" + secret + "\r\n", want: alice},
		{name: "copied from a page's source", text: "otpauth://totp/Example:alice?" + secret + "&amp;issuer=Example&amp;digits=8",
			want: with(alice, func(a *oath.Account) { a.Digits = 8 })},

		{name: "secret in lower case", text: "otpauth://totp/Example:alice?secret=jbswy3dpehpk3pxpjbswy3dpehpk3pxp", want: alice},
		{name: "secret in groups", text: "otpauth://totp/Example:alice?secret=JBSW+Y3DP%20EHPK-3PXP JBSWY3DPEHPK3PXP", want: alice},
		{name: "secret padded", text: "otpauth://totp/Example:alice?secret=" + testSecret + "%3D%3D====", want: alice},

		{name: "no issuer", text: "otpauth://totp/alice?" + secret, want: totp("", "alice")},
		{name: "issuer in the parameter", text: "otpauth://totp/alice?" + secret + "&issuer=Example", want: alice},
		{name: "issuer in the label", text: "otpauth://totp/Example:alice?" + secret, want: alice},
		{name: "empty issuer", text: "otpauth://totp/Example:alice?" + secret + "&issuer=", want: alice},
		{name: "separator escaped", text: "otpauth://totp/Example%3Aalice?" + secret, want: alice},
		{name: "separator escaped in lower case", text: "otpauth://totp/Example%3aalice?" + secret, want: alice},
		{name: "space after the separator", text: "otpauth://totp/Example:%20alice?" + secret + "&issuer=Example", want: alice},
		{name: "separator first", text: "otpauth://totp/:alice?" + secret, want: totp("", "alice")},
		{name: "separator last", text: "otpauth://totp/Example:?" + secret, want: totp("Example", "Example"), warn: "has no name"},
		{name: "escaped colon in the issuer", text: "otpauth://totp/Foo%3A%20Bar:alice?" + secret, want: totp("Foo: Bar", "alice")},
		{name: "colon in the issuer", text: "otpauth://totp/Foo:%20Bar:alice?" + secret + "&issuer=Foo:+Bar", want: totp("Foo: Bar", "alice")},
		{name: "colon in the issuer, all escaped", text: "otpauth://totp/Foo%3ABar%3Aalice?" + secret + "&issuer=Foo%3ABar", want: totp("Foo:Bar", "alice")},
		{name: "port in the account", text: "otpauth://totp/Example:alice@google.com:443?" + secret, want: totp("Example", "alice@google.com:443")},
		{name: "port in the account, and issuer", text: "otpauth://totp/Example:alice@google.com:443?" + secret + "&issuer=Example", want: totp("Example", "alice@google.com:443")},
		{name: "address in the issuer",
			text: "otpauth://totp/Gitea:%20tea%20%28https://try.gitea.io/%29:alice?issuer=Gitea%3A+tea+%28https%3A%2F%2Ftry.gitea.io%2F%29&" + secret,
			want: totp("Gitea: tea (https://try.gitea.io/)", "alice")},
		{name: "address as the issuer", text: "otpauth://totp/https://git.example.com:alice?" + secret, want: totp("https://git.example.com", "alice")},
		{name: "two issuers", text: "otpauth://totp/Example:alice?" + secret + "&issuer=Other", want: totp("Other", "alice"), warn: "two issuers"},
		{name: "two issuers but for case", text: "otpauth://totp/example:alice?" + secret + "&issuer=Example", want: alice},
		{name: "no name", text: "otpauth://totp/?" + secret + "&issuer=Example", want: totp("Example", "Example"), warn: "has no name"},
		{name: "no label", text: "otpauth://totp?" + secret + "&issuer=Example", want: totp("Example", "Example"), warn: "has no name"},

		{name: "plus for a space", text: "otpauth://totp/Air%20Canada:alice?" + secret + "&issuer=Air+Canada", want: totp("Air Canada", "alice")},
		{name: "plus for a space in the label", text: "otpauth://totp/Air+Canada:alice?" + secret + "&issuer=Air+Canada", want: totp("Air Canada", "alice")},
		{name: "plus in the name", text: "otpauth://totp/Example:alice+otp@example.com?" + secret, want: totp("Example", "alice+otp@example.com")},
		{name: "spaces as they are", text: "otpauth://totp/My Shop:alice b?" + secret + "&issuer=My Shop", want: totp("My Shop", "alice b")},
		{name: "number sign", text: "otpauth://totp/Example:alice#1?" + secret + "&issuer=Example", want: totp("Example", "alice#1")},
		{name: "number sign in the issuer", text: "otpauth://totp/alice?issuer=Shop#1&" + secret, want: totp("Shop#1", "alice")},
		{name: "percent sign", text: "otpauth://totp/100%:alice%2?" + secret, want: totp("100%", "alice%2")},
		{name: "slash in the name", text: "otpauth://totp/Example:dom/alice?" + secret, want: totp("Example", "dom/alice")},
		{name: "beyond ASCII", text: "otpauth://totp/B%C3%BCro:ålice?" + secret + "&issuer=Büro", want: totp("Büro", "ålice")},
		{name: "Latin-1", text: "otpauth://totp/B%FCro:%E5lice?" + secret + "&issuer=B\xfcro",
			want: totp("Büro", "ålice"), warn: `Latin-1: "Büro:ålice"`},
		{name: "Latin-1 in the label alone", text: "otpauth://totp/B%FCro%3Aal%92ice?" + secret + "&issuer=B%C3%BCro",
			want: totp("Büro", "al’ice"), warn: `Latin-1: "Büro:al’ice"`},
		{name: "period glued to the issuer", text: "otpauth://totp/alice?" + secret + "&issuer=Exampleperiod=60",
			want: with(alice, func(a *oath.Account) { a.Period = 60 })},

		{name: "algorithm empty", text: "otpauth://totp/Example:alice?" + secret + "&algorithm=&digits=&period=", want: alice},
		{name: "Algorithm.sha1", text: "otpauth://totp/Example:alice?" + secret + "&algorithm=Algorithm.sha1", want: alice},
		{name: "HmacSHA1", text: "otpauth://totp/Example:alice?" + secret + "&algorithm=HmacSHA1", want: alice},
		{name: "HMAC-SHA-256", text: "otpauth://totp/Example:alice?" + secret + "&algorithm=HMAC-SHA-256",
			want: with(alice, func(a *oath.Account) { a.Algorithm = oath.SHA256 })},
		{name: "sha512", text: "otpauth://totp/Example:alice?" + secret + "&algorithm=sha512",
			want: with(alice, func(a *oath.Account) { a.Algorithm = oath.SHA512 })},
		{name: "parameters of others", text: "otpauth://totp/Example:alice?" + secret + `&image=https%3A%2F%2Fx&lock=true&pin=1&codeDisplay={"pinned":false}&flag`, want: alice},
		{name: "a parameter twice", text: "otpauth://totp/Example:alice?" + secret + "&digits=6&digits=6", want: alice},

		{name: "Steam by scheme", text: "steam://" + testSecret, want: totp("Steam", "Steam"), warn: "has no name"},
		{name: "Steam by type", text: "otpauth://steam/Steam:alice?" + secret + "&issuer=Steam", want: steam},
		{name: "Steam by type, no issuer", text: "otpauth://steam/alice?" + secret, want: steam},
		{name: "Steam by encoder", text: "otpauth://totp/alice?" + secret + "&encoder=steam&digits=6", want: steam},
		{name: "Steam by encoder, other issuer", text: "otpauth://totp/Games:alice?" + secret + "&encoder=steam", want: steam, warn: "becomes"},
		{name: "Steam by issuer and digits", text: "otpauth://totp/alice?" + secret + "&issuer=Steam&digits=5", want: steam},
		{name: "Steam by issuer in lower case", text: "otpauth://totp/steam:alice?" + secret + "&digits=5", want: steam},
		{name: "Steam with six digits", text: "otpauth://totp/Steam:alice?" + secret + "&digits=6", want: steam, warn: "has codes of 6"},
		{name: "hotp of Steam", text: "otpauth://hotp/Steam:b?" + secret + "&counter=7",
			want: with(hotp, func(a *oath.Account) { a.Issuer = "Steam" })},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k, err := Parse(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if k.Account != tt.want {
				t.Errorf("got  %+v\nwant %+v", k.Account, tt.want)
			}
			if got := k.Secret.Base32(); got != testSecret {
				t.Errorf("secret is %s", got)
			}
			warnings := strings.Join(k.Warnings, " ")
			if (tt.warn == "") != (warnings == "") || !strings.Contains(warnings, tt.warn) {
				t.Errorf("warnings are %q, want %q", warnings, tt.warn)
			}
			checkIdentity(t, k)
		})
	}
}

// checkIdentity writes a key and reads it back.
func checkIdentity(t *testing.T, k Key) {
	t.Helper()
	uri, unwritten := k.URI()
	again, err := Parse(uri)
	if err = errors.Join(unwritten, err); err != nil {
		t.Fatalf("reading %s back: %v", uri, err)
	}
	if again.Account != k.Account {
		t.Errorf("%s\nreads as %+v\nnot as   %+v", uri, again.Account, k.Account)
	}
	if again.Secret.Base32() != k.Secret.Base32() {
		t.Errorf("%s: the secret is another", uri)
	}
	if len(again.Warnings) > 0 {
		t.Errorf("%s: %v", uri, again.Warnings)
	}
	if second, err := again.URI(); second != uri || err != nil {
		t.Errorf("%s is written as %s the second time: %v", uri, second, err)
	}
}

func TestParseRefuses(t *testing.T) {
	const secret = "secret=" + testSecret
	tests := []struct {
		name string
		text string
		says string
		is   error // oath.ErrInvalid if nil
	}{
		{name: "empty", text: "", says: "not an otpauth URI", is: ErrNotURI},
		{name: "bare secret", text: testSecret, says: "not an otpauth URI", is: ErrNotURI},
		{name: "web address", text: "https://example.com/?" + secret, says: "not an otpauth URI", is: ErrNotURI},
		{name: "an export", text: "otpauth-migration://offline?data=AAAA", says: "export of several accounts"},
		{name: "motp", text: "motp://Example:alice?" + secret, says: "motp"},
		{name: "motp as a type", text: "otpauth://motp/Example:alice?" + secret, says: "motp"},
		{name: "yaotp", text: "otpauth://yaotp/alice?" + secret, says: "yaotp"},
		{name: "other type", text: "otpauth://ocra/alice?" + secret, says: "totp or hotp"},
		{name: "no type", text: "otpauth://?" + secret, says: "totp or hotp"},
		{name: "no name", text: "otpauth://totp/?" + secret, says: "name is empty", is: ErrName},
		{name: "no secret", text: "otpauth://totp/alice", says: "no secret"},
		{name: "empty secret", text: "otpauth://totp/alice?secret=", says: "no secret"},
		{name: "secret of padding", text: "otpauth://totp/alice?secret=%3D", says: "empty"},
		{name: "secret cut short", text: "otpauth://totp/alice?secret=JBSWY3DP", says: "cut short"},
		{name: "secret too long", text: "otpauth://totp/alice?secret=" + strings.Repeat("A", 1024), says: "at most"},
		{name: "secret not base32", text: "otpauth://totp/alice?secret=JBSWY3DPEHPK3PX1", says: "character 16"},
		{name: "empty steam", text: "steam://", says: "empty"},
		{name: "two secrets", text: "otpauth://totp/alice?" + secret + "&secret=GEZDGNBVGY3TQOJQ", says: `two parameters named "secret"`},
		{name: "MD5", text: "otpauth://totp/alice?algorithm=md5&" + secret, says: "MD5"},
		{name: "other algorithm", text: "otpauth://totp/alice?algorithm=SHA3&" + secret, says: "one of SHA1, SHA256, SHA512"},
		{name: "digits 0", text: "otpauth://totp/alice?digits=0&" + secret, says: "not 0"},
		{name: "digits 5", text: "otpauth://totp/alice?digits=5&" + secret, says: "6 to 8 digits, not 5"},
		{name: "digits 9", text: "otpauth://totp/alice?digits=9&" + secret, says: "6 to 8 digits, not 9"},
		{name: "digits in words", text: "otpauth://totp/alice?digits=six&" + secret, says: `digits is not a whole number`},
		{name: "period 0", text: "otpauth://totp/alice?period=0&" + secret, says: "86400 seconds, not 0"},
		{name: "period negative", text: "otpauth://totp/alice?period=-30&" + secret, says: "not -30"},
		{name: "period over a day", text: "otpauth://totp/alice?period=86401&" + secret, says: "not 86401"},
		{name: "period too big", text: "otpauth://totp/alice?period=99999999999999999999&" + secret, says: `period is not a whole number`},
		{name: "counter negative", text: "otpauth://hotp/alice?counter=-1&" + secret, says: "counter"},
		{name: "counter too big", text: "otpauth://hotp/alice?counter=18446744073709551616&" + secret, says: "2^64-1"},
		{name: "hotp with Steam's letters", text: "otpauth://hotp/alice?counter=1&encoder=steam&" + secret, says: "Steam"},
		{name: "control character", text: "otpauth://totp/al%0Aice?" + secret, says: "control character", is: ErrName},
		{name: "no name, and something else", text: "otpauth://totp/?digits=5&" + secret, says: "6 to 8 digits"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k, err := Parse(tt.text)
			if err == nil {
				t.Fatalf("read as %+v", k.Account)
			}
			if tt.is == nil {
				tt.is = oath.ErrInvalid
			}
			if !errors.Is(err, tt.is) {
				t.Errorf("%v does not wrap %v", err, tt.is)
			}
			if !strings.Contains(err.Error(), tt.says) {
				t.Errorf("the error is %q, and should say %q", err, tt.says)
			}
			for _, leak := range []string{"JBSWY3DP", "GEZDGNBV", "otpauth://totp"} {
				if strings.Contains(err.Error(), leak) {
					t.Errorf("the error holds %s: %v", leak, err)
				}
			}
		})
	}
}
