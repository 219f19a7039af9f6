package open

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"time"

	"github.com/tokenctl/tokenctl/oath/durable"
	"github.com/tokenctl/tokenctl/oath/vault"
)

// A knownFile is what this machine remembers of a vault; see vault.Known. It is kept
// outside of the vault, so that it does not change with it.
type knownFile struct {
	vault.Known
	Folder    string `json:"folder,omitempty"`     // where the vault was last, without links
	ToldTrust bool   `json:"told_trust,omitempty"` // that its public key is taken on trust
	ToldGit   bool   `json:"told_git,omitempty"`   // that a git repository is not used
	path      string
}

// readKnown returns what is known of the vault in a folder, however the folder is spelled
// and wherever the vault was before: nothing, if this machine has not seen it yet.
func readKnown(dir string) (knownFile, error) {
	state, err := stateFolder()
	if err != nil {
		return knownFile{}, err
	}
	real := realPath(dir)
	k := knownFile{path: knownPath(state, real)}
	for _, path := range []string{k.path, knownPath(state, dir)} { // as spelled: by an earlier version
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return k, fmt.Errorf("reading what is known of the vault: %w", err)
		}
		if err := json.Unmarshal(text, &k); err != nil {
			return k, fmt.Errorf("%s is damaged (%w); if you did not change the vault's keys, move it away", path, err)
		}
		k.Folder = real
		return k, nil
	}
	k.takeOver(state, dir)
	k.Folder = real
	return k, nil
}

// takeOver finds what is known of the vault under another name of the same folder, as
// where a disk is mounted twice or knows no case, or else of a vault with the same public
// key, which was moved or copied. Of a copy, it is not known whether it is a repository.
func (k *knownFile) takeOver(state, dir string) {
	here, err := os.Stat(dir)
	if err != nil {
		return
	}
	v, err := vault.Open(dir, vault.Options{})
	if err != nil {
		return // whatever is wrong with it shows when it is opened
	}
	recipients := v.Known().Recipients
	v.Close()
	files, _ := filepath.Glob(filepath.Join(state, "vault-*.json"))
	var latest time.Time
	copied := false
	for _, file := range files {
		var other knownFile
		info, err := os.Stat(file)
		if err != nil {
			continue
		}
		if text, err := os.ReadFile(file); err != nil || json.Unmarshal(text, &other) != nil || other.Recipients == "" {
			continue
		}
		other.path = k.path
		there, gone := os.Stat(other.Folder)
		if gone == nil && os.SameFile(here, there) {
			*k = other
			return
		}
		if other.Recipients == recipients {
			copied = copied || gone == nil
			if info.ModTime().After(latest) {
				*k, latest = other, info.ModTime()
			}
		}
	}
	if copied {
		k.Repository, k.ToldGit = false, false
	}
}

// save keeps what is known now, if it is not the same.
func (k knownFile) save(before knownFile) error {
	if reflect.DeepEqual(k, before) {
		return nil
	}
	if err := writeState(k.path, k); err != nil {
		return fmt.Errorf("recording what is known of the vault: %w", err)
	}
	return nil
}

// writeState writes a file of the machine's memory, as JSON.
func writeState(path string, what any) error {
	text, err := json.MarshalIndent(what, "", "  ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o700)
	}
	if err != nil {
		return err
	}
	return durable.Replace(path, append(text, '\n'))
}

func stateFolder() (string, error) {
	state, err := userFolder("XDG_STATE_HOME", ".local/state")
	return filepath.Join(state, "tokenctl"), err
}

func configFolder() (string, error) {
	config, err := userFolder("XDG_CONFIG_HOME", ".config")
	return filepath.Join(config, "tokenctl"), err
}

// SettingsPath returns where the settings file is, or would be.
func SettingsPath() (string, error) {
	config, err := configFolder()
	return filepath.Join(config, "config.toml"), err
}

// LastWritten returns when the newest of the files was written that tokenctl keeps outside
// of the vault, by the clock of then; the zero time, if there is none.
func LastWritten() (last time.Time) {
	var files []string
	if state, err := stateFolder(); err == nil {
		files, _ = filepath.Glob(filepath.Join(state, "*.json"))
	}
	if path, err := LedgerPath(); err == nil {
		files = append(files, path)
	}
	for _, file := range files {
		if info, err := os.Stat(file); err == nil && info.ModTime().After(last) {
			last = info.ModTime()
		}
	}
	return last
}

func knownPath(state, dir string) string {
	sum := sha256.Sum256([]byte(dir))
	return filepath.Join(state, "vault-"+hex.EncodeToString(sum[:8])+".json")
}

// realPath returns a path without links; where it does not exist yet, of what does.
func realPath(path string) string {
	real, err := filepath.EvalSymlinks(path)
	if err == nil || filepath.Dir(path) == path {
		return filepath.Clean(cmp.Or(real, path))
	}
	return filepath.Join(realPath(filepath.Dir(path)), filepath.Base(path))
}
