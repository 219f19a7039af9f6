package virtualkey

import (
	"context"
	"encoding/binary"
)

// otp is the OTP applet, as far as the serial number goes: firmware before 4.1.0
// reports it nowhere else. Its slots are empty. Source: yubikit/yubiotp.py of
// https://github.com/Yubico/yubikey-manager.
type otp struct{ key *Key }

func newOTP(k *Key) *otp { return &otp{k} }

const (
	insOTPConfig = 0x01
	insOTPStatus = 0x03
	slotSerial   = 0x10
)

func (*otp) aid() []byte            { return []byte{0xA0, 0, 0, 5, 0x27, 0x20, 0x01, 0x01} }
func (*otp) capability() Capability { return CapabilityOTP }
func (*otp) available() bool        { return true }
func (*otp) fetch() byte            { return insGetResponse }
func (*otp) leave()                 {}

// enter answers SELECT with the status.
func (o *otp) enter() ([]byte, status) { return o.status(), swOK }

// status is the version, the programming sequence, and the flags of the slots,
// little-endian.
func (o *otp) status() []byte {
	v := o.key.config.Firmware
	return append(v[:], 0, 0, 0)
}

func (o *otp) handle(_ context.Context, c command) ([]byte, status) {
	switch {
	case c.ins == insOTPStatus:
		return o.status(), swOK
	case c.ins != insOTPConfig:
		return nil, swUnknownInstruction
	case c.p1 != slotSerial:
		return nil, swWrongP1P2
	case o.key.config.Quirks.Has(NoSerial):
		return nil, swConditions
	}
	return binary.BigEndian.AppendUint32(nil, o.key.serial), swOK
}
