package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/oath/pcsc"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

// holdTimeout is how long to wait while another program holds a key.
const holdTimeout = 5 * time.Second

// keyOptions choose a key and open it.
type keyOptions struct {
	serial   uint32
	reader   string
	password passwordSource
}

func (o *keyOptions) addFlags(c *cobra.Command) {
	o.addChoice(c)
	o.password.addFlags(c, "password", "the key's password")
}

func (o *keyOptions) addChoice(c *cobra.Command) {
	c.Flags().Uint32Var(&o.serial, "device", 0, "use the key with this `SERIAL` number")
	c.Flags().StringVar(&o.reader, "reader", "", "use the key in the reader whose name contains `NAME`")
}

// A key is a hardware key in use: its OATH applet, and what to let go of in the
// end.
type key struct {
	*ykoath.Session
	card   *pcsc.Card
	reader string
	serial uint32 // 0 if the key was not asked, or does not tell
}

// name tells the key from others: key:SERIAL, as --to takes it, or key:READER.
func (k *key) name() string {
	if k.serial == 0 {
		return "key:" + k.reader
	}
	return fmt.Sprintf("key:%d", k.serial)
}

// close lets go of the key. One that a password had opened is reset, so that it
// is not found open.
func (k *key) close() { k.card.Close(k.HasPassword() && !k.Locked()) }

// openKey opens the one key that the options choose, with its password if it has
// one.
func (p *program) openKey(ctx context.Context, o keyOptions) (*key, error) {
	k, err := p.selectKey(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := p.unlock(ctx, k.Session, o.password); err != nil {
		k.close()
		return nil, err
	}
	return k, nil
}

// selectKey opens the one key that the options choose, as far as can be without
// its password.
func (p *program) selectKey(ctx context.Context, o keyOptions) (*key, error) {
	f, err := p.newFinder(ctx)
	if err != nil {
		return nil, err
	}
	defer f.close()
	readers, err := f.occupied(o.reader)
	if err != nil {
		return nil, err
	}
	switch {
	case o.serial != 0:
		return f.withSerial(readers, o.serial)
	case len(readers) > 1:
		return f.only(readers)
	}
	return f.in(readers[0])
}

// A finder opens keys.
type finder struct {
	ctx     context.Context
	service *pcsc.Service
	random  io.Reader
}

// newFinder connects to the smart card service, until close is called.
func (p *program) newFinder(ctx context.Context) (finder, error) {
	service, err := pcsc.Connect()
	return finder{ctx: ctx, service: service, random: p.random}, err
}

// close ends the connection. Keys that were opened stay open.
func (f finder) close() { f.service.Close() }

// occupied returns the names of the readers with a card in them, of those
// whose name contains the given one. It returns an error if there is none.
func (f finder) occupied(name string) ([]string, error) {
	all, err := f.service.Readers()
	if err != nil {
		return nil, err
	}
	var occupied []string
	for _, r := range all {
		if r.Present && strings.Contains(strings.ToLower(r.Name), strings.ToLower(name)) {
			occupied = append(occupied, r.Name)
		}
	}
	switch {
	case len(occupied) > 0:
		return occupied, nil
	case name != "":
		return nil, fmt.Errorf("%w: no reader named %q has one", errNoSuchKey, name)
	case len(all) == 0:
		return nil, fmt.Errorf("%w: no key is plugged in", pcsc.ErrNoReader)
	}
	return nil, pcsc.ErrNoCard
}

// card takes hold of the card in a reader.
func (f finder) card(reader string) (*pcsc.Card, error) {
	ctx, cancel := context.WithTimeout(f.ctx, holdTimeout)
	defer cancel()
	return f.service.Open(ctx, reader)
}

// in opens the key in a reader, in as few exchanges as can be.
func (f finder) in(reader string) (*key, error) {
	card, err := f.card(reader)
	if err != nil {
		return nil, err
	}
	return f.on(card, reader, ykoath.Device{})
}

// identified opens the key in a reader, and asks it for its serial number first.
func (f finder) identified(reader string) (*key, error) {
	card, err := f.card(reader)
	if err != nil {
		return nil, err
	}
	device, err := ykoath.ReadDevice(card)
	if err != nil && !errors.Is(err, ykoath.ErrUnknownDevice) {
		card.Close(false)
		return nil, err
	}
	return f.on(card, reader, device)
}

// on opens the key that a card is, or lets go of it.
func (f finder) on(card *pcsc.Card, reader string, device ykoath.Device) (*key, error) {
	session, err := ykoath.Select(card, f.random)
	if err != nil {
		card.Close(false)
		return nil, err
	}
	return &key{session, card, reader, device.Serial}, nil
}

// withSerial opens the key with a serial number. A reader that cannot be reached
// is of interest only if no other has the key.
func (f finder) withSerial(readers []string, serial uint32) (*key, error) {
	missing := fmt.Errorf("%w: none has the serial number %d", errNoSuchKey, serial)
	for _, reader := range readers {
		card, err := f.card(reader)
		if err != nil {
			missing = err
			continue
		}
		device, err := ykoath.ReadDevice(card)
		if err == nil && device.Serial == serial {
			return f.on(card, reader, device)
		}
		card.Close(false)
	}
	return nil, missing
}

// all opens the keys in several readers. A card without an OATH applet is not a
// key; the errors are of the others that could not be opened, by reader.
func (f finder) all(readers []string) (keys []*key, failures map[string]error) {
	failures = make(map[string]error)
	for _, reader := range readers {
		k, err := f.identified(reader)
		switch {
		case err == nil:
			keys = append(keys, k)
		case !errors.Is(err, ykoath.ErrNoApplet):
			failures[reader] = err
		}
	}
	return keys, failures
}

// only opens the only one of several cards that is a key.
func (f finder) only(readers []string) (*key, error) {
	keys, failures := f.all(readers)
	if len(keys) == 1 && len(failures) == 0 {
		return keys[0], nil
	}
	for _, k := range keys {
		k.close()
	}
	if len(keys) > 1 {
		return nil, fmt.Errorf("%w: %s", errSeveralKeys, strings.Join(mapSlice(keys, (*key).name), ", "))
	}
	for reader, err := range failures {
		return nil, fmt.Errorf("%s: %w", reader, err)
	}
	return nil, ykoath.ErrNoApplet
}
