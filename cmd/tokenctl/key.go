package main

import (
	"context"
	"errors"
	"fmt"
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
	readers, err := occupiedReaders(o.reader)
	if err != nil {
		return nil, err
	}
	switch {
	case o.serial != 0:
		return p.selectSerial(ctx, readers, o.serial)
	case len(readers) > 1:
		return p.selectOnly(ctx, readers)
	}
	return p.selectIn(ctx, readers[0])
}

// occupiedReaders returns the names of the readers with a card in them, of those
// whose name contains the given one. It returns an error if there is none.
func occupiedReaders(name string) ([]string, error) {
	service, err := pcsc.Connect()
	if err != nil {
		return nil, err
	}
	defer service.Close()
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

// selectIn opens the key in a reader.
func (p *program) selectIn(ctx context.Context, reader string) (*key, error) {
	card, err := openCard(ctx, reader)
	if err != nil {
		return nil, err
	}
	k, err := p.selectOn(card, reader)
	if err != nil {
		card.Close(false)
	}
	return k, err
}

func openCard(ctx context.Context, reader string) (*pcsc.Card, error) {
	ctx, cancel := context.WithTimeout(ctx, holdTimeout)
	defer cancel()
	return pcsc.Open(ctx, reader)
}

func (p *program) selectOn(card *pcsc.Card, reader string) (*key, error) {
	session, err := ykoath.Select(card, p.random)
	if err != nil {
		return nil, err
	}
	return &key{session, card, reader}, nil
}

// selectSerial opens the key with a serial number. A reader that cannot be
// reached is of interest only if no other has the key.
func (p *program) selectSerial(ctx context.Context, readers []string, serial uint32) (*key, error) {
	missing := fmt.Errorf("%w: none has the serial number %d", errNoSuchKey, serial)
	for _, reader := range readers {
		card, err := openCard(ctx, reader)
		if err != nil {
			missing = err
			continue
		}
		device, err := ykoath.ReadDevice(card)
		if err != nil || device.Serial != serial {
			card.Close(false)
			continue
		}
		k, err := p.selectOn(card, reader)
		if err != nil {
			card.Close(false)
		}
		return k, err
	}
	return nil, missing
}

// selectOnly opens the only one of several cards that has an OATH applet.
func (p *program) selectOnly(ctx context.Context, readers []string) (*key, error) {
	var chosen *key
	var others []string
	var failure error
	for _, reader := range readers {
		k, err := p.selectIn(ctx, reader)
		switch {
		case errors.Is(err, ykoath.ErrNoApplet):
		case err != nil:
			failure = err
		case chosen == nil:
			chosen = k
		default:
			others = append(others, describeKey(k))
			k.close()
		}
	}
	switch {
	case len(others) > 0:
		defer chosen.close()
		return nil, fmt.Errorf("%w: %s", errSeveralKeys, strings.Join(append([]string{describeKey(chosen)}, others...), ", "))
	case failure != nil:
		if chosen != nil {
			chosen.close()
		}
		return nil, failure
	case chosen == nil:
		return nil, ykoath.ErrNoApplet
	}
	return chosen, nil
}

// describeKey names a key by its serial number, or by its reader if it has none.
func describeKey(k *key) string {
	device, err := ykoath.ReadDevice(k.card)
	if err != nil || device.Serial == 0 {
		return fmt.Sprintf("the one in %q", k.reader)
	}
	return fmt.Sprint(device.Serial)
}
