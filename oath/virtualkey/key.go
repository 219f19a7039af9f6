// Package virtualkey is a YubiKey in software: a [Key] answers command APDUs the
// way the hardware does, in the same process or, plugged into a vpcd reader,
// under pcscd and in front of every program that speaks PC/SC.
//
// The key has the OATH and PIV applets whole, the Management applet as far as
// reading and writing the configuration goes, and of the OTP applet the serial
// number by which older firmware identifies itself. It can be given other firmware,
// the habits of other vendors ([Quirks]), a slow finger ([Touch]) and faults on
// command ([Fault]).
//
// It follows Yubico's published YKOATH protocol and, where that is silent,
// ykneo-oath, the source of the applet on the YubiKey NEO; for PIV, NIST SP
// 800-73-4 and Yubico's extensions; and everywhere what the hardware was seen to
// answer. It shares no code with the client it tests.
//
// A [Key] is safe for concurrent use; the other types are plain values.
package virtualkey

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// Config describes a key. Its zero value is a YubiKey 5 NFC that was never
// used: firmware 5.7.1, serial number 12345678, touched at once, kept in memory.
type Config struct {
	Serial   uint32     // 0 is the state file's, or else DefaultSerial
	Firmware Version    // zero is DefaultFirmware
	State    string     // file that outlives the process; "" keeps the key in memory
	Disable  Capability // applications to switch off over USB, for good
	Quirks   Quirks     // habits of other vendors' keys

	Touch        Touch         // when the finger comes; zero is at once
	TouchTimeout time.Duration // how long the key waits for it; 0 is DefaultTouchTimeout

	Faults []Fault   // what goes wrong, and when
	Trace  io.Writer // gets a line for each command and each response, see trace.go

	Rand  io.Reader                            // salts and challenges; nil is crypto/rand
	After func(time.Duration) <-chan time.Time // touches and delays; nil is time.After
}

// What a zero Config stands for.
const (
	DefaultSerial       = 12345678
	DefaultTouchTimeout = 15 * time.Second // as on the hardware
)

// DefaultFirmware is the version of a key whose Config names none.
var DefaultFirmware = Version{5, 7, 1}

// ErrPulled is returned for a command that was sent to a key which is not, or
// no longer, plugged in. Its method CardRemoved says so to ykoath.
var ErrPulled error = pulledError{}

type pulledError struct{}

func (pulledError) Error() string     { return "the key was pulled out" }
func (pulledError) CardRemoved() bool { return true }

// A Key is a virtual YubiKey. It is safe for concurrent use, and executes one command at
// a time.
type Key struct {
	config Config
	store  store
	serial uint32
	trace  trace

	exchanges atomic.Int64 // commands seen

	mu        sync.Mutex // held during an exchange
	state     state
	applets   []applet
	selected  applet // nil after power-on
	chain     chain  // a command that comes in pieces
	remaining remaining
	faults    faults

	plug   plug
	finger chan struct{} // taken from by a key that blinks
}

// New makes a key and plugs it in. A state file that does not exist is created;
// one that is in use by another process is [ErrInUse], one that cannot be read
// is an error that names what is wrong with it, and is left alone.
func New(config Config) (*Key, error) {
	if config.Firmware == (Version{}) {
		config.Firmware = DefaultFirmware
	}
	if config.TouchTimeout == 0 {
		config.TouchTimeout = DefaultTouchTimeout
	}
	if config.Rand == nil {
		config.Rand = rand.Reader
	}
	if config.After == nil {
		config.After = time.After
	}
	k := &Key{config: config, trace: trace{w: config.Trace}, finger: make(chan struct{})}
	k.applets = []applet{newOATH(k), newManagement(k), newOTP(k), newPIV(k)}
	if err := k.open(); err != nil {
		return nil, err
	}
	if err := k.disable(config.Disable); err != nil {
		k.store.close()
		return nil, err
	}
	k.serial = k.state.Serial
	k.faults.list = config.Faults
	k.Plug()
	return k, nil
}

// open reads the state file, or makes the state of a key that was never used.
func (k *Key) open() error {
	if k.config.State == "" {
		return k.initialise()
	}
	store, err := openStore(k.config.State)
	if err != nil {
		return err
	}
	k.store = store
	if err := k.load(); err != nil {
		store.close()
		return err
	}
	return nil
}

