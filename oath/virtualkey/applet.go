package virtualkey

import (
	"bytes"
	"context"
)

// An applet is one application of the key. The layer around it selects it,
// joins chained commands, and sends long responses in pieces.
type applet interface {
	// aid is the whole application identifier; clients may select by a prefix.
	aid() []byte

	// capability is the applet's bit in the configuration, zero for one that
	// cannot be switched off.
	capability() Capability

	// available says whether the key has the applet at all.
	available() bool

	// enter begins a session and returns the response to SELECT.
	enter() ([]byte, status)

	// leave ends the session: another applet was selected, or the power went.
	leave()

	// fetch is the instruction that asks for the rest of a long response.
	fetch() byte

	// handle executes a command. The context ends when the key is pulled out;
	// what is returned then does not matter.
	handle(ctx context.Context, c command) ([]byte, status)
}

const (
	insSelect      = 0xA4
	insGetResponse = 0xC0 // ISO 7816-4, 11.3.1
	p1SelectByName = 0x04
	claChained     = 0x10
	aidMinimum     = 5 // a registered application provider, ISO 7816-4, 12.2.3
)

// execute answers a command APDU.
func (k *Key) execute(ctx context.Context, apdu []byte) []byte {
	c, sw := parseCommand(apdu)
	if sw != swOK {
		return sw.reply(nil)
	}
	if len(apdu) > k.config.Firmware.maxAPDU() {
		return swWrongLength.reply(nil)
	}
	if c.cla&^claChained != 0 {
		return swUnknownClass.reply(nil)
	}
	if k.selected != nil && len(k.remaining.data) > 0 && c.ins == k.selected.fetch() {
		return k.remaining.next(c.max)
	}
	k.remaining = remaining{}
	c, sw = k.chain.join(c, k.config.Firmware.maxChain())
	if sw != swOK || c.cla == claChained {
		return sw.reply(nil)
	}
	data, sw := k.dispatch(ctx, c)
	if sw != swOK {
		return sw.reply(data)
	}
	k.remaining = remaining{data: data, quirks: k.config.Quirks}
	return k.remaining.next(c.max)
}

func (k *Key) dispatch(ctx context.Context, c command) ([]byte, status) {
	switch {
	case c.ins == insSelect && c.p1 == p1SelectByName:
		return k.selectApplet(c)
	case k.selected == nil:
		return nil, swUnknownInstruction
	}
	return k.selected.handle(ctx, c)
}

// selectApplet begins a session with an applet. Where no applet has that name,
// no applet is selected any more: the next command of the one before is
// 6D00, as seen on firmware 4.3.7. The YubiKey NEO is a Java Card, on which the
// session goes on: Java Card Platform Programming Notes, "SELECT FILE".
func (k *Key) selectApplet(c command) ([]byte, status) {
	if c.p2 != 0 {
		return nil, swWrongP1P2
	}
	a := k.find(c.data)
	switch {
	case a == nil && k.config.Firmware.before(4, 0, 0):
		return nil, swFileNotFound
	case a == nil:
		k.deselect()
		return nil, swFileNotFound
	case a == k.selected && a.capability() == CapabilityOATH && k.config.Quirks.Has(StaysOpen):
	default:
		k.deselect()
	}
	k.selected = a
	return a.enter()
}

// find returns the applet of that name, or nil.
func (k *Key) find(name []byte) applet {
	if len(name) < aidMinimum {
		return nil
	}
	for _, a := range k.applets {
		if bytes.HasPrefix(a.aid(), name) && a.available() && a.capability()&k.state.Management.DisabledUSB == 0 {
			return a
		}
	}
	return nil
}

func (k *Key) deselect() {
	if k.selected != nil {
		k.selected.leave()
	}
	k.selected, k.chain, k.remaining = nil, chain{}, remaining{}
}
