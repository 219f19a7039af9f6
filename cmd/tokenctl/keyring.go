package main

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/zalando/go-keyring"

	"github.com/tokenctl/tokenctl/oath/ykoath"
)

// keyringService is the name under which the system's keyring keeps what
// tokenctl remembers.
const keyringService = "tokenctl"

// recallAccessKey looks up what opens the key with that device ID.
func recallAccessKey(deviceID string) (accessKey ykoath.AccessKey, found bool) {
	if deviceID == "" || !hasKeyring() {
		return accessKey, false
	}
	text, err := keyring.Get(keyringService, deviceID)
	if err != nil {
		return accessKey, false
	}
	n, err := hex.Decode(accessKey[:], []byte(text)[:min(len(text), hex.EncodedLen(len(accessKey)))])
	return accessKey, err == nil && n == len(accessKey)
}

// rememberAccessKey keeps what opens the key with that device ID.
func rememberAccessKey(deviceID string, accessKey ykoath.AccessKey) error {
	if !hasKeyring() {
		return errNoKeyring
	}
	if err := keyring.Set(keyringService, deviceID, hex.EncodeToString(accessKey[:])); err != nil {
		return fmt.Errorf("%w: %v", errNoKeyring, err)
	}
	return nil
}

// forgetAccessKey removes what opens the key with that device ID. It reports
// whether there was anything to remove.
func forgetAccessKey(deviceID string) (forgotten bool, err error) {
	if !hasKeyring() {
		return false, errNoKeyring
	}
	switch err := keyring.Delete(keyringService, deviceID); err {
	case nil:
		return true, nil
	case keyring.ErrNotFound:
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
