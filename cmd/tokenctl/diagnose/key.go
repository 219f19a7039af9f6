package diagnose

import (
	"fmt"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/keys"
)

// key says how the key in a reader is.
func (e *examination) key(i keys.Info) {
	name := nameOf(i)
	if i.Err != nil {
		e.add(Fault, "key", fmt.Sprintf("%s: %s", name, i.Problem()), "")
		return
	}
	text := fmt.Sprintf("%s: %s, firmware %s, OATH on", name, term.Dash(i.Device.Model()), i.Firmware)
	e.add(Good, "key", text, "")
}

// nameOf names a key as other commands do, or by its reader.
func nameOf(i keys.Info) string {
	return keys.Key{Serial: i.Device.Serial, Reader: i.Reader}.Name()
}
