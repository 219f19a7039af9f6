//go:build unix && !darwin

package open

import (
	"context"
	"time"

	"github.com/godbus/dbus/v5"
)

// closeTime is how long a desktop may take once a notification is not needed any more.
const closeTime = 500 * time.Millisecond

// notify shows a notification of the desktop, if there is one, until the context is done
// (Desktop Notifications Specification 1.2, "Basic Design").
func notify(ctx context.Context, summary string) {
	if !HasKeyring() { // which is on the same bus
		return
	}
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	context.AfterFunc(ctx, func() { time.AfterFunc(closeTime, end) })
	bus, err := dbus.ConnectSessionBus(dbus.WithContext(life))
	if err != nil {
		return
	}
	defer bus.Close()
	const name = "org.freedesktop.Notifications"
	desktop := bus.Object(name, "/org/freedesktop/Notifications")
	hints := map[string]dbus.Variant{"urgency": dbus.MakeVariant(byte(1)), "transient": dbus.MakeVariant(true)}
	var id uint32
	err = desktop.CallWithContext(life, name+".Notify", 0,
		"tokenctl", uint32(0), "", summary, "", []string{}, hints, int32(maxTouch.Milliseconds())).Store(&id)
	if err != nil {
		return
	}
	<-ctx.Done()
	desktop.CallWithContext(life, name+".CloseNotification", 0, id)
}
