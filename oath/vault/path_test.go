package vault

import (
	"path"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/tokenctl/tokenctl/oath"
)

func TestPath(t *testing.T) {
	for _, test := range []struct {
		id   oath.ID
		want string
	}{
		{"GitHub:alice", "accounts/GitHub/alice.age"},
		{"alice", "accounts/alice.age"},
		{"alice@example.com", "accounts/alice@example.com.age"},
		{"60/GitHub:alice", "accounts/60%2FGitHub/alice.age"},
		{"2024/foo", "accounts/2024%2Ffoo.age"},
		{"Acme Co:Alice Smith", "accounts/Acme Co/Alice Smith.age"},
		{"a:b:c", "accounts/a/b%3Ac.age"},
		{":a", "accounts/%3Aa.age"},
		{"a:", "accounts/a%3A.age"},
		{"..:..", "accounts/%2E%2E/%2E%2E.age"},
		{"...", "accounts/%2E.%2E.age"},
		{".git:config", "accounts/%2Egit/config.age"},
		{"../../etc/passwd", "accounts/%2E.%2F..%2Fetc%2Fpasswd.age"},
		{`\\server\share`, "accounts/%5C%5Cserver%5Cshare.age"},
		{"-rf", "accounts/%2Drf.age"},
		{" a : b ", "accounts/%20a%20/%20b%20.age"},
		{"a.age", "accounts/a%2Eage.age"},
		{"a.AGE:b.Codes", "accounts/a%2EAGE/b%2ECodes.age"},
		{"CON:nul", "accounts/%43ON/%6Eul.age"},
		{"com1.txt", "accounts/%63om1.txt.age"},
		{"COM", "accounts/COM.age"},
		{"console", "accounts/console.age"},
		{"100%", "accounts/100%25.age"},
		{"a\x00b\nc\x7f", "accounts/a%00b%0Ac%7F.age"},
		{"\xff", "accounts/%FF.age"},
		{"日本:太郎", "accounts/日本/太郎.age"},
		{"caf\u00e9", "accounts/caf\u00e9.age"},
		{"cafe\u0301", "accounts/cafe%CC%81.age"},
		{"a\u202eb", "accounts/a%E2%80%AEb.age"},
		{"a\u00a0b", "accounts/a%C2%A0b.age"},
		{oath.ID(strings.Repeat("a", 112)), "accounts/" + strings.Repeat("a", 112) + ".age"},
		{oath.ID(strings.Repeat("a", 113)), "accounts/" + strings.Repeat("a", 78) + "%-ba02731ae695aae5cd49b49d84330b63.age"},
	} {
		if got := Path(test.id); got != test.want {
			t.Errorf("Path(%q) = %q, want %q", test.id, got, test.want)
		}
	}
}

func parsePath(name string) (fileName, error) {
	issuer, err := parseFolder(path.Dir(name))
	if err != nil {
		return fileName{path: name}, err
	}
	return issuer.parseFile(name)
}

func TestParsePath(t *testing.T) {
	for _, test := range []struct {
		name, want string // want is part of the error, which gives the right name
	}{
		{"a:b.age", `"a%3Ab"`},
		{"a%3ab.age", `"a%3Ab"`},
		{"%61.age", `"a"`},
		{"a%.age", "not one of an account"},
		{"a%zz.age", "not one of an account"},
		{".age", "not one of an account"},
		{"a%3Ab/c.age", `"accounts/a/b%3Ac.age"`},
		{"a%3Ab.age", `"accounts/a/b.age"`},
		{"a%~0123456789abcdef.age", ""},
	} {
		f, err := parsePath("accounts/" + test.name)
		if test.want == "" {
			if err != nil || !f.cut {
				t.Errorf("parsePath(%q) = %+v, %v, want a name that was cut", test.name, f, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("parsePath(%q) = %q, error %v, want one that says %s", test.name, f.id, err, test.want)
		}
	}
}

// FuzzPath checks that every ID has paths that are safe on every file system,
// and that lead back to it.
func FuzzPath(f *testing.F) {
	for _, id := range []string{
		"GitHub:alice", "60/GitHub:alice", "..:..", "a/b", "CON:NUL.x", "a.age:b.codes", "\xff\x00", "é:e\u0301",
		":\u0301", "%\u0301", "%2F%~%-", strings.Repeat("x", 300), strings.Repeat("語", 100), strings.Repeat("/", 100), "\u202e", " . ", "-", "~",
	} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if text == "" {
			return
		}
		id := oath.ID(text)
		for _, name := range paths(id) {
			checkPortable(t, name)
			got, err := parsePath(name)
			if err != nil {
				t.Fatalf("parsePath(%q), of %q: %v", name, id, err)
			}
			if !got.cut && got.id != id {
				t.Fatalf("%q is at %q, which is named for %q", id, name, got.id)
			}
			// As macOS's older file system gives it back.
			apart, err := parsePath(norm.NFD.String(name))
			if err != nil || apart.id != got.id {
				t.Fatalf("%q taken apart is named for %q: %v", name, apart.id, err)
			}
		}
		usual, differs := paths(id)[0], paths(id)[1]
		if foldName(usual) == foldName(differs) {
			t.Fatalf("%q has one path twice: %q", id, usual)
		}
	})
}

func checkPortable(t *testing.T, name string) {
	t.Helper()
	if path.Clean(name) != name || !utf8.ValidString(name) || !norm.NFC.IsNormalString(name) {
		t.Fatalf("%q is not in its simplest form", name)
	}
	parts := strings.Split(name, "/")
	if parts[0] != "accounts" || len(parts) > 3 {
		t.Fatalf("%q is not below accounts", name)
	}
	for i, part := range parts[1:] {
		isFile := i == len(parts)-2
		switch {
		case len(part)+len(codesSuffix)-len(accountSuffix) > 143:
			t.Fatalf("%q is %d bytes long", part, len(part))
		case strings.ContainsAny(part, `\:*?"<>|`), strings.ContainsFunc(part, func(r rune) bool { return !unicode.IsPrint(r) }):
			t.Fatalf("%q holds a character that some file system does not take", part)
		case strings.HasPrefix(part, "."), strings.HasPrefix(part, "-"), strings.HasSuffix(part, "."), strings.HasSuffix(part, " "):
			t.Fatalf("%q begins or ends badly", part)
		case isDevice(part):
			t.Fatalf("%q is a device on Windows", part)
		case isFile != strings.HasSuffix(strings.ToLower(part), ".age"), strings.HasSuffix(strings.ToLower(part), ".codes.age"):
			t.Fatalf("%q is taken for another kind of file", part)
		}
	}
}

// FuzzPathsDiffer checks that no two IDs share a path.
func FuzzPathsDiffer(f *testing.F) {
	f.Add("a:b", "a/b")
	f.Add("é", "e\u0301")
	f.Add("a%2Fb", "a/b")
	f.Add(strings.Repeat("a", 200)+"b", strings.Repeat("a", 200)+"c")
	f.Add("CON", "%43ON")
	f.Add("x", "x%~2d711642b726b044")
	f.Fuzz(func(t *testing.T, a, b string) {
		if a == b || a == "" || b == "" {
			return
		}
		for _, one := range paths(oath.ID(a)) {
			for _, other := range paths(oath.ID(b)) {
				if one == other {
					t.Fatalf("%q and %q are both at %q", a, b, one)
				}
			}
		}
	})
}
