package vault

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
)

const repositoryFolder = ".git"

// ErrUnsafeRepository says that git is not run in the vault's folder, because something
// in it may have git run a program or use another repository. The message names it.
var ErrUnsafeRepository = errors.New("git could run a program by it, or be led elsewhere")

// CheckRepository returns an error if git is not to be run on the repository in the
// vault's folder. Whoever writes to the folder can plant one, and git runs programs that
// its repository names: hooks, filters, monitors of files, helpers. So all of it must be
// the owner's alone, as the rest of the vault, and its configuration and attributes must
// be of the few kinds that run nothing. It returns nil if there is no repository.
//
// What only [Vault.GitArgs] keeps from running, hooks, need not be absent.
func (v *Vault) CheckRepository() error {
	info, err := v.disk.look(repositoryFolder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.IsDir(): // "gitdir: ELSEWHERE"
		return &DamagedFile{repositoryFolder, ErrUnsafeRepository}
	}
	return fs.WalkDir(v.disk.root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil {
			err = v.checkEntry(name, e)
		}
		var damaged *DamagedFile
		if err != nil && !errors.As(err, &damaged) && !errors.Is(err, fs.ErrNotExist) {
			err = &DamagedFile{name, err}
		}
		if errors.Is(err, fs.ErrNotExist) { // another program removed it
			return nil
		}
		return err
	})
}

// checkEntry looks at one file or folder of the vault for CheckRepository.
func (v *Vault) checkEntry(name string, e fs.DirEntry) error {
	base := strings.ToLower(path.Base(name))
	inside := strings.HasPrefix(name, repositoryFolder+"/")
	switch {
	case !inside && name != repositoryFolder && (base == ".git" || base == ".gitmodules" || base == "head" && !e.IsDir()):
		return fmt.Errorf("%w: another repository", ErrUnsafeRepository)
	case base == ".gitattributes" || name == repositoryFolder+"/info/attributes":
		return v.checkLines(name, checkAttributes)
	case !inside:
		return nil
	}
	below := strings.TrimPrefix(name, repositoryFolder+"/")
	if !e.IsDir() && strings.HasPrefix(below, "objects/") && !strings.HasPrefix(below, "objects/info/") {
		return nil // named by what is in it, in a folder that is looked at
	}
	if _, err := v.disk.look(name); err != nil {
		return err
	}
	switch folder := path.Dir(below); {
	case below == "config":
		return v.checkLines(name, v.checkConfig)
	case path.Base(below) == "git-rebase-todo":
		return v.checkLines(name, checkTodo)
	case below == "commondir", below == "config.worktree", below == "objects/info/alternates", folder == "remotes", folder == "branches":
		return ErrUnsafeRepository
	}
	return nil
}

func (v *Vault) checkLines(name string, check func(lines []string) error) error {
	content, err := v.disk.read(name)
	if err != nil {
		return err
	}
	return check(strings.Split(strings.ReplaceAll(string(content), "\r\n", "\n"), "\n"))
}

// harmlessAttribute are the attributes of a file that call for no driver, which would be
// a program (gitattributes(5)).
var harmlessAttribute = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[-!]?(text|binary|diff|merge|crlf|export-ignore)$|^(eol|text)=[a-z]+$`)
})

func checkAttributes(lines []string) error {
	for _, line := range lines {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if line[0] == '"' || line[0] == '[' { // a pattern with spaces, or a macro
			return fmt.Errorf("%w: %q", ErrUnsafeRepository, line)
		}
		for _, attribute := range strings.Fields(line)[1:] {
			if !harmlessAttribute().MatchString(attribute) {
				return fmt.Errorf("%w: %q", ErrUnsafeRepository, attribute)
			}
		}
	}
	return nil
}

// checkTodo refuses the commands of a rebase that run a program (git-rebase(1), "exec").
func checkTodo(lines []string) error {
	for _, line := range lines {
		if fields := strings.Fields(line); len(fields) > 0 && (fields[0] == "x" || fields[0] == "exec") {
			return fmt.Errorf("%w: %q", ErrUnsafeRepository, fields[0])
		}
	}
	return nil
}

// A configGrammar is how the lines of a repository's configuration look.
type configGrammar struct {
	section, key *regexp.Regexp

	// harmless are the keys that run nothing, and lead nowhere but to other repositories,
	// which checkConfig looks at (git-config(1)).
	harmless *regexp.Regexp
}

var configLines = sync.OnceValue(func() configGrammar {
	return configGrammar{
		section: regexp.MustCompile(`^\[([A-Za-z0-9-]+)(?: +"([^"\\]*)")?\]$`),
		key:     regexp.MustCompile(`^([A-Za-z][A-Za-z0-9-]*)(?:[ \t]*=[ \t]*(.*))?$`),
		harmless: regexp.MustCompile(`^(?:core\.(?:repositoryformatversion|filemode|bare|logallrefupdates|ignorecase|precomposeunicode|symlinks|hidedotfiles|autocrlf|eol|safecrlf|quotepath)` +
			`|extensions\.objectformat|user\.(?:name|email|useconfigonly)|init\.defaultbranch|pull\.(?:rebase|ff)|push\.(?:default|autosetupremote|followtags)` +
			`|fetch\.prune|merge\.(?:ff|conflictstyle)|rebase\.autostash|gc\.auto|advice\.[a-z]+|color\.[a-z]+` +
			`|remote\.(?:pushdefault|.+\.(?:url|pushurl|fetch|push|prune|tagopt|mirror))` +
			`|branch\.(?:autosetupmerge|autosetuprebase|.+\.(?:remote|pushremote|merge|rebase|description)))$`),
	}
})

