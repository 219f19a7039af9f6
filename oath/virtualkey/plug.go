package virtualkey

import (
	"context"
	"sync"
)

// Plug puts the key into its port: it has power, no applet is selected, nothing
// is unlocked, and the commands of the faults are counted from here. A key that
// was in a port before was pulled out of it first.
func (k *Key) Plug() { k.plugIn() }

// plugIn is Plug. The context ends when the key is out of this port again, which
// pull sees to: of this one, and no other that it may be in by then.
func (k *Key) plugIn() (port context.Context, pull context.CancelFunc) {
	k.Pull()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.deselect()
	k.faults.set(k.faults.list)
	return k.plug.in()
}

// Pull takes the key out of its port. A command under way, be it waiting for a
// touch, ends with [ErrPulled], and so does every one after it until Plug. The
// reader of a key that is served sees it gone at once.
func (k *Key) Pull() { k.plug.out() }

// Plugged says whether the key is in a port.
func (k *Key) Plugged() bool {
	k.plug.mu.Lock()
	defer k.plug.mu.Unlock()
	return k.plug.port.Err() == nil
}

// Reset is a warm reset, or power off and on: no applet is selected, nothing is
// unlocked.
func (k *Key) Reset() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.trace.event("reset")
	k.deselect()
}

// plug is the key's hold in its port.
type plug struct {
	mu   sync.Mutex
	port context.Context // ends when the key is pulled out; nil if never plugged in
	pull context.CancelFunc
}

func (p *plug) in() (port context.Context, pull context.CancelFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.port, p.pull = context.WithCancel(context.Background())
	return p.port, p.pull
}

func (p *plug) out() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pull != nil {
		p.pull()
	}
}

// bind returns a context that ends with the given one, or with [ErrPulled] when
// the key is pulled out. The caller releases it.
func (p *plug) bind(ctx context.Context) (context.Context, context.CancelFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ctx, cancel := context.WithCancelCause(ctx)
	if p.port.Err() != nil {
		cancel(ErrPulled) // now, where AfterFunc would do so soon
	}
	stop := context.AfterFunc(p.port, func() { cancel(ErrPulled) })
	return ctx, func() { stop(); cancel(nil) }
}
