package open

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// maxExports bounds what is remembered: the newest are.
const maxExports = 20

// Exports returns those of Google Authenticator's exports that earlier commands read
// parts of. It is their numbers alone that are kept.
func (o *Opener) Exports() ([]otpauth.Export, error) {
	path, err := exportsPath()
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var exports []otpauth.Export
	if err == nil {
		err = json.Unmarshal(text, &exports)
	}
	for _, x := range exports {
		if err == nil {
			err = x.Validate()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: which QR codes were read before is not known; move it away: %w", path, err)
	}
	return exports, nil
}

// SaveExports keeps which parts of exports were read: of those that are complete, too, as
// somebody may read one of their QR codes again.
func (o *Opener) SaveExports(exports []otpauth.Export) error {
	path, err := exportsPath()
	if err != nil {
		return err
	}
	return writeState(path, exports[max(0, len(exports)-maxExports):])
}

func exportsPath() (string, error) {
	state, err := stateFolder()
	return filepath.Join(state, "exports.json"), err
}
