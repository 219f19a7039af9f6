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
	o.password.addFlags(c)
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
	service, err := pcsc.Connect()
	if err != nil {
		return nil, err
	}
	defer service.Close()
	readers, err := occupiedReaders(service, o.reader)
	if err != nil {
		return nil, err
	}
	f := finder{ctx: ctx, service: service, random: p.random}
	switch {
	case o.serial != 0:
		return f.withSerial(readers, o.serial)
	case len(readers) > 1:
		return f.only(readers)
	}
	return f.in(readers[0])
}

// occupiedReaders returns the names of the readers with a card in them, of those
// whose name contains the given one. It returns an error if there is none.
func occupiedReaders(service *pcsc.Service, name string) ([]string, error) {
	all, err := service.Readers()
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

// A finder opens keys.
type finder struct {
	ctx     context.Context
	service *pcsc.Service
	random  io.Reader
}

// card takes hold of the card in a reader.
func (f finder) card(reader string) (*pcsc.Card, error) {
	ctx, cancel := context.WithTimeout(f.ctx, holdTimeout)
	defer cancel()
	return f.service.Open(ctx, reader)
}

// in opens the key in a reader.
func (f finder) in(reader string) (*key, error) {
	card, err := f.card(reader)
	if err != nil {
		return nil, err
	}
	return f.on(card, reader)
}

// on opens the key that a card is, or lets go of it.
func (f finder) on(card *pcsc.Card, reader string) (*key, error) {
	session, err := ykoath.Select(card, f.random)
	if err != nil {
		card.Close(false)
		return nil, err
	}
	return &key{session, card, reader}, nil
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
			return f.on(card, reader)
		}
		card.Close(false)
	}
	return nil, missing
}

// only opens the only one of several cards that has an OATH applet.
func (f finder) only(readers []string) (*key, error) {
	var found []*key
	var failure error
	for _, reader := range readers {
		k, err := f.in(reader)
		switch {
		case err == nil:
			found = append(found, k)
		case !errors.Is(err, ykoath.ErrNoApplet):
			failure = err
		}
	}
	switch {
	case len(found) == 1 && failure == nil:
		return found[0], nil
	case len(found) > 1:
		failure = fmt.Errorf("%w: %s", errSeveralKeys, strings.Join(mapSlice(found, describeKey), ", "))
	case failure == nil:
		failure = ykoath.ErrNoApplet
	}
	for _, k := range found {
		k.close()
	}
	return nil, failure
}

// describeKey names a key by its serial number, or by its reader if it has none.
func describeKey(k *key) string {
	device, err := ykoath.ReadDevice(k.card)
	if err != nil || device.Serial == 0 {
		return fmt.Sprintf("the one in %q", k.reader)
	}
	return fmt.Sprint(device.Serial)
}
