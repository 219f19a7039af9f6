package keys

import (
	"errors"
	"fmt"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/pcsc"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

// Info describes the key in a reader.
type Info struct {
	Reader   string
	Device   ykoath.Device
	DeviceID string // see ykoath.Session.DeviceID
	Firmware string // of the OATH applet; "" if there is none
	Password bool
	Used     *int           // accounts; nil if a password is missing
	Accounts []oath.Account // those; whether they need a touch is not known
	Capacity int            // accounts; 0 if it is not known
	Err      error          // why it cannot be used; nil if it can
}

// Inspect describes the key in a reader, as far as it can be: what goes wrong is its
// Err. A locked key is handed to unlock, which reports whether it is open now.
func (f *Finder) Inspect(reader string, unlock func(*Key) (bool, error)) Info {
	i := Info{Reader: reader}
	card, err := f.Card(reader)
	if err != nil {
		i.Err = err
		return i
	}
	i.Device, err = ykoath.ReadDevice(card)
	if err != nil && !errors.Is(err, ykoath.ErrUnknownDevice) {
		i.Err = err
	}
	k, err := f.on(card, reader, i.Device)
	if err != nil {
		i.Err = err
		return i
	}
	defer k.Close()
	i.DeviceID, i.Firmware, i.Password = k.DeviceID(), k.Version.String(), k.HasPassword()
	if i.Device.Serial != 0 { // the rule for YubiKeys, not for other makers' keys
		i.Capacity = k.Version.Capacity()
	}
	isOpen := !k.Locked()
	if !isOpen {
		isOpen, err = unlock(k)
	}
	if isOpen && err == nil {
		if i.Accounts, err = k.List(); err == nil {
			used := len(i.Accounts)
			i.Used = &used
		}
	}
	if err != nil {
		i.Err = err
	}
	return i
}

// Problem returns in short what Err means to the holder of the key, and "" for none.
func (i Info) Problem() string {
	switch {
	case i.Err == nil:
		return ""
	case (i.Device.NoOATH || i.Device.NoOATHNFC) && errors.Is(i.Err, ykoath.ErrNoApplet):
		return "OATH is switched off"
	}
	for _, known := range []error{oath.ErrWrongPassword, ykoath.ErrUnproven, pcsc.ErrBusy, pcsc.ErrMute, pcsc.ErrRemoved, pcsc.ErrNoPermission, ykoath.ErrNoApplet} {
		if errors.Is(i.Err, known) {
			return known.Error()
		}
	}
	return i.Err.Error()
}

// A YubiKey is one in a reader, whatever applets it has.
type YubiKey struct {
	Reader string
	Serial uint32
}

// Name is Key's.
func (y YubiKey) Name() string { return name(y.Serial, y.Reader) }

// YubiKeys returns those in any reader that are wanted, by their serial numbers. A
// reader that cannot be reached is an error only if no other has one.
func (f *Finder) YubiKeys(wanted func(serial uint32) bool) (found []YubiKey, err error) {
	readers, err := f.Readers("")
	if err != nil {
		return nil, err
	}
	var unreached error
	for _, reader := range readers {
		card, err := f.Card(reader)
		if err != nil {
			unreached = err
			continue
		}
		device, err := ykoath.ReadDevice(card)
		card.Close()
		if err == nil && wanted(device.Serial) {
			found = append(found, YubiKey{reader, device.Serial})
		}
	}
	if len(found) > 0 {
		return found, nil
	}
	return nil, unreached
}

// OneYubiKey returns the one with that serial number, or the only one for 0. It returns
// ErrNoSuchKey or ErrSeveral, and nothing if there is none and any would do.
func (f *Finder) OneYubiKey(serial uint32) (found *YubiKey, err error) {
	all, err := f.YubiKeys(func(s uint32) bool { return serial == 0 || s == serial })
	switch {
	case err != nil:
		return nil, err
	case len(all) == 0 && serial != 0:
		return nil, fmt.Errorf("%w: none has the serial number %d", ErrNoSuchKey, serial)
	case len(all) == 0:
		return nil, nil
	case len(all) > 1:
		return nil, fmt.Errorf("%w: %s, %s", ErrSeveral, all[0].Name(), all[1].Name())
	}
	return &all[0], nil
}

// HasFactoryPIN is [ykoath.HasFactoryPIN] for the key in a reader. Its other errors are
// those of Card.
func (f *Finder) HasFactoryPIN(reader string) (factory, known bool, err error) {
	card, err := f.Card(reader)
	if err != nil {
		return false, false, err
	}
	defer card.Close()
	return ykoath.HasFactoryPIN(card)
}
