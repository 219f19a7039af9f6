package exchange

import (
	"bytes"
	"encoding/json"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestBadValues puts what no account has into each format that is text. The file must
// still be read, and each entry of it be taken or refused.
func TestBadValues(t *testing.T) {
	secret := alice.Secret.Base32()
	for _, tt := range []struct {
		what     string
		old, new string // a regular expression, and what replaces it
	}{
		{"a name of 10,000 bytes", `alice`, strings.Repeat("a", 10_000)},
		{"control characters in a name", `alice`, `al\u001b[2J\u0007ice`},
		{"control characters in a name of a URI", `:alice`, `:al%1b[2J%07ice`},
		{"a name that is not UTF-8", `alice`, "al\xffice"},
		{"half a surrogate in a name", `alice`, `al\ud800ice`},
		{"no name", `alice`, ``},
		{"a name of colons", `alice`, `:::`},
		{"no secret", secret, ``},
		{"a secret of a letter", secret, `A`},
		{"a secret of 10,000 bytes", secret, strings.Repeat("A", 16_000)},
		{"a secret that is not base32", secret, `0189`},
		{"no digits", `(?i)(digits"?[=:]"?)6`, `${1}0`},
		{"99 digits", `(?i)(digits"?[=:]"?)6`, `${1}99`},
		{"digits beyond all bounds", `(?i)(digits"?[=:]"?)6`, `${1}99999999999999999999`},
		{"half a digit", `(?i)(digits"?[=:]"?)6`, `${1}6.5`},
		{"a period of 0", `(?i)((period|timer|timeStep)"?[=:]"?)30`, `${1}0`},
		{"a negative period", `(?i)((period|timer|timeStep)"?[=:]"?)30`, `${1}-30`},
		{"a counter beyond all bounds", `(?i)(counter"?[=:]"?)[67]`, `${1}18446744073709551616`},
		{"an algorithm that is a number", `(?i)("algo(rithm)?":)"SHA1"`, `${1}7`},
	} {
		tried := 0
		for _, s := range samples() {
			if s.password != "" {
				continue
			}
			altered := regexp.MustCompile(tt.old).ReplaceAll(s.data, []byte(tt.new))
			if bytes.Equal(altered, s.data) {
				continue
			}
			tried++
			got, err := Read(altered, nil)
			if err != nil {
				t.Errorf("%s with %s: %v", s.name, tt.what, err)
				continue
			}
			if n, want := len(got.Entries)+len(got.Refused), len(s.want)+len(s.refused); n < want {
				t.Errorf("%s with %s: %d entries, not %d", s.name, tt.what, n, want)
			}
			for _, e := range got.Entries {
				if err := e.Account.Validate(); err != nil {
					t.Errorf("%s with %s: %v", s.name, tt.what, err)
				}
			}
		}
		if tried < 2 {
			t.Errorf("%s: tried in %d samples", tt.what, tried)
		}
	}
}

// TestPadding puts megabytes of nothing around a text.
func TestPadding(t *testing.T) {
	if testing.Short() {
		t.Skip("takes many large files")
	}
	padding := bytes.Repeat([]byte(" \r\n\t"), 1<<20)
	for _, s := range samples() {
		if s.password != "" || bytes.HasPrefix(s.data, []byte("\ufeff")) || bytes.HasPrefix(s.data, []byte(zipMagic)) {
			continue
		}
		got, err := Read(slices.Concat(padding, s.data, padding), nil)
		if err != nil {
			t.Errorf("%s: %v", s.name, err)
		} else if len(got.Entries) != len(s.want) {
			t.Errorf("%s: %d entries, not %d", s.name, len(got.Entries), len(s.want))
		}
	}
}

// TestManyAccounts repeats the accounts of each sample in JSON, and of each format that is
// written, a hundred times and a thousand times: that must take about ten times as much
// memory.
func TestManyAccounts(t *testing.T) {
	if testing.Short() {
		t.Skip("takes many large files")
	}
	read := func(s sample, times int, data []byte) (allocated uint64) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got, err := Read(data, nil)
		runtime.ReadMemStats(&after)
		if err != nil || len(got.Entries) != times*len(s.want) || len(got.Refused) != times*len(s.refused) {
			t.Fatalf("%s: %v", s.name, err)
		}
		return after.TotalAlloc - before.TotalAlloc
	}
	for _, s := range samples() {
		if s.password != "" || repeated(s.data, 1) == nil {
			continue
		}
		if some, many := read(s, 100, repeated(s.data, 100)), read(s, 1000, repeated(s.data, 1000)); many > 15*some {
			t.Errorf("%s: %d bytes for some accounts, and %d for ten times as many", s.name, some, many)
		}
	}
	for _, word := range Words() {
		written := func(times int) []byte {
			data, _, err := Write(word, slices.Repeat([]Entry{alice}, times), "", bytes.NewReader(make([]byte, 1<<20)))
			if err != nil {
				t.Fatal(err)
			}
			return data
		}
		s := sample{name: word, want: []Entry{alice}}
		if word == "google-authenticator" {
			continue // which holds one
		}
		if some, many := read(s, 100, written(100)), read(s, 1000, written(1000)); many > 15*some {
			t.Errorf("%s: %d bytes for some accounts, and %d for ten times as many", word, some, many)
		}
	}
}

// repeated repeats the longest list of objects in JSON; nil if there is none.
func repeated(data []byte, times int) []byte {
	var whole any
	if json.Unmarshal(bytes.TrimPrefix(data, []byte("\ufeff")), &whole) != nil {
		return nil
	}
	longest := 0
	var walk func(v any, change bool) any
	walk = func(v any, change bool) any {
		switch v := v.(type) {
		case map[string]any:
			for name, member := range v {
				v[name] = walk(member, change)
			}
		case []any:
			isList := len(v) > 0 && slices.ContainsFunc(v, func(e any) bool { _, isObject := e.(map[string]any); return isObject })
			switch {
			case change && isList && len(v) == longest:
				return slices.Repeat(v, times)
			case isList:
				longest = max(longest, len(v))
			}
		}
		return v
	}
	walk(whole, false)
	if longest == 0 {
		return nil
	}
	return object(walk(whole, true))
}

// TestRefusalsKeepSecrets looks for a secret in what is said of an entry that is refused.
func TestRefusalsKeepSecrets(t *testing.T) {
	const secret = "NOTTOBESHOWN2345"
	for _, uri := range []string{
		"otpauth://totp/alice?secret=" + secret + "&digits=9", "otpauth://totp/alice&secret=" + secret, "otpauth://totp/alice%3Fsecret=" + secret + "?x",
		"otpauth://totp/?secret=" + secret, "otpauth://" + secret, "steam://" + secret + "1", "motp://x:" + secret + "?secret=" + secret, "otpauth:" + secret + "?",
	} {
		r := new(reader)
		r.addText("", "", uri, "")
		if len(r.Refused) != 1 || r.Refused[0].Label == "" || strings.Contains(r.Refused[0].Label+r.Refused[0].Err.Error(), secret) {
			t.Errorf("%s: %+v", uri, r.Refused)
		}
	}
}
