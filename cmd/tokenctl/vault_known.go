package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"

	"github.com/tokenctl/tokenctl/oath/durable"
	"github.com/tokenctl/tokenctl/oath/vault"
)

// A knownFile is what this machine remembers of a vault; see vault.Known. It is
// kept outside of the vault, so that it does not change with it.
type knownFile struct {
	vault.Known
	path string
}

// readKnown returns what is known of the vault in a folder: nothing, if this
// machine has not seen it yet.
func readKnown(dir string) (knownFile, error) {
	state, err := userFolder("XDG_STATE_HOME", ".local/state")
	if err != nil {
		return knownFile{}, err
	}
	sum := sha256.Sum256([]byte(dir))
	k := knownFile{path: filepath.Join(state, "tokenctl", "vault-"+hex.EncodeToString(sum[:8])+".json")}
	text, err := os.ReadFile(k.path)
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	}
	if err != nil {
		return k, fmt.Errorf("reading what is known of the vault: %w", err)
	}
	if err := json.Unmarshal(text, &k.Known); err != nil {
		return k, fmt.Errorf("%s is damaged (%w); if you did not change the vault's keys, delete it", k.path, err)
	}
	return k, nil
}

// save keeps what is known now, if it is not the same.
func (k knownFile) save(now vault.Known) error {
	if reflect.DeepEqual(k.Known, now) {
		return nil
	}
	text, err := json.MarshalIndent(now, "", "  ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(k.path), 0o700)
	}
	if err == nil {
		err = durable.Replace(k.path, append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("keeping what is known of the vault: %w", err)
	}
	return nil
}
