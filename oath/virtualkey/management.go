package virtualkey

import (
	"bytes"
	"context"
	"crypto/hmac"
	"encoding/binary"
)

// management is the Management applet, which reports the serial number and
// switches applications on and off. Source: yubikit/management.py of
// https://github.com/Yubico/yubikey-manager.
type management struct{ key *Key }

func newManagement(k *Key) *management { return &management{k} }

// managementState is what the applet keeps without power.
type managementState struct {
	DisabledUSB       Capability `json:"disabled_usb,omitempty"`
	DisabledNFC       Capability `json:"disabled_nfc,omitempty"`
	AutoEject         uint16     `json:"auto_eject,omitempty"` // seconds
	ChallengeResponse byte       `json:"challenge_response,omitempty"`
	DeviceFlags       byte       `json:"device_flags,omitempty"`
	Lock              []byte     `json:"lock,omitempty"` // 16 bytes
}

// A Capability is a set of applications, as the Management applet numbers them.
type Capability uint16

const (
	CapabilityOTP  Capability = 0x01
	CapabilityPIV  Capability = 0x10
	CapabilityOATH Capability = 0x20
)

const (
	insWriteConfig = 0x1C
	insReadConfig  = 0x1D
)

const (
	tagUSBSupported      = 0x01
	tagSerial            = 0x02
	tagUSBEnabled        = 0x03
	tagFormFactor        = 0x04
	tagFirmware          = 0x05
	tagAutoEject         = 0x06
	tagChallengeResponse = 0x07
	tagDeviceFlags       = 0x08
	tagConfigLock        = 0x0A
	tagUnlock            = 0x0B
	tagReboot            = 0x0C
	tagNFCSupported      = 0x0D
	tagNFCEnabled        = 0x0E
	tagFIPSCapable       = 0x14
	tagFIPSApproved      = 0x15
	tagPINComplexity     = 0x16
	tagResetBlocked      = 0x18
)

const (
	formFactorKeychainA      = 0x01
	defaultChallengeResponse = 15 // seconds
	lockLength               = 16
)

func (*management) aid() []byte            { return []byte{0xA0, 0, 0, 5, 0x27, 0x47, 0x11, 0x17} }
func (*management) capability() Capability { return 0 }
func (*management) fetch() byte            { return insGetResponse }
func (*management) leave()                 {}

func (m *management) available() bool {
	return !m.key.config.Quirks.Has(NoManagement) && !m.key.config.Firmware.before(3, 0, 0)
}

// enter answers SELECT with a sentence.
func (m *management) enter() ([]byte, status) {
	return []byte("Virtual mgr - FW version " + m.key.config.Firmware.String()), swOK
}

func (m *management) handle(_ context.Context, c command) ([]byte, status) {
	v := m.key.config.Firmware
	switch {
	case c.ins == insReadConfig && !v.before(4, 1, 0):
		return m.readConfig(c)
	case c.ins == insWriteConfig && !v.before(5, 0, 0):
		return nil, m.writeConfig(c)
	}
	return nil, swUnknownInstruction
}

// readConfig returns the configuration: a length byte and data objects.
func (m *management) readConfig(c command) ([]byte, status) {
	if c.p1p2() != 0 {
		return nil, swWrongP1P2 // everything is on the first page
	}
	r := m.identity()
	if !m.key.config.Firmware.before(5, 0, 0) {
		r = m.appendSettings(r)
	}
	r = appendTLV(r, tagConfigLock, flag(m.key.state.Management.Lock != nil))
	if !m.key.config.Firmware.before(5, 7, 0) {
		r = appendTLV(r, tagFIPSCapable, 0, 0)
		r = appendTLV(r, tagFIPSApproved, 0, 0)
		r = appendTLV(r, tagPINComplexity, 0)
		r = appendTLV(r, tagResetBlocked, 0, 0)
	}
	return append([]byte{byte(len(r))}, r...), swOK
}

