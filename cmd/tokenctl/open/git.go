package open

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/tokenctl/tokenctl/oath/vault"
)

// runGit returns what runs git for a vault, or nil if there is no git.
func runGit(ctx context.Context) vault.Git {
	git, err := exec.LookPath("git")
	if err != nil {
		return nil
	}
	// Nobody sees these commands: nothing of the user's leads them elsewhere, and they
	// cannot ask.
	environment := slices.DeleteFunc(os.Environ(), func(variable string) bool { return strings.HasPrefix(variable, "GIT_") })
	environment = append(environment, "GIT_TERMINAL_PROMPT=0")
	return func(folder string, args ...string) error {
		knows := exec.CommandContext(ctx, git, "var", "GIT_AUTHOR_IDENT")
		knows.Dir, knows.Env = folder, environment
		var message bytes.Buffer
		c := exec.CommandContext(ctx, git, args...)
		c.Dir, c.Env, c.Stderr = folder, environment, &message
		if knows.Run() != nil {
			c.Env = append(slices.Clip(c.Env), nobody...)
		}
		if err := c.Run(); err != nil {
			return fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(message.String()))
		}
		return nil
	}
}

// nobody is the author of changes where the user has told git no name.
var nobody = []string{
	"GIT_AUTHOR_NAME=tokenctl", "GIT_AUTHOR_EMAIL=tokenctl@localhost",
	"GIT_COMMITTER_NAME=tokenctl", "GIT_COMMITTER_EMAIL=tokenctl@localhost",
}

// elsewhere are the variables that would lead git to another repository, as inside
// of its hooks; from git rev-parse --local-env-vars.
var elsewhere = []string{
	"GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_CONFIG", "GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS", "GIT_DIR",
	"GIT_GRAFT_FILE", "GIT_IMPLICIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_INTERNAL_SUPER_PREFIX", "GIT_NO_REPLACE_OBJECTS",
	"GIT_OBJECT_DIRECTORY", "GIT_PREFIX", "GIT_REPLACE_REF_BASE", "GIT_SHALLOW_FILE", "GIT_WORK_TREE",
}

// UserGit runs git in the vault's folder with the user's arguments, on the standard
// streams.
func (v *Vault) UserGit(args []string) error {
	c := exec.CommandContext(v.ctx, "git", args...)
	c.Dir = v.Dir()
	c.Env = slices.DeleteFunc(os.Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return slices.Contains(elsewhere, name)
	})
	c.Stdin, c.Stdout, c.Stderr = v.o.In, v.o.Out, v.o.Err
	if err := c.Run(); err != nil {
		return fmt.Errorf("git %s: %w", args[0], err)
	}
	return nil
}
