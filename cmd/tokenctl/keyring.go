package main

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/zalando/go-keyring"

	"github.com/tokenctl/tokenctl/oath/ykoath"
)

// keyringService is the name under which the system's keyring keeps what
// tokenctl remembers.
const keyringService = "tokenctl"

// recallAccessKey looks up what opens the key with that device ID.
func recallAccessKey(deviceID string) (accessKey ykoath.AccessKey, found bool) {
	text, found := recall(deviceID)
	key, err := hex.DecodeString(text)
	if !found || err != nil || len(key) != len(accessKey) {
		return accessKey, false
	}
	return ykoath.AccessKey(key), true
}

// rememberAccessKey keeps what opens the key with that device ID.
func rememberAccessKey(deviceID string, accessKey ykoath.AccessKey) error {
	return remember(deviceID, hex.EncodeToString(accessKey[:]))
}

// A rememberedVault is a vault's key, as it lies in the keyring.
type rememberedVault struct {
	Identity string    `json:"identity"`
	Until    time.Time `json:"until"`
}

// recallVault looks up the key of the vault with those recipients. When its time
// is up, it is forgotten.
func recallVault(recipients string, now time.Time) (identity string, found bool) {
	text, found := recall(recipients)
	var remembered rememberedVault
	if !found || json.Unmarshal([]byte(text), &remembered) != nil {
		return "", false
	}
	if !now.Before(remembered.Until) {
		forget(recipients)
		return "", false
	}
	return remembered.Identity, true
}

// rememberVault keeps the key of the vault with those recipients for a time.
func rememberVault(recipients, identity string, until time.Time) error {
	text, err := json.Marshal(rememberedVault{identity, until.UTC()})
	if err != nil {
		return err
	}
	return remember(recipients, string(text))
}

// recall looks up what the keyring holds under a name.
func recall(name string) (text string, found bool) {
	if name == "" || !hasKeyring() {
		return "", false
	}
	text, err := keyring.Get(keyringService, name)
	return text, err == nil
}

func remember(name, text string) error {
	if !hasKeyring() {
		return errNoKeyring
	}
	if err := keyring.Set(keyringService, name, text); err != nil {
		return fmt.Errorf("%w: %v", errNoKeyring, err)
	}
	return nil
}

// forget removes what the keyring holds under a name, and reports whether there
// was anything.
func forget(name string) (forgotten bool, err error) {
	if !hasKeyring() {
		return false, errNoKeyring
	}
	switch err := keyring.Delete(keyringService, name); {
	case err == nil:
		return true, nil
	case errors.Is(err, keyring.ErrNotFound):
		return false, nil
	default:
		return false, fmt.Errorf("%w: %v", errNoKeyring, err)
	}
}

// hasKeyring reports whether the system may have a keyring. Without a session
// bus, asking for the Secret Service would try to start one.
func hasKeyring() bool {
	switch runtime.GOOS {
	case "windows", "darwin":
		return true
	}
	if os.Getenv("DBUS_SESSION_BUS_ADDRESS") != "" {
		return true
	}
	runtimeDir := os.Getenv("XDG_RUNTIME_DIR")
	if runtimeDir == "" {
		return false
	}
	_, err := os.Stat(filepath.Join(runtimeDir, "bus"))
	return err == nil
}
