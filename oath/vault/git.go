package vault

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Git runs git in a folder with those arguments, and returns what it wrote on standard
// output. Its error ends in what git wrote on standard error. The environment must hold
// no GIT_ variables but those that keep git from asking, such as GIT_TERMINAL_PROMPT=0,
// and from other configuration than the repository's.
type Git func(folder string, args ...string) ([]byte, error)

// GitArgs returns arguments for git that make it work on the vault's repository alone,
// and run no hook, no monitor of files and nothing of a repository within. What else may
// run a program is not in a repository that passes [Vault.CheckRepository].
func (v *Vault) GitArgs(args ...string) []string {
	dir := v.disk.dir
	if full, err := filepath.Abs(dir); err == nil {
		dir = full
	}
	settings := []string{
		"--git-dir", filepath.Join(dir, repositoryFolder), "--work-tree", dir,
		"-c", "core.hooksPath=" + os.DevNull, "-c", "core.fsmonitor=false",
		"-c", "diff.ignoreSubmodules=all", "-c", "submodule.recurse=false",
	}
	return append(settings, args...)
}

// git runs git for the vault itself. Nothing is signed, and nothing reaches another
// repository.
func (v *Vault) git(args ...string) ([]byte, error) {
	if err := v.CheckRepository(); err != nil {
		return nil, err
	}
	all := v.GitArgs("-c", "commit.gpgSign=false", "-c", "protocol.allow=never",
		"-c", "core.attributesFile="+os.DevNull, "-c", "core.excludesFile="+os.DevNull)
	out, err := v.options.Git(v.disk.dir, append(all, args...)...)
	if err != nil {
		return nil, fmt.Errorf("git %s: %w", strings.Join(args, " "), err)
	}
	return out, nil
}

// gitFiles are what a repository needs to keep age files as they are: git would
// take one without a zero byte for text, and rewrite its line ends on Windows.
var gitFiles = map[string]string{
	".gitattributes": "*.age binary\n.age-recipients text eol=lf\n",
	".gitignore":     "/" + lockFile + "\n/" + journalFile + "\n/" + creatingFile + "\n" + temporaryPrefix + "*\n",
}

// InitGit makes the folder a git repository, with all that is in the vault in
// its first commit. Of a repository that is there already it makes the vault's, if
// [Vault.CheckRepository] has nothing against it, and commits what is not committed yet.
//
// It returns ErrUnsafeRepository, ErrNotCommitted, or git's error.
func (v *Vault) InitGit() error {
	if v.options.Git == nil {
		return fmt.Errorf("%w: git was not found", ErrNotCommitted)
	}
	if !v.hasRepository() {
		// Without a template, there is nothing in it but what git needs.
		if _, err := v.git("init", "--quiet", "--template="); err != nil {
			return fmt.Errorf("making a git repository: %w", err)
		}
	}
	if err := v.CheckRepository(); err != nil {
		return err
	}
	v.repository = true
	return v.exclusive("Keep the vault in git", func() error { return nil })
}

// AfterGit takes notice of what a git changed that the user ran: it makes the vault's
// folders and files the user's alone, 0700 and 0600, whatever modes git gave them, and
// finds what git could not merge. A repository that the user's git works on is the
// vault's from then on.
// Its errors join those of the disk and of git.
func (v *Vault) AfterGit() error {
	err := fs.WalkDir(v.disk.root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o600)
		if e.IsDir() {
			mode = 0o700
		}
		if info, err := e.Info(); err == nil && (e.IsDir() || e.Type().IsRegular()) && info.Mode().Perm()&0o077 != 0 {
			if err := v.disk.root.Chmod(name, mode); err != nil {
				return diskError("making the vault its owner's alone", err)
			}
		}
		if name == repositoryFolder && e.IsDir() {
			return fs.SkipDir // nobody else gets into it now
		}
		return nil
	})
	v.repository = v.hasRepository()
	return errors.Join(err, v.findConflicts())
}

// hasRepository reports whether there is a .git in the folder, whatever it is.
func (v *Vault) hasRepository() bool {
	_, err := v.disk.root.Lstat(repositoryFolder)
	return err == nil
}

// isRepository reports whether the folder is a git repository that its owner made one on
// this machine, or said to be one. Whoever writes to the folder can put one there.
func (v *Vault) isRepository() bool { return v.repository && v.hasRepository() }

// IgnoresRepository reports whether there is a git repository in the folder that this
// machine does not know as the vault's. It is not used, until InitGit, or a git that the
// user runs, takes it over.
func (v *Vault) IgnoresRepository() bool { return !v.repository && v.hasRepository() }

// Pushed returns the name of a repository that the vault's can be pushed to, "" for none,
// and whether all that is committed is there, as far as this machine saw when it last
// pushed or pulled.
// The error is Git's.
func (v *Vault) Pushed() (remote string, pushed bool, err error) {
	if v.options.Git == nil || !v.isRepository() {
		return "", false, nil
	}
	remotes, err := v.git("remote")
	remote, _, _ = strings.Cut(string(remotes), "\n")
	if err != nil || remote == "" {
		return "", false, err
	}
	if _, unborn := v.git("rev-parse", "--verify", "--quiet", "HEAD"); unborn != nil {
		return remote, false, nil
	}
	ahead, err := v.git("rev-list", "--count", "HEAD", "--not", "--remotes")
	return remote, err == nil && strings.TrimSpace(string(ahead)) == "0", err
}

// commit commits the vault's files, and of others only what the user has added.
// The message says no more than the files' names.
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
	if err := v.findConflicts(); err != nil {
		return err
	}
	if err := v.allSettled(); err != nil { // to add a file would be to settle it
		return err
	}
	for name, content := range gitFiles { // those that are missing; the user may have changed others
		there, err := v.disk.exists(name)
		if err == nil && !there {
			err = v.disk.write(name, []byte(content))
		}
		if err != nil {
			return err
		}
	}
	for _, folder := range []string{accountsFolder, unlockFolder} {
		if err := v.disk.mkdir(folder); err != nil { // git wants to see what it adds
			return err
		}
	}
	add := []string{"--literal-pathspecs", "add", "--all", "--", recipientsFile, accountsFolder, unlockFolder}
	if _, err := v.git(slices.AppendSeq(add, maps.Keys(gitFiles))...); err != nil {
		return err
	}
	_, differs := v.git("diff", "--cached", "--quiet")
	_, notMerging := v.git("rev-parse", "--verify", "--quiet", "MERGE_HEAD")
	if differs == nil && notMerging != nil {
		return nil // it is all there, and git refuses an empty commit
	}
	_, err := v.git("commit", "--quiet", "--message", readable(message))
	return err
}
