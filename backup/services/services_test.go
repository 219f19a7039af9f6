package services

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/recognize"
	"github.com/tokenctl/tokenctl/oath"
)

// The contents of the table are consistent.
func TestKnown(t *testing.T) {
	if _, err := Read(strings.NewReader(table)); err != nil {
		t.Fatal(err)
	}
	all := Known().All()
	if len(all) < 56 {
		t.Errorf("%d services only", len(all))
	}
	names := make(map[string]string)
	for _, s := range all {
		for _, name := range append([]string{s.Name, s.Domain}, s.Aliases...) {
			name = strings.ToLower(name)
			if other, taken := names[name]; taken && name != "" && other != s.Name {
				t.Errorf("%q means both %s and %s", name, other, s.Name)
			}
			names[name] = s.Name
		}
		if s.Form != "" {
			form, err := regexp.Compile(s.Form)
			switch {
			case err != nil:
				t.Errorf("%s: %v", s.Name, err)
			case !form.MatchString(s.Example):
				t.Errorf("%s: %q is not of the form %s", s.Name, s.Example, form)
			case s.Shape == "":
				t.Errorf("%s: the form is not described in words", s.Name)
			case !strings.HasPrefix(s.Form, "^") || !strings.HasSuffix(s.Form, "$"):
				t.Errorf("%s: the form %s is not of a whole code", s.Name, form)
			}
		}
		if s.Codes != Yes && s.Instead == "" {
			t.Errorf("%s has no codes, and nothing says what to do then", s.Name)
		}
		if s.Codes == Yes && s.Renew() == "" {
			t.Errorf("%s: nothing says where new ones are made", s.Name)
		}
		if s.Instead != "" && !strings.HasSuffix(s.Instead, ".") && !strings.Contains(s.Instead, "ssh ") {
			t.Errorf("%s: no sentence: %q", s.Name, s.Instead)
		}
		if !utf8.ValidString(s.Renew()) {
			t.Errorf("%s: not UTF-8", s.Name)
		}
	}
}

// An example is recognized as a code, with the form and in most cases without.
func TestExamplesAreRecognized(t *testing.T) {
	for _, s := range Known().All() {
		if s.Example == "" {
			continue
		}
		found, err := recognize.Codes([]byte(s.Example+"\n"), s.Regexp())
		if err != nil || len(found.Codes) != 1 || found.Codes[0].Text != s.Example {
			t.Errorf("%s: %q: got %q, %v", s.Name, s.Example, found.Texts(), err)
		}
		if found, err := recognize.Codes([]byte(s.Example), nil); err != nil || len(found.Codes) != 1 {
			t.Errorf("%s: %q by its looks: got %q, %v", s.Name, s.Example, found.Texts(), err)
		}
	}
}

func TestOf(t *testing.T) {
	tests := []struct {
		id     oath.ID
		record backup.Record
		want   string
	}{
		{"github.com:alice", backup.Record{}, "GitHub"},
		{"60/GitHub:alice", backup.Record{}, "GitHub"},
		{"GitHub", backup.Record{}, "GitHub"},
		{"Work:alice", backup.Record{Service: "github"}, "GitHub"},
		{"GitHub:alice", backup.Record{Service: "nobody knows it"}, "GitHub"},
		{"Nobody knows it:alice", backup.Record{}, "Nobody knows it"},
		{"alice", backup.Record{}, "alice"},
	}
	for _, test := range tests {
		if s := Known().Of(test.id, test.record); s.Name != test.want || s.Codes == Yes != (test.want == "GitHub") {
			t.Errorf("%q, %+v: got %+v", test.id, test.record, s)
		}
	}
}

func TestLookup(t *testing.T) {
	found := map[string]string{
		"GitHub": "GitHub", "github": "GitHub", "GITHUB.COM": "GitHub", " github.com ": "GitHub",
		"https://github.com/settings/auth": "GitHub", "www.github.com": "GitHub", "HTTPS://WWW.GitHub.com": "GitHub",
		"Twitter": "X (Twitter)", "X": "X (Twitter)", "x": "X (Twitter)", "x.com": "X (Twitter)", "X (Twitter)": "X (Twitter)", "twitter.com": "X (Twitter)",
		"Amazon Web Services": "AWS", "amazon.com": "Amazon", "Codeberg": "Gitea and Forgejo", "npm": "npm", "npmjs.com": "npm",
		"Google": "Google", "Tutanota": "Tuta", "Microsoft": "Microsoft", "PlayStation Network": "PlayStation",
	}
	for issuer, want := range found {
		if s, ok := Known().Lookup(issuer); !ok || s.Name != want {
			t.Errorf("%q: got %q, want %q", issuer, s.Name, want)
		}
	}
	// No part of a name is the name.
	for _, issuer := range []string{
		"", " ", "Git", "GitHubber", "My GitHub", "notgithub.com", "github.com.example.org", "gist.github.com", "xx", "Xing", "box", "Goog", "(self-hosted)", "https://", "/", "www.",
	} {
		if s, ok := Known().Lookup(issuer); ok {
			t.Errorf("%q is taken for %s", issuer, s.Name)
		}
	}
}

