package vault

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"filippo.io/age"
)

// Git runs git in a folder with those arguments, and returns what it wrote on standard
// output. Its error says what git wrote on standard error. The environment must hold no GIT_ variables but those that keep
// git from asking, such as GIT_TERMINAL_PROMPT=0.
type Git func(folder string, args ...string) ([]byte, error)

// change runs one change to the vault, alone among all processes, and commits
// it. It returns ErrRecipientsChanged before anything is changed.
func (v *Vault) change(message string, f func() error) error {
	return v.warn(v.exclusive(message, v.trusting(f)))
}

// trusting runs a change only if this machine trusts the vault's recipients.
func (v *Vault) trusting(f func() error) func() error {
	return func() error {
		found, err := v.readRecipients()
		if err != nil {
			return err
		}
		if found != v.trusted {
			return fmt.Errorf("%s: %w", recipientsFile, ErrRecipientsChanged)
		}
		return f()
	}
}

// exclusive is change with whatever recipients the vault has.
func (v *Vault) exclusive(message string, f func() error) error {
	unlock, err := v.disk.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if err := v.disk.replay(); err != nil {
		return err
	}
	if err := v.disk.sweep("."); err != nil {
		return err
	}
	v.findConflicts() // again; if it fails, so does the commit
	if err := f(); err != nil {
		return err
	}
	return v.commit(message)
}

// warn hands ErrNotCommitted to Options.Warn, and returns any other error.
func (v *Vault) warn(err error) error {
	if v.options.Warn != nil && errors.Is(err, ErrNotCommitted) {
		v.options.Warn(err)
		return nil
	}
	return err
}

var (
	errNotRecipients = errors.New("it does not hold age recipients (age1...), one a line")

	// errRecipientsLost says how to mend a vault that lost its public key.
	errRecipientsLost = errors.New("it is missing; \"age-keygen -y\" prints it, given the vault's private key")
)

// readRecipients returns the keys that accounts are to be encrypted to, one a
// line: the vault's own, and any that the user has added with an editor. It
// returns fs.ErrNotExist if there is no vault.
func (v *Vault) readRecipients() (string, error) {
	if err := v.settled(recipientsFile); err != nil {
		return "", err
	}
	content, err := v.disk.read(recipientsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if err != nil {
		return "", fmt.Errorf("reading the vault's public key: %w", err)
	}
	if _, err := age.ParseRecipients(bytes.NewReader(content)); err != nil {
		return "", &DamagedFile{recipientsFile, errNotRecipients}
	}
	return strings.Join(usedLines(content), "\n"), nil
}

// recipientsOrTrusted is readRecipients for what can do without those in the folder
// while they are not merged.
func (v *Vault) recipientsOrTrusted() (string, error) {
	found, err := v.readRecipients()
	if errors.Is(err, ErrKeyConflict) {
		return v.trusted, nil
	}
	return found, err
}

// usedLines returns the lines of a file as age reads it: without empty ones, and
// comments that begin with '#'.
func usedLines(content []byte) []string {
	var lines []string
	for line := range strings.Lines(string(content)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			lines = append(lines, line)
		}
	}
	return lines
}

// Trust makes the vault's recipients the ones that this machine encrypts to,
// whoever put them there. The caller has shown them to the user (see
// [Vault.Status]), and keeps what Known returns.
func (v *Vault) Trust(recipients string) error {
	found, err := v.readRecipients()
	if err != nil {
		return err
	}
	if found != recipients {
		return fmt.Errorf("%s: %w", recipientsFile, ErrRecipientsChanged)
	}
	v.trusted = recipients
	return nil
}

// gitFiles are what a repository needs to keep age files as they are: git would
// take one without a zero byte for text, and rewrite its line ends on Windows.
var gitFiles = map[string]string{
	".gitattributes": "*.age binary\n.age-recipients text eol=lf\n",
	".gitignore":     "/" + lockFile + "\n/" + journalFile + "\n/" + creatingFile + "\n" + temporaryPrefix + "*\n",
}

// InitGit makes the folder a git repository, with all that is in the vault in
// its first commit. In one that is a repository already, it commits what is not
// committed yet.
func (v *Vault) InitGit() error {
	if v.options.Git == nil {
		return fmt.Errorf("%w: there is no git", ErrNotCommitted)
	}
	if !v.isRepository() {
		if _, err := v.options.Git(v.disk.dir, "init", "--quiet"); err != nil {
			return fmt.Errorf("making a git repository: %w", err)
		}
	}
	return v.exclusive("Keep the vault in git", func() error { return nil })
}

// AfterGit takes notice of what a git changed that the user ran: it makes the vault's
// folders and files the user's alone, 0700 and 0600, whatever modes git gave them, and
// finds what git could not merge.
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
		if name == ".git" && e.IsDir() {
			return fs.SkipDir // nobody else gets into it now
		}
		return nil
	})
	return errors.Join(err, v.findConflicts())
}

// isRepository reports whether the folder itself is a repository or a worktree.
func (v *Vault) isRepository() bool {
	_, err := v.disk.root.Lstat(".git")
	return err == nil
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
	if _, err := v.options.Git(v.disk.dir, slices.AppendSeq(add, maps.Keys(gitFiles))...); err != nil {
		return err
	}
	_, differs := v.options.Git(v.disk.dir, "diff", "--cached", "--quiet")
	_, notMerging := v.options.Git(v.disk.dir, "rev-parse", "--verify", "--quiet", "MERGE_HEAD")
	if differs == nil && notMerging != nil {
		return nil // it is all there, and git refuses an empty commit
	}
	_, err := v.options.Git(v.disk.dir, "commit", "--quiet", "--message", readable(message))
	return err
}
