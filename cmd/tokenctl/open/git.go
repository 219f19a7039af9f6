package open

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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
	// cannot ask. The user's configuration may name programs, which files in the vault
	// would have git run.
	own := slices.DeleteFunc(os.Environ(), func(variable string) bool { return strings.HasPrefix(variable, "GIT_") })
	own = append(own, "GIT_TERMINAL_PROMPT=0")
	alone := append(slices.Clone(own), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull)
	return func(folder string, args ...string) ([]byte, error) {
		var message bytes.Buffer
		c := exec.CommandContext(ctx, git, args...)
		c.Dir, c.Env, c.Stderr = folder, alone, &message
		switch {
		case slices.Contains(args, "init"):
			c.Env = own // which say how a new branch is called
		case slices.Contains(args, "commit"):
			c.Env = append(author(ctx, folder, own), alone...)
		}
		out, err := c.Output()
		if err != nil {
			return nil, fmt.Errorf("%w: %s", err, strings.TrimSpace(message.String()))
		}
		return out, nil
	}
}

// author returns the variables that say who makes a commit in a repository that was
// checked: who the user is by git's configuration, or nobody.
func author(ctx context.Context, folder string, environment []string) (who []string) {
	for _, variable := range []string{"GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"} {
		c := exec.CommandContext(ctx, "git", "--git-dir", filepath.Join(folder, ".git"), "var", variable)
		c.Dir, c.Env = folder, environment
		out, _ := c.Output() // "NAME <EMAIL> TIME ZONE"
		name, rest, _ := strings.Cut(string(out), " <")
		email, _, found := strings.Cut(rest, "> ")
		if !found {
			return slices.Clone(nobody)
		}
		who = append(who, strings.TrimSuffix(variable, "IDENT")+"NAME="+name, strings.TrimSuffix(variable, "IDENT")+"EMAIL="+email)
	}
	return who
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
// streams, and with the user's own configuration. Where that says nothing else, it joins
// by a merge what two machines committed, and asks for no message. The vault's files are
// the user's alone afterwards, and a repository that is there is the vault's.
func (v *Vault) UserGit(args []string) error {
	if err := v.CheckRepository(); err != nil {
		return err
	}
	if v.IgnoresRepository() { // what was not committed so far would be in the way
		if err := v.InitGit(); err != nil && !errors.Is(err, vault.ErrNotCommitted) {
			return err
		}
	}
	environment := slices.DeleteFunc(os.Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return slices.Contains(elsewhere, name)
	})
	// Of two with the same name, the later variable counts.
	environment = append([]string{"GIT_MERGE_AUTOEDIT=no"}, environment...)
	if who := author(v.ctx, v.Dir(), environment); slices.Equal(who, nobody) {
		environment = append(who, environment...)
	}
	git := func(args ...string) *exec.Cmd {
		c := exec.CommandContext(v.ctx, "git", v.GitArgs(args...)...)
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
