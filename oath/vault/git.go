package vault

import (
	"fmt"
	"maps"
	"slices"
)

// Git runs git in a folder with those arguments, and returns an error that tells
// what git said on standard error if it fails. The environment must hold no
// GIT_ variables but those that keep git from asking, such as
// GIT_TERMINAL_PROMPT=0.
type Git func(folder string, args ...string) error

// gitFiles are what a repository needs to keep age files as they are: git would
// take one without a zero byte for text, and rewrite its line ends on Windows.
var gitFiles = map[string]string{
	".gitattributes": "*.age binary\n.age-recipients text eol=lf\n",
	".gitignore":     "/" + lockFile + "\n/" + journalFile + "\n/" + creatingFile + "\n/" + indexFile + "\n" + temporaryPrefix + "*\n",
}

// InitGit makes the folder a git repository, with all that is in the vault in
// its first commit. In one that is a repository already, it commits what is not
// committed yet.
func (v *Vault) InitGit() error {
	if v.options.Git == nil {
		return fmt.Errorf("%w: there is no git", ErrNotCommitted)
	}
	if !v.isRepository() {
		if err := v.options.Git(v.disk.dir, "init", "--quiet"); err != nil {
			return fmt.Errorf("making a git repository: %w", err)
		}
	}
	return v.exclusive("Keep the vault in git", func() error { return nil })
}

// isRepository reports whether the folder itself is a repository or a worktree.
func (v *Vault) isRepository() bool {
	_, err := v.disk.root.Lstat(".git")
	return err == nil
}

// commit commits the vault's files, and of others only what the user has added.
// The message tells no more than the files' names.
func (v *Vault) commit(message string) error {
	if v.options.Git == nil || !v.isRepository() {
		return nil
	}
	if err := v.commitFiles(message); err != nil {
		return fmt.Errorf("%w: %w", ErrNotCommitted, err)
	}
	return nil
}

func (v *Vault) commitFiles(message string) error {
	if err := v.writeGitFiles(); err != nil {
		return err
	}
	for _, folder := range []string{accountsFolder, unlockFolder} {
		if err := v.disk.mkdir(folder); err != nil { // git wants to see what it adds
			return err
		}
	}
	add := []string{"--literal-pathspecs", "add", "--all", "--", recipientsFile, accountsFolder, unlockFolder}
	if err := v.options.Git(v.disk.dir, slices.AppendSeq(add, maps.Keys(gitFiles))...); err != nil {
		return err
	}
	if v.options.Git(v.disk.dir, "diff", "--cached", "--quiet") == nil {
		return nil // it is all there, and git refuses an empty commit
	}
	return v.options.Git(v.disk.dir, "commit", "--quiet", "--message", message)
}

// writeGitFiles writes those that are missing; the user may have changed others.
func (v *Vault) writeGitFiles() error {
	for name, content := range gitFiles {
		there, err := v.disk.exists(name)
		if err != nil {
			return err
		}
		if there {
			continue
		}
		if err := v.disk.write(name, []byte(content)); err != nil {
			return err
		}
	}
	return nil
}
