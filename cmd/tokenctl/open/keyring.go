package open

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/zalando/go-keyring"
)

// keyringService is the name under which the system's keyring keeps what tokenctl
// remembers.
const keyringService = "tokenctl"

// ErrNoKeyring says that the system has no keyring to remember in.
var ErrNoKeyring = errors.New("the system has no keyring")

// A rememberedVault is a vault's key, as it lies in the keyring.
type rememberedVault struct {
	Identity string    `json:"identity"`
	Until    time.Time `json:"until"`
}

// recallVault looks up the key of the vault with those recipients. When its time is
// up, it is forgotten.
func recallVault(recipients string, now time.Time) (identity string, found bool) {
	text, found := recall(recipients)
	var remembered rememberedVault
	if !found || json.Unmarshal([]byte(text), &remembered) != nil {
		return "", false
	}
	if !now.Before(remembered.Until) {
		Forget(recipients)
		return "", false
	}
	return remembered.Identity, true
}

// Remember keeps the vault's key in the keyring for a time.
func (v *Vault) Remember(until time.Time) error {
	identity, err := v.Identity()
	if err != nil {
		return err
	}
	text, err := json.Marshal(rememberedVault{identity, until.UTC()})
	if err != nil {
		return err
	}
	return remember(v.Known().Recipients, string(text))
}

// recall looks up what the keyring holds under a name.
func recall(name string) (text string, found bool) {
	if name == "" || !HasKeyring() {
		return "", false
	}
	text, err := keyring.Get(keyringService, name)
	return text, err == nil
}

func remember(name, text string) error {
	if !HasKeyring() {
		return ErrNoKeyring
	}
	if err := keyring.Set(keyringService, name, text); err != nil {
		return fmt.Errorf("%w: %v", ErrNoKeyring, err)
	}
	return nil
}

// Forget removes what the keyring holds under a name, a key's device ID or a vault's
// recipients, and reports whether there was anything.
func Forget(name string) (forgotten bool, err error) {
	if !HasKeyring() {
		return false, ErrNoKeyring
	}
	switch err := keyring.Delete(keyringService, name); {
	case err == nil:
		return true, nil
	case errors.Is(err, keyring.ErrNotFound):
		return false, nil
	default:
		return false, fmt.Errorf("%w: %v", ErrNoKeyring, err)
	}
}

// HasKeyring reports whether the system may have a keyring. Without a session bus,
// asking for the Secret Service would try to start one.
func HasKeyring() bool {
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
