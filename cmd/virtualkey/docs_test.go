//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath/oathtest"
	"github.com/tokenctl/tokenctl/oath/virtualkey/vktest"
)

// between returns what is in a file after one text and before another.
func between(t *testing.T, file, begin, end string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), begin)
	text, _, found := strings.Cut(rest, end)
	if !found {
		t.Fatalf("%s: nothing between %q and %q", file, begin, end)
	}
	return text
}

// The program in Python that the document has works as it says.
func TestDocumentedControl(t *testing.T) {
	t.Parallel()
	oathtest.RequireTool(t, "python3", "ykman")
	home, environment := newVirtualkey(t)
	program := between(t, "../../docs/virtualkey.md", "```python\n", "```")
	if err := os.WriteFile(filepath.Join(home, "test.py"), []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	command := strings.Fields(between(t, "../../docs/virtualkey.md", "It is run by `", "`"))
	cmd := exec.Command(filepath.Join(home, command[0]), command[1:]...)
	cmd.Env, cmd.Dir = environment, home
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), " commands, the last one 0") {
		t.Errorf("%v\n%s", err, out)
	}
}

// checkout makes a folder that looks like a checkout in which nothing was built.
func checkout(t *testing.T, dir string) {
	t.Helper()
	bin := filepath.Join(dir, "bin")
	if err := os.MkdirAll(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".ci", "cmd", "oath", "go.mod", "go.sum", "bin/libifdvpcd.so"} {
		target, err := filepath.Abs(filepath.Join("../..", name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(target); err != nil {
			continue // the driver is installed
		}
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
}

// The recipe for any CI works as it stands in the document, once it is cloned; and so
// does what the action for GitHub does.
func TestDocumentedRecipe(t *testing.T) {
	t.Parallel()
	oathtest.RequireTool(t, "bash", "go", "ykman")
	vktest.Launch(t) // or skip
	clone := "git clone --depth 1 https://github.com/tokenctl/tokenctl\n"
	recipe := between(t, "../../docs/virtualkey.md", clone, "```")
	action := between(t, "action.yml", "      run: |\n", "    #")
	for name, script := range map[string]string{
		"recipe": recipe,
		"action": "cd tokenctl\n" + strings.ReplaceAll(action, "        ", "") + "$(cat $GITHUB_PATH)/virtualkey run -- ykman list\n",
	} {
		dir := t.TempDir()
		checkout(t, filepath.Join(dir, "tokenctl"))
		cmd := exec.Command("bash", "-euo", "pipefail", "-c", script)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOFLAGS=-buildvcs=false", "GITHUB_PATH="+filepath.Join(dir, "path"))
		out, err := cmd.CombinedOutput()
		if err != nil || string(out) != "YubiKey 5 NFC (5.7.1) [OTP+FIDO+CCID] Serial: 12345678\n" {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}