func TestX(t *testing.T) {
	x, _ := Known().Lookup("Twitter")
	const path = "More > Settings and Support > Settings and privacy > Security and account access > Security > Two-factor authentication > Backup codes"
	if x.Where != path || !x.Sure("where") || x.Adds != Yes || x.Policy != backup.InOrder || x.Sure("policy") {
		t.Errorf("got %+v", x)
	}
}

func TestOfFile(t *testing.T) {
	tests := map[string]string{
		"github-recovery-codes.txt": "GitHub", "GitHub-Recovery-Codes (1).txt": "GitHub", "Backup-codes-alice.txt": "Google",
		"Backup-codes-alice (12).txt": "Google", "discord_backup_codes.txt": "Discord", "codes.txt": "", "": "", "notgithub-recovery-codes.txt": "",
	}
	for name, want := range tests {
		if s, ok := Known().OfFile(name); ok != (want != "") || s.Name != want {
			t.Errorf("%q: got %q, want %q", name, s.Name, want)
		}
	}
}

func TestReadOwn(t *testing.T) {
	own, err := Read(strings.NewReader("\ufeff# mine\r\n\r\nADDRESS\tname\tcount\twhere\tpolicy\r\nhttps://porter.example\tNowhere\t3\task the porter\tReusable\r\n\tGitHub\t20\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	c := own.Before(Known())
	nowhere, ok := c.Lookup("nowhere")
	if !ok || nowhere.Where != "ask the porter, or https://porter.example" || nowhere.Policy != backup.Reusable || nowhere.Confidence != Fact || nowhere.Count != 3 {
		t.Errorf("got %+v", nowhere)
	}
	if s, _ := c.Lookup("GitHub"); s.Count != 20 {
		t.Errorf("what comes with the program went first: %+v", s)
	}
	if _, ok := c.Lookup("GitLab"); !ok {
		t.Error("what comes with the program is gone")
	}
	if s, _ := Known().Lookup("GitHub"); s.Count != 16 {
		t.Errorf("what comes with the program was changed: %+v", s)
	}
	if empty, err := Read(strings.NewReader("")); err != nil || len(empty.All()) != 0 {
		t.Errorf("an empty file: %+v, %v", empty, err)
	}
}

func TestReadRefuses(t *testing.T) {
	tests := map[string]string{
		"nome\nx":                                  `line 1: unknown column "nome"`,
		"domain\nx":                                "line 1: the column name is missing",
		"name\tname\nx":                            `line 1: the column "name" appears twice`,
		"name\nx\ty":                               "line 2: 2 cells for 1 columns",
		"name\tcount\nx\tmany":                     `line 2: count: invalid number "many"`,
		"name\tcount\nx\t0":                        `line 2: count: invalid number "0"`,
		"name\tcodes\n\nx\tmaybe":                  `line 3: codes: "maybe"`,
		"name\tadds\nx\t1":                         `line 2: adds: "1"`,
		"name\tpolicy\nx\twhatever":                `line 2: policy: "whatever"`,
		"name\tform\nx\t^(":                        "line 2: form: ",
		"name\tform\texample\nx\t^a$\tb":           "line 2: example: ",
		"name\tconfidence\nx\tsure":                `line 2: confidence: "sure"`,
		"name\tunsure\nx\tnome":                    `line 2: unsure: unknown column "nome"`,
		"name\tfiles\nx\t[":                        "line 2: files: ",
		"name\tdomain\n\tx.com":                    "line 2: name: ",
		"name\n# comment\nx\xff":                   "line 3: not UTF-8",
		"name\nx\n" + strings.Repeat("y", 100_000): "behind 1 services: ",
	}
	for text, want := range tests {
		if c, err := Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: got %v, %v; want %q", text, c, err, want)
		}
	}
}

func TestCheck(t *testing.T) {
	known := Service{Name: "Bank", Codes: Yes, Count: 3, Form: `^\d{4}$`, Shape: "4 digits", Confidence: Fact}
	unsure := known
	unsure.Unsure = []string{"count", "form"}
	adds := known
	adds.Adds = Yes
	tests := []struct {
		name  string
		s     Service
		codes string
		want  string
	}{
		{"as known", known, "1111 2222 3333", ""},
		{"as services compare", known, "11-11 2222 3333", ""},
		{"on paper alone", Service{Name: "Bank", Form: `^\d{4}$`}, "", ""},
		{"too few", known, "1111 2222", "Bank hands out 3 codes; here are 2."},
		{"too many", unsure, "1111 2222 3333 4444", "Bank is thought to hand out 3 codes; here are 4."},
		{"one more", adds, "1111", ""},
		{"one of another form", known, "1111 SECRET 3333", "Code 2 does not look like those of Bank, which have 4 digits."},
		{"two of another form", unsure, "SECRET 1111 SECRET", "Codes 1 and 3 do not look like those of Bank, which have probably 4 digits."},
		{"all of another form", known, "SECRET SECRET SECRET", "These codes do not look like those of Bank, which have 4 digits."},
		{"the only one", known, "SECRET", "Bank hands out 3 codes; here is 1. Code 1 does not look like those of Bank, which have 4 digits."},
		{"none known", Service{Name: "Bank", Codes: No, Confidence: Fact}, "1111", "Bank hands out no backup codes."},
		{"none thought", Service{Name: "Bank", Codes: No}, "1111", "Bank is not known to hand out backup codes."},
		{"nothing known", Service{Name: "Bank"}, "1111", ""},
	}
	for _, test := range tests {
		got := strings.Join(test.s.Check(strings.Fields(test.codes)), " ")
		if got != test.want {
			t.Errorf("%s:\ngot  %s\nwant %s", test.name, got, test.want)
		}
	}
}

func TestRenew(t *testing.T) {
	tests := map[string]string{
		"GitHub":    "New codes are made at: Settings > Password and authentication > Recovery codes > View > Generate new recovery codes, or https://github.com/settings/auth/recovery-codes. They replace the old ones, used or not.",
		"X":         "Backup codes. A new code probably comes beside those before.",
		"Stripe":    "Using a code turns two-factor authentication off",
		"Hetzner":   "Using a code may turn two-factor authentication off",
		"Docker":    "Whether the old ones still work then is not known.",
		"Facebook":  "New codes are probably made at: Settings",
		"Laravel":   "The service itself replaces a used code by a new one",
		"Bitwarden": "turns two-factor authentication off",
		"Tuta":      "The code probably stays good when it is used",
		"AWS":       "Register several MFA devices",
		"Binance":   "is the secret itself",
		"TikTok":    "Enroll the same secret on a second token",
	}
	for name, want := range tests {
		if s, ok := Known().Lookup(name); !ok || !strings.Contains(s.Renew(), want) {
			t.Errorf("%s: got %q", name, s.Renew())
		}
	}
	if got := (Service{Name: "Nowhere"}).Renew(); got != "" {
		t.Errorf("nothing is known: %q", got)
	}
}

// TestNothingIsClaimed holds that no sentence about a service says more than its row: what
// is a hint there is said as one, and what is not known as not known.
func TestNothingIsClaimed(t *testing.T) {
	claims := []struct {
		column, words string
		is            func(Service) bool // the row says so
	}{
		{"where", "New codes are made at", func(s Service) bool { return s.Where != "" }},
		{"policy", "The service itself replaces", func(s Service) bool { return s.Policy == backup.Replaced }},
		{"policy", "Using a code turns", func(s Service) bool { return s.Policy == backup.DisablesTwoFactor }},
		{"policy", "The code stays", func(s Service) bool { return s.Policy == backup.Reusable }},
		{"adds", "A new code comes", func(s Service) bool { return s.Adds == Yes }},
		{"adds", "They replace", func(s Service) bool { return s.Adds == No }},
		{"codes", "hands out no backup codes", func(s Service) bool { return s.Codes == No }},
		{"codes", " hands out backup codes.", func(s Service) bool { return s.Codes == Yes }},
		{"count", "codes: 1", func(s Service) bool { return s.Count > 0 }},
		{"form", "Each has", func(s Service) bool { return s.Shape != "" }},
		{"shown", "The service shows", func(s Service) bool { return s.ShownAgain == Yes }},
		{"shown", "They are shown", func(s Service) bool { return s.ShownAgain == No }},
	}
	for _, s := range Known().All() {
		own := strings.ReplaceAll(strings.Join(append(s.Check([]string{"a", "b"}), s.Describe()...), " "), s.Instead, "")
		for _, c := range claims {
			if strings.Contains(own, c.words) && !(c.is(s) && s.Sure(c.column)) {
				t.Errorf("%s: %q claims more than its row: %q", s.Name, c.words, own)
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(table)
	f.Add("name\tcount\nx\tmany")
	f.Add("address\tname\twhere\na\tb\tc\n# d\n\ne")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Read(strings.NewReader(text))
		if err != nil {
			return
		}
		for _, s := range c.All() {
			if found, ok := c.Lookup(s.Name); !ok || found.Name == "" {
				t.Fatalf("%q is not found", s.Name)
			}
			_ = s.Check([]string{"a", ""})
			_ = s.Renew()
		}
	})
}

// What a command pays that asks for a service.
func BenchmarkLookup(b *testing.B) {
	for b.Loop() {
		if _, found := readTable().Lookup("TikTok"); !found {
			b.Fatal("not found")
		}
	}
}
