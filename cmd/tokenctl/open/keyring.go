package open

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/zalando/go-keyring"

	"github.com/tokenctl/tokenctl/oath/durable"
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

// A Keeping is a vault's key that is kept, so that the vault is open.
type Keeping struct {
	In    string // InKeyring or InKernel; "" if it is not kept
	Until time.Time
}

// Where a vault's key is kept.
const (
	InKeyring = "keyring" // the system's
	InKernel  = "kernel"  // the kernel's, of this login session, where the system has no other
)

// recallVault looks up the key of the vault with those recipients. When its time is
// up, it is forgotten.
func recallVault(recipients string, now time.Time) (identity string, kept Keeping) {
	sweepKeyring(now)
	kept.In = InKeyring
	text, found := recall(recipients)
	if !found {
		kept.In = InKernel
		text, found = recallInKernel(recipients)
	}
	var remembered rememberedVault
	if !found || json.Unmarshal([]byte(text), &remembered) != nil {
		return "", Keeping{}
	}
	if !now.Before(remembered.Until) {
		Forget(recipients)
		return "", Keeping{}
	}
	kept.Until = remembered.Until
	return remembered.Identity, kept
}

// Remember keeps the vault's key for a time: in the system's keyring, or else in the
// kernel's. It returns ErrNoKeyring if neither takes it.
func (v *Vault) Remember(until time.Time) (Keeping, error) {
	identity, err := v.Identity()
	if err != nil {
		return Keeping{}, err
	}
	text, err := json.Marshal(rememberedVault{identity, until.UTC()})
	if err != nil {
		return Keeping{}, err
	}
	recipients := v.Known().Recipients
	_, all := keyringList()
	before := all[recipients]
	// Listed before, it is found again whatever happens in between.
	if err := listRemembered(recipients, until); err != nil {
		return Keeping{}, err
	}
	err = remember(recipients, string(text))
	if !errors.Is(err, ErrNoKeyring) {
		return Keeping{InKeyring, until}, err
	}
	if err := listRemembered(recipients, before); err != nil {
		return Keeping{}, err
	}
	if failed := rememberInKernel(recipients, string(text), until.Sub(v.o.Now())); failed != nil {
		return Keeping{}, fmt.Errorf("%w, and %w", err, failed)
	}
	return Keeping{InKernel, until}, nil
}

// CanRemember returns ErrNoKeyring if neither the system nor the kernel may have a
// keyring, so that nobody is asked for what opens a vault in vain.
func CanRemember() error {
	if failed := hasKernel(); failed != nil && !HasKeyring() {
		return fmt.Errorf("%w, and %w", ErrNoKeyring, failed)
	}
	return nil
}

// keyringList is a file with the vaults' keys that are in the keyring, by their recipients,
// and until when. The keyring itself cannot be asked what it holds.
func keyringList() (path string, all map[string]time.Time) {
	state, err := stateFolder()
	if err != nil {
		return "", nil
	}
	path = filepath.Join(state, "keyring.json")
	text, _ := os.ReadFile(path)
	json.Unmarshal(text, &all) // a damaged list is begun anew
	return path, all
}

// listRemembered sets until when a vault's key is in the keyring; the zero time is for
// one that is not there any more.
func listRemembered(recipients string, until time.Time) error {
	path, all := keyringList()
	if _, listed := all[recipients]; path == "" || !listed && until.IsZero() {
		return nil
	}
	err := durable.Update(path, func(old []byte) ([]byte, error) {
		all := make(map[string]time.Time)
		json.Unmarshal(old, &all)
		if all[recipients] = until.UTC(); until.IsZero() {
			delete(all, recipients)
		}
		return json.Marshal(all)
	})
	if err != nil {
		return fmt.Errorf("listing what the keyring holds: %w", err)
	}
	return nil
}

// sweepKeyring removes the vaults' keys from the keyring whose time is up.
func sweepKeyring(now time.Time) {
	_, all := keyringList()
	for recipients, until := range all {
		if !now.Before(until) {
			Forget(recipients)
		}
	}
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

// Forget removes what the keyrings hold under a name, a key's device ID or a vault's
// recipients, and reports whether there was anything. It returns ErrNoKeyring if the
// system's could not be asked.
func Forget(name string) (forgotten bool, err error) {
	forgotten, err = forgetInKernel(name)
	if err != nil || !HasKeyring() {
		return forgotten, cmp.Or(err, ErrNoKeyring)
	}
	switch err := keyring.Delete(keyringService, name); {
	case err == nil, errors.Is(err, keyring.ErrNotFound):
		return forgotten || err == nil, listRemembered(name, time.Time{})
	default:
		return forgotten, fmt.Errorf("%w: %v", ErrNoKeyring, err)
	}
}

// ForgetVault removes the key of the vault with those recipients from the keyring, and
// what else is there for too long. It returns ErrNoKeyring if that cannot be reached, and
// holds the key.
func (o *Opener) ForgetVault(recipients string) error {
	sweepKeyring(o.Now())
	_, err := Forget(recipients)
	_, all := keyringList()
	if _, listed := all[recipients]; errors.Is(err, ErrNoKeyring) && !listed {
		return nil
	}
	return err
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
