package shell

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath/oathtest"
)

// breaks is bash's $COMP_WORDBREAKS.
const breaks = " \t\n\"'@><=;|&(:"

func TestParseLine(t *testing.T) {
	tests := []struct {
		line string
		want string // the words, and what stands for Big Corp:$x's "y"! instead of the last one's end
	}{
		{`tokenctl `, `tokenctl||Big\ Corp:\$x\'s\ \"y\"\!`},
		{`tokenctl code Bi`, `tokenctl|code|Bi|Big\ Corp:\$x\'s\ \"y\"\!`},
		{`tokenctl code Big\ C`, `tokenctl|code|Big C|Big\ Corp:\$x\'s\ \"y\"\!`},
		{`tokenctl code Big\ Corp:\$`, `tokenctl|code|Big Corp:$|\$x\'s\ \"y\"\!`},
		{`tokenctl code Big\`, `tokenctl|code|Big|Big\ Corp:\$x\'s\ \"y\"\!`},
		{`tokenctl code "Big Co`, `tokenctl|code|Big Co|`},
		{`tokenctl code 'Big Co`, `tokenctl|code|Big Co|`},
		{`tokenctl  'a b' "c \d \"" e\'f Bi`, `tokenctl|a b|c \d "|e'f|Bi|Big\ Corp:\$x\'s\ \"y\"\!`},
		{`tokenctl $(x) Small`, `tokenctl|$(x)|Small|`},
		{`tokenctl ''`, `tokenctl||Big\ Corp:\$x\'s\ \"y\"\!`},
		{`tokenctl '' `, `tokenctl|||Big\ Corp:\$x\'s\ \"y\"\!`},
	}
	for _, test := range tests {
		l := ParseLine(test.line, breaks)
		text, fits := l.Insert(`Big Corp:$x's "y"!`)
		if !fits {
			text = ""
		}
		if got := strings.Join(append(l.Words, l.Word, text), "|"); got != test.want {
			t.Errorf("%s: %s, want %s", test.line, got, test.want)
		}
	}
}

// Bash reads what is inserted as the name, and runs nothing of it.
func FuzzInsert(f *testing.F) {
	oathtest.RequireTool(f, "bash")
	f.Add("Big Corp:$(exit 3)`exit 3`;exit 3\\'\"!#~{a,b}*?")
	f.Add("~root")
	f.Add("#a")
	f.Add("é \xff")
	f.Fuzz(func(t *testing.T, name string) {
		if name == "" || strings.ContainsAny(name, "\x00\n\r\t") {
			t.Skip() // which is not offered
		}
		for _, quote := range []string{"", "'", "\""} {
			line := "tokenctl code " + quote
			text, fits := ParseLine(line, breaks).Insert(name)
			if !fits {
				continue
			}
			out, err := exec.Command("bash", "-c", "printf %s "+quote+text+quote).Output()
			if err != nil || string(out) != name {
				t.Errorf("%q becomes %s: bash reads %q, %v", name, quote+text+quote, out, err)
			}
		}
	})
}
