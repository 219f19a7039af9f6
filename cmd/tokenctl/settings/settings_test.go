package settings

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestParse(t *testing.T) {
	tests := []struct {
		text, want string // "KEY=VALUES@LINE" for each setting, or a part of the error
	}{
		{"", ""},
		{"# nothing\r\n[sheet]\n", ""},
		{"[sheet]\npaper = 'a4' # mine\n\nprinter = \"the \\\"big\\\" one\"", `sheet.paper=[a4]@2 sheet.printer=[the "big" one]@4`},
		{"sheet.paper = \"a4\"\n[enroll]\nto = [\n\"key:1\", # one\n\"vault\",\n]", "sheet.paper=[a4]@1 enroll.to=[key:1 vault]@3"},
		{"enroll = { to = [] }\n\"sheet\" = {paper = 'a4', printer = 'x'}", "enroll.to=[]@1 sheet.paper=[a4]@2 sheet.printer=[x]@2"},
		{"[sheet]\npaper = 4\nprinter = true", "sheet.paper=[4]@2 sheet.printer=[true]@3"},

		{"\n[sheet]\npapper = 'a4'", `line 3: invalid setting: unknown key "sheet.papper"; did you mean sheet.paper?`},
		{"paper = 'a4'", `line 1: invalid setting: unknown key "paper"; did you mean sheet.paper?`},
		{"[sheet.paper]\nsize = 'a4'", `line 2: invalid setting: unknown key "sheet.paper.size"`},
		{"[sheet]\npaper = 'a4'\n[sheet]\npaper = 'a4'", "line 4: invalid setting: sheet.paper is set in line 2, too"},
		{"[sheet]\n\n[[sheet]]", "line 3: invalid setting: [[sheet]] should be [sheet]"},
		{"[sheet]\npaper = 1.5", "line 2: invalid setting: sheet.paper: a value in quotes"},
		{"[enroll]\nto = [['vault']]", "line 2: invalid setting: enroll.to: a value in quotes"},
		{"[sheet]\npaper =", "line 2: invalid setting: "},
		{"[sheet]\npaper = 'a4", "line 2: invalid setting: "},
		{"[sheet]\npaper = '\x00'", "line 2: invalid setting: "},
		{"[sheet]\npaper = '\xff'", "line 2: invalid setting: "},
		{"[sheet", "line 1: invalid setting: "},
	}
	for _, test := range tests {
		var f File
		if err := f.parse([]byte(test.text)); err != nil {
			if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), test.want) || test.want == "" {
				t.Errorf("%q: %v, want %s", test.text, err, test.want)
			}
			continue
		}
		var got []string
		for _, s := range f.Settings {
			got = append(got, fmt.Sprintf("%s=%v@%d", s.Key, s.Values, s.Line))
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%q: %q, want %q", test.text, got, test.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("[sheet]\npaper = 'a4'\n[enroll]\nto = ['vault', \"key:1\"]\n")
	f.Add("enroll = { to = [] } # mine\n[[sheet]]\npaper = 1979-05-27")
	f.Fuzz(func(t *testing.T, text string) {
		var file File
		if err := file.parse([]byte(text)); err != nil && !errors.Is(err, ErrInvalid) {
			t.Error(err)
		}
		for _, s := range file.Settings {
			if s.Line < 1 || s.Line > strings.Count(text, "\n")+1 {
				t.Errorf("%s in line %d", s.Key, s.Line)
			}
		}
	})
}

func TestGive(t *testing.T) {
	const text = "[enroll]\nto = ['key:1', 'vault']\n[sheet]\npaper = 'a4'"
	tests := []struct {
		command, args, want string
	}{
		{"enroll", "", "to=[key:1,vault] paper=a4 of 2"},
		{"import", "", "to=[key:1,vault] paper= of 1"},
		{"sheet", "", "to=[] paper=a4 of 1"},
		{"restore", "", "to=[] paper= of 0"},
		{"enroll", "--paper=", "to=[key:1,vault] paper= of 1"},
		{"enroll", "--to=key:2", "to=[key:2] paper=a4 of 1"},
		{"enroll", "--all-keys", "to=[] paper=a4 of 1"}, // which excludes --to
		{"enroll", "--other", "to=[key:1,vault] paper=a4 of 2"},
	}
	for _, test := range tests {
		c := new(cobra.Command)
		to, paper := c.Flags().StringSlice("to", nil, ""), c.Flags().String("paper", "", "")
		c.Flags().Bool("all-keys", false, "")
		c.Flags().Bool("other", false, "")
		c.MarkFlagsMutuallyExclusive("to", "all-keys")
		c.MarkFlagsMutuallyExclusive("all-keys", "other")
		if err := c.ParseFlags(strings.Fields(test.args)); err != nil {
			t.Fatal(err)
		}
		given := c.Flags().Changed("to")
		var f File
		if err := f.parse([]byte(text)); err != nil {
			t.Fatal(err)
		}
		used, err := f.Give(test.command, c.Flags())
		got := fmt.Sprintf("to=[%s] paper=%s of %d", strings.Join(*to, ","), *paper, len(used))
		if err != nil || got != test.want {
			t.Errorf("%s %s: %s, %v; want %s", test.command, test.args, got, err, test.want)
		}
		if c.Flags().Changed("to") != given {
			t.Errorf("%s %s: a setting counts as a flag that was given", test.command, test.args)
		}
	}
}

func TestGiveRefuses(t *testing.T) {
	f := File{Path: "config.toml"}
	if err := f.parse([]byte("\n[sheet]\npaper = ['a4', 'letter']")); err != nil {
		t.Fatal(err)
	}
	c := new(cobra.Command)
	c.Flags().String("paper", "", "")
	if _, err := f.Give("sheet", c.Flags()); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "config.toml: line 3: ") {
		t.Errorf("a list for one value: %v", err)
	}
	f.Settings[0].Values = []string{"soon"}
	c = new(cobra.Command)
	c.Flags().Duration("paper", 0, "")
	if _, err := f.Give("sheet", c.Flags()); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "soon") {
		t.Errorf("a duration: %v", err)
	}
}

func TestRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.toml")
	if f, err := Read(path); err != nil || len(f.Settings) != 0 {
		t.Errorf("no file: %v, %v", f, err)
	}
	if f, err := Read(filepath.Join(path, "config.toml")); err != nil || len(f.Settings) != 0 {
		t.Errorf("no folder: %v, %v", f, err)
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("[sheet]\npaper = 'a4'\n")
	if f, err := Read(path); err != nil || len(f.Settings) != 1 || f.Settings[0].Line != 2 {
		t.Errorf("%v, %v", f, err)
	}
	write(strings.Repeat("#", maxSize+1))
	if _, err := Read(path); !errors.Is(err, ErrInvalid) {
		t.Errorf("a long file: %v", err)
	}
	if _, err := Read(t.TempDir()); !errors.Is(err, ErrInvalid) {
		t.Errorf("a folder: %v", err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	write("")
	for _, unsafe := range []string{path, filepath.Dir(path)} {
		if err := os.Chmod(unsafe, 0o720); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); !errors.Is(err, ErrInsecure) {
			t.Errorf("%s that a group can write to: %v", unsafe, err)
		}
		if err := os.Chmod(unsafe, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Read(path); err != nil {
		t.Error(err)
	}
}