// checkConfig refuses what is not one of the few keys that a vault needs, and what it
// cannot read for certain as git does.
func (v *Vault) checkConfig(lines []string) error {
	grammar, section := configLines(), ""
	remotes := []string{"", "."}
	var used [][2]string // keys that name a remote, and its name
	for i, line := range lines {
		line = strings.Trim(line, " \t")
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		if m := grammar.section.FindStringSubmatch(line); m != nil {
			if section = strings.ToLower(m[1]); strings.Contains(line, `"`) {
				section += "." + m[2]
			}
			continue
		}
		m := grammar.key.FindStringSubmatch(line)
		if m == nil || section == "" || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' && r != '\t' }) || strings.HasSuffix(line, `\`) {
			return fmt.Errorf("%w: line %d is not one that git writes", ErrUnsafeRepository, i+1)
		}
		key, value := section+"."+strings.ToLower(m[1]), strings.NewReplacer(`"`, "", `\`, "").Replace(m[2])
		if !grammar.harmless.MatchString(key) {
			return fmt.Errorf("%w: %s", ErrUnsafeRepository, key)
		}
		switch name, isRemote := strings.CutPrefix(section, "remote."); {
		case strings.HasSuffix(key, "url"):
			if !isRemote || !v.isRemote(value) {
				return fmt.Errorf("%w: %s leads to %q", ErrUnsafeRepository, key, value)
			}
			remotes = append(remotes, name)
		case strings.HasSuffix(key, "remote"), key == "remote.pushdefault":
			used = append(used, [2]string{key, value})
		}
	}
	for _, u := range used { // any other name would be taken for a folder's
		if !slices.Contains(remotes, u[1]) {
			return fmt.Errorf("%w: %s leads to %q", ErrUnsafeRepository, u[0], u[1])
		}
	}
	return nil
}

// isRemote reports whether an address leads to another machine, or to a folder outside of
// the vault, whose writers need not be the vault's; and calls for no program
// (gitremote-helpers(7)).
func (v *Vault) isRemote(address string) bool {
	if address == "" || address[0] == '-' || strings.ContainsAny(address, ";#") {
		return false
	}
	scheme, _, found := strings.Cut(address, "://")
	u, err := url.Parse(address)
	switch {
	case found && scheme == "file" && err == nil:
		address = u.Path
	case found:
		return slices.Contains([]string{"https", "http", "ssh", "git", "git+ssh", "ssh+git"}, scheme) && err == nil && !strings.HasPrefix(u.Hostname(), "-")
	case !filepath.IsAbs(address): // USER@HOST:PATH
		host, _, found := strings.Cut(address, ":")
		return found && !strings.Contains(address, "::") && !strings.Contains(host, "/")
	}
	for _, dir := range []string{v.disk.dir, realFolder(v.disk.dir)} {
		if below, err := filepath.Rel(dir, realFolder(address)); err == nil && filepath.IsLocal(below) {
			return false
		}
	}
	return filepath.IsAbs(address)
}

func realFolder(dir string) string {
	if full, err := filepath.Abs(dir); err == nil {
		dir = full
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		return real
	}
	return filepath.Clean(dir)
}
