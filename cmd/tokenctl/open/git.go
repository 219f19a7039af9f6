package open

import (
	"bytes"
	"context"
	"errors"
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
	return func(folder string, args ...string) ([]byte, error) {
		var message bytes.Buffer
		c := exec.CommandContext(ctx, git, args...)
		c.Dir, c.Env, c.Stderr = folder, environment, &message
		if args[0] == "commit" {
			c.Env = withAuthor(ctx, folder, c.Env)
		}
		out, err := c.Output()
		if err != nil {
			return nil, fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(message.String()))
		}
		return out, nil
	}
}

// withAuthor returns an environment in which git knows who makes a commit.
func withAuthor(ctx context.Context, folder string, environment []string) []string {
	knows := exec.CommandContext(ctx, "git", "var", "GIT_COMMITTER_IDENT")
	knows.Dir, knows.Env = folder, environment
	if knows.Run() == nil {
		return environment
	}
	return append(slices.Clone(nobody), environment...) // which counts where it has the same variable
}

// nobody is the author of changes where git knows no name of the user.
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
// streams. Where the user has configured nothing else, it joins by a merge what two
// machines committed, and asks for no message. The vault's files are the user's alone
// afterwards.
func (v *Vault) UserGit(args []string) error {
	environment := slices.DeleteFunc(os.Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return slices.Contains(elsewhere, name)
	})
	environment = withAuthor(v.ctx, v.Dir(), append([]string{"GIT_MERGE_AUTOEDIT=no"}, environment...))
	git := func(args ...string) *exec.Cmd {
		c := exec.CommandContext(v.ctx, "git", args...)
		c.Dir, c.Env = v.Dir(), environment
		return c
	}
	all := args
	if git("config", "--get-regexp", `^(pull\.(rebase|ff)|branch\..*\.rebase)$`).Run() != nil {
		all = append([]string{"-c", "pull.rebase=false"}, args...)
	}
	c := git(all...)
	c.Stdin, c.Stdout, c.Stderr = v.o.In, v.o.Out, v.o.Err
	err := c.Run()
	if err != nil {
		err = fmt.Errorf("git %s: %w", args[0], err)
	}
	return errors.Join(err, v.AfterGit())
}