func (k *Key) load() error {
	s, err := k.store.load()
	if err != nil {
		return err
	}
	if s == nil {
		return k.initialise()
	}
	if k.config.Serial != 0 && k.config.Serial != s.Serial {
		return fmt.Errorf("%s holds the key with serial number %d, not %d", k.config.State, s.Serial, k.config.Serial)
	}
	k.state = *s
	return nil
}

func (k *Key) initialise() error {
	s := state{Format: stateFormat, Serial: k.config.Serial}
	if s.Serial == 0 {
		s.Serial = DefaultSerial
	}
	salt, err := k.random(saltLength)
	if err != nil {
		return err
	}
	s.OATH.Salt = salt
	if err := k.store.save(&s); err != nil {
		return err
	}
	k.state = s
	return nil
}

// disable switches applications off as WRITE CONFIG does.
func (k *Key) disable(c Capability) error {
	if k.state.Management.DisabledUSB|c == k.state.Management.DisabledUSB {
		return nil
	}
	return k.update(func(s *state) { s.Management.DisabledUSB |= c })
}

// Close pulls the key out and releases its state file. The error is the file's.
func (k *Key) Close() error {
	k.Pull()
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.store.close()
}

// ATR returns the answer to reset over USB, by which libykpiv and OpenSC know a
// YubiKey 5 from a 4 and a NEO. Their sources list these three: lib/internal.h of
// https://github.com/Yubico/yubico-piv-tool and src/libopensc/card-openpgp.c of
// https://github.com/OpenSC/OpenSC.
func (k *Key) ATR() []byte {
	switch v := k.config.Firmware; {
	case v.before(4, 0, 0):
		return []byte("\x3b\xfc\x13\x00\x00\x81\x31\xfe\x15YubikeyNEOr3\xe1")
	case v.before(5, 0, 0):
		return []byte("\x3b\xf8\x13\x00\x00\x81\x31\xfe\x15Yubikey4\xd4")
	}
	return []byte("\x3b\xfd\x13\x00\x00\x81\x31\xfe\x15\x80\x73\xc0\x21\xc0\x57YubiKey\x40")
}

// Serial returns the serial number.
func (k *Key) Serial() uint32 { return k.serial }

// Exchanges returns the number of command APDUs since the key was made or
// ClearExchanges was called. Pieces of a chained command and requests for the
// rest of a response count one each, for each is a round to the key.
func (k *Key) Exchanges() int { return int(k.exchanges.Load()) }

// ClearExchanges sets the count of command APDUs to zero.
func (k *Key) ClearExchanges() { k.exchanges.Store(0) }

// SetFaults replaces the faults and begins to count commands for them anew.
func (k *Key) SetFaults(list ...Fault) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.faults.set(list)
}

// Transmit executes one command APDU and returns the response APDU, of at least
// two bytes unless a fault says otherwise. Its only error is [ErrPulled].
func (k *Key) Transmit(apdu []byte) ([]byte, error) {
	return k.TransmitContext(context.Background(), apdu)
}

// TransmitContext is Transmit, given up with the context's cause when that
// ends: a key that waits for a touch can be released.
func (k *Key) TransmitContext(ctx context.Context, apdu []byte) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	ctx, release := k.plug.bind(ctx)
	defer release()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	k.exchanges.Add(1)
	k.trace.command(apdu)
	reply, err := k.exchange(ctx, apdu)
	if err != nil {
		k.trace.event(err.Error())
		return nil, err
	}
	k.trace.response(reply)
	return reply, nil
}

// exchange executes a command and lets happen what the faults say.
func (k *Key) exchange(ctx context.Context, apdu []byte) ([]byte, error) {
	due := k.faults.due(apdu)
	for _, f := range due {
		if reply, err := k.before(ctx, f); reply != nil || err != nil {
			return reply, err
		}
	}
	reply := k.execute(ctx, apdu)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	for _, f := range due {
		var err error
		if reply, err = k.after(f, reply); err != nil {
			return nil, err
		}
	}
	return reply, nil
}

// update changes the state and keeps the change: when update returns nil, it
// outlives the process; otherwise nothing has changed.
func (k *Key) update(change func(*state)) error {
	next := k.state.clone()
	change(next)
	if err := k.store.save(next); err != nil {
		k.trace.event(err.Error())
		return err
	}
	k.state = *next
	return nil
}

// random returns n bytes of Config.Rand.
func (k *Key) random(n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(k.config.Rand, b); err != nil {
		return nil, fmt.Errorf("reading random bytes: %w", err)
	}
	return b, nil
}
