package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/oath/vault"
)

func newVaultGitCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "git ARGS...",
		Short: "Run git in the vault's folder",
		Long: "Git runs git in the vault's folder, with your arguments. \"tokenctl vault git init\"\n" +
			"makes it a repository; from then on tokenctl commits each change. One file an\n" +
			"account keeps what two machines enroll apart, so that merging just works.\n\n" +
			"Another folder is named by $TOKENCTL_VAULT.",
		Example:            "  tokenctl vault git init\n  tokenctl vault git push",
		DisableFlagParsing: true,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 || args[0] == "--help" || args[0] == "-h" {
				return c.Help()
			}
			return p.vaultGit(c.Context(), args)
		},
	}
}

// vaultGit runs git with the user's arguments. A new repository is begun by
// tokenctl, with the files that keep age files as they are.
func (p *program) vaultGit(ctx context.Context, args []string) error {
	return p.withVault(ctx, vaultOptions{}, func(v *vaultToken) error {
		if len(args) == 1 && args[0] == "init" {
			return v.InitGit()
		}
		c := exec.CommandContext(ctx, "git", args...)
		c.Dir, c.Env = v.Dir(), elsewhereUnset()
		c.Stdin, c.Stdout, c.Stderr = p.in, p.out, p.err
		if err := c.Run(); err != nil {
			return fmt.Errorf("git %s: %w", args[0], err)
		}
		return nil
	})
}

// runGit returns what runs git for a vault, or nil if there is no git.
func runGit(ctx context.Context) vault.Git {
	git, err := exec.LookPath("git")
	if err != nil {
		return nil
	}
	return func(folder string, args ...string) error {
		var message bytes.Buffer
		c := exec.CommandContext(ctx, git, args...)
		c.Dir, c.Env, c.Stderr = folder, gitEnvironment(), &message
		if !knowsAuthor(ctx, git, folder) {
			c.Env = append(c.Env, nobody...)
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

func knowsAuthor(ctx context.Context, git, folder string) bool {
	c := exec.CommandContext(ctx, git, "var", "GIT_AUTHOR_IDENT")
	c.Dir, c.Env = folder, gitEnvironment()
	return c.Run() == nil
}

// gitEnvironment returns the environment for git commands of tokenctl's own, which
// nobody sees: nothing of the user's leads them elsewhere, and they cannot ask.
func gitEnvironment() []string {
	own := slices.DeleteFunc(os.Environ(), func(variable string) bool { return strings.HasPrefix(variable, "GIT_") })
	return append(own, "GIT_TERMINAL_PROMPT=0")
}

// elsewhere are the variables that would lead git to another repository, as inside
// of its hooks; from git rev-parse --local-env-vars.
var elsewhere = []string{
	"GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_CONFIG", "GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS", "GIT_DIR",
	"GIT_GRAFT_FILE", "GIT_IMPLICIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_INTERNAL_SUPER_PREFIX", "GIT_NO_REPLACE_OBJECTS",
	"GIT_OBJECT_DIRECTORY", "GIT_PREFIX", "GIT_REPLACE_REF_BASE", "GIT_SHALLOW_FILE", "GIT_WORK_TREE",
}

// elsewhereUnset returns the environment without them, for the user's commands.
func elsewhereUnset() []string {
	return slices.DeleteFunc(os.Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return slices.Contains(elsewhere, name)
	})
}
