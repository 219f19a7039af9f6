package ykoath

import (
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"strconv"
)

// Applets that report what key this is.
var (
	managementAID = []byte{0xa0, 0x00, 0x00, 0x05, 0x27, 0x47, 0x11, 0x17}
	otpAID        = []byte{0xa0, 0x00, 0x00, 0x05, 0x27, 0x20, 0x01}
)

// Tags of the Management applet's configuration.
const (
	configSerial     = 0x02
	configEnabledUSB = 0x03
	configFormFactor = 0x04
	configVersion    = 0x05
	configEnabledNFC = 0x0e
	configMoreData   = 0x10

	capabilityOATH = 0x20 // in configEnabledUSB and configEnabledNFC

	// maxConfigPages bounds how often the configuration may say that more follows.
	maxConfigPages = 8
)

// A Device is the key itself, as its Management applet describes it.
type Device struct {
	Serial     uint32 // printed on the key; 0 if it does not report it
	Version    Version
	FormFactor FormFactor
	NoOATH     bool // the OATH applet is switched off over USB
	NoOATHNFC  bool // it is switched off over NFC
}

// A FormFactor is the shape of a YubiKey, from its Management applet.
type FormFactor byte

// String describes the shape, and is empty if it is not known.
func (f FormFactor) String() string {
	switch f & 0x0f { // the upper bits mark FIPS and Security Key editions
	case 1:
		return "USB-A Keychain"
	case 2:
		return "USB-A Nano"
	case 3:
		return "USB-C Keychain"
	case 4:
		return "USB-C Nano"
	case 5:
		return "USB-C and Lightning"
	case 6:
		return "USB-A Bio"
	case 7:
		return "USB-C Bio"
	}
	return ""
}

// Model names the key as its maker does, by the generation of its firmware.
func (d Device) Model() string {
	switch major := d.Version[0]; {
	case d.Version == Version{}:
		return ""
	case major <= 3:
		return "YubiKey NEO"
	default:
		return fmt.Sprintf("YubiKey %d", major)
	}
}

// ErrUnknownDevice says that the card does not report what it is: it has neither
// of the applets that would.
var ErrUnknownDevice = errors.New("the card does not report its serial number")

// The commands that report what key this is, for errors.
const (
	cmdSelectManagement = "SELECT Management"
	cmdReadConfig       = "READ CONFIG"
	cmdSelectOTP        = "SELECT OTP"
	cmdReadSerial       = "READ SERIAL"
)

// ReadDevice asks the card what key it is. It deselects the OATH applet, and so comes
// before Select. The
// error wraps ErrUnknownDevice if the card cannot report it, as other makers' keys.
func ReadDevice(card Card) (Device, error) {
	device, err := readManagement(card)
	if isRefusal(err) { // no such applet, or one before 4.1 that cannot say this
		device, err = readOTP(card)
	}
	if isRefusal(err) {
		return Device{}, fmt.Errorf("%w: %v", ErrUnknownDevice, err)
	}
	return device, err
}

// isRefusal reports whether the error is a status word from the card.
func isRefusal(err error) bool {
	var refused *StatusError
	return errors.As(err, &refused)
}

// readManagement reads the pages of the Management applet's READ CONFIG.
func readManagement(card Card) (Device, error) {
	greeting, err := transmit(card, selectCommand(cmdSelectManagement, managementAID), insGetResponse)
	if err != nil {
		return Device{}, err
	}
	device := Device{Version: greetingVersion(greeting)}
	for page := byte(0); page < maxConfigPages; page++ {
		fields, err := readConfigPage(card, page)
		if err != nil {
			return Device{}, err
		}
		device.readFields(fields)
		if more, _ := find(fields, configMoreData); len(more) == 0 || more[0] == 0 {
			break
		}
	}
	return device, nil
}

func readConfigPage(card Card, page byte) ([]field, error) {
	answer, err := transmit(card, command{name: cmdReadConfig, ins: 0x1d, p1: page}, insGetResponse)
	if err != nil {
		return nil, err
	}
	if len(answer) < 1 || int(answer[0]) > len(answer)-1 {
		return nil, fmt.Errorf("%s: %w: the length at offset 0 does not fit %d bytes", cmdReadConfig, ErrMalformed, len(answer))
	}
	fields, err := parseFields(answer[1 : 1+int(answer[0])])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", cmdReadConfig, err)
	}
	return fields, nil
}

// greetingVersion finds the firmware in the sentence that the Management applet
// answers to SELECT. Before 5.0, the configuration does not report it.
func greetingVersion(greeting []byte) Version {
	var v Version
	numbers := regexp.MustCompile(`(\d{1,3})\.(\d{1,3})\.(\d{1,3})`) // once a run, for keys alone
	for i, number := range numbers.FindSubmatch(greeting) {
		if i == 0 {
			continue // the match as a whole
		}
		n, err := strconv.ParseUint(string(number), 10, 8)
		if err != nil {
			return Version{}
		}
		v[i-1] = byte(n)
	}
	return v
}

func (d *Device) readFields(fields []field) {
	for _, f := range fields {
		switch f.tag {
		case configSerial:
			if len(f.value) == 4 {
				d.Serial = binary.BigEndian.Uint32(f.value)
			}
		case configEnabledUSB:
			if n := len(f.value); n > 0 {
				d.NoOATH = f.value[n-1]&capabilityOATH == 0
			}
		case configEnabledNFC:
			if n := len(f.value); n > 0 {
				d.NoOATHNFC = f.value[n-1]&capabilityOATH == 0
			}
		case configFormFactor:
			if len(f.value) == 1 {
				d.FormFactor = FormFactor(f.value[0])
			}
		case configVersion:
			copy(d.Version[:], f.value)
		}
	}
}

// readOTP asks the OTP applet, which knows the serial number where the Management
// applet does not.
func readOTP(card Card) (Device, error) {
	status, err := transmit(card, selectCommand(cmdSelectOTP, otpAID), insGetResponse)
	if err != nil {
		return Device{}, err
	}
	answer, err := transmit(card, command{name: cmdReadSerial, ins: 0x01, p1: 0x10}, insGetResponse)
	if err != nil {
		return Device{}, err
	}
	if len(answer) < 4 {
		return Device{}, fmt.Errorf("%s: %w: %d bytes, not 4", cmdReadSerial, ErrMalformed, len(answer))
	}
	device := Device{Serial: binary.BigEndian.Uint32(answer)}
	copy(device.Version[:], status) // the applet's status begins with the firmware
	return device, nil
}