// identity begins the configuration with what firmware 4 reports, too.
func (m *management) identity() []byte {
	all := m.supported()
	r := appendTLV(nil, tagUSBSupported, all.bytes()...)
	if !m.key.config.Quirks.Has(NoSerial) {
		r = appendTLV(r, tagSerial, binary.BigEndian.AppendUint32(nil, m.key.serial)...)
	}
	return appendTLV(r, tagUSBEnabled, (all &^ m.key.state.Management.DisabledUSB).bytes()...)
}

func (m *management) appendSettings(r []byte) []byte {
	s, all, v := &m.key.state.Management, m.supported(), m.key.config.Firmware
	timeout := s.ChallengeResponse
	if timeout == 0 {
		timeout = defaultChallengeResponse
	}
	r = appendTLV(r, tagFormFactor, formFactorKeychainA)
	r = appendTLV(r, tagFirmware, v[:]...)
	r = appendTLV(r, tagAutoEject, byte(s.AutoEject>>8), byte(s.AutoEject))
	r = appendTLV(r, tagChallengeResponse, timeout)
	r = appendTLV(r, tagDeviceFlags, s.DeviceFlags)
	r = appendTLV(r, tagNFCSupported, all.bytes()...)
	return appendTLV(r, tagNFCEnabled, (all &^ s.DisabledNFC).bytes()...)
}

// supported is what the key has applets for.
func (m *management) supported() Capability {
	var all Capability
	for _, a := range m.key.applets {
		if a.available() {
			all |= a.capability()
		}
	}
	return all
}

func (c Capability) bytes() []byte { return []byte{byte(c >> 8), byte(c)} }

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// writeConfig changes the settings, all or none.
func (m *management) writeConfig(c command) status {
	if c.p1p2() != 0 {
		return swWrongP1P2
	}
	if len(c.data) == 0 || int(c.data[0]) != len(c.data)-1 {
		return swWrongData
	}
	next := m.key.state.Management
	sw := next.write(objects(c.data[1:]), m.supported())
	if sw != swOK {
		return sw
	}
	if m.key.update(func(s *state) { s.Management = next }) != nil {
		return swMemoryFailure
	}
	return swOK
}

// write applies the objects of WRITE CONFIG.
func (s *managementState) write(d objects, all Capability) status {
	locked := s.Lock != nil
	for len(d) > 0 {
		tag := d.peek()
		value, ok := d.take(tag)
		if !ok {
			return swWrongData
		}
		if tag == tagUnlock {
			if !hmac.Equal(value, s.Lock) {
				return swSecurity
			}
			locked = false
			continue
		}
		if !s.set(tag, value, all) {
			return swWrongData
		}
	}
	if locked {
		return swSecurity
	}
	return swOK
}

// set applies one object and says whether it is one.
func (s *managementState) set(tag byte, value []byte, all Capability) bool {
	if want, ok := settingLengths[tag]; !ok || len(value) != want {
		return false
	}
	switch tag {
	case tagUSBEnabled:
		s.DisabledUSB = all &^ Capability(binary.BigEndian.Uint16(value))
	case tagNFCEnabled:
		s.DisabledNFC = all &^ Capability(binary.BigEndian.Uint16(value))
	case tagAutoEject:
		s.AutoEject = binary.BigEndian.Uint16(value)
	case tagChallengeResponse:
		s.ChallengeResponse = value[0]
	case tagDeviceFlags:
		s.DeviceFlags = value[0]
	case tagConfigLock:
		s.Lock = bytes.Clone(value)
		if bytes.Equal(value, make([]byte, lockLength)) {
			s.Lock = nil // zeros take the lock off
		}
	}
	return true
}

// settingLengths are the lengths of the objects of WRITE CONFIG. A reboot shows
// over USB alone, so that there is nothing to do for it here.
var settingLengths = map[byte]int{
	tagUSBEnabled:        2,
	tagNFCEnabled:        2,
	tagAutoEject:         2,
	tagChallengeResponse: 1,
	tagDeviceFlags:       1,
	tagConfigLock:        lockLength,
	tagReboot:            0,
}
