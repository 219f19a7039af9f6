package pcscd

import (
	"cmp"
	"context"
	"fmt"
	"sync"

	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

// Plug puts a key into a slot, 0 or 1, and waits until the daemon has found it: no
// longer than the context lasts. The function returned pulls it out and waits until
// the daemon has noticed. It may be called again, and for a key that is gone.
func (d *Daemon) Plug(ctx context.Context, slot int, key *virtualkey.Key) (pull func(), err error) {
	d.plugging.Lock() // the daemon does not say in which slot it found a card
	defer d.plugging.Unlock()
	p, reader := d.process, d.Readers()[slot]
	failed := func(err error) error { return fmt.Errorf("plugging a key into slot %d: %w", slot, err) }
	if err := p.wait(ctx, func() bool { return p.log.removed(reader) == p.inserted(reader) }); err != nil {
		return nil, failed(err)
	}
	inserted, before := p.log.inserted(reader), p.log.found()
	nth := p.inserted(reader) + 1

	plugged, unplug := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- key.Connect(plugged, d.Slots()[slot], nil) }()
	found := func() bool { return p.log.found() > before }
	if err := p.wait(ctx, func() bool { return found() || len(ended) > 0 }); err != nil || !found() {
		unplug()
		return nil, failed(cmp.Or(err, <-ended, virtualkey.ErrPulled))
	}
	if p.log.inserted(reader) == inserted { // it was there when the daemon first looked
		p.unannounced[reader]++
	}
	return sync.OnceFunc(func() {
		unplug()
		<-ended
		p.wait(context.Background(), func() bool { return p.log.removed(reader) >= nth }) // or it ended
	}), nil
}
