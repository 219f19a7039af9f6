//go:build unix && !darwin

package capture

import (
	"context"
	"fmt"
	"image"
	_ "image/jpeg" // register the formats of screenshots
	_ "image/png"
	"io"
	"net/url"
	"os"
	"path/filepath"

	"github.com/godbus/dbus/v5"
	"golang.org/x/sys/unix"
)

// portalScreen asks the desktop for a screenshot, by the portal that all Wayland desktops
// have (XDG Desktop Portal, "org.freedesktop.portal.Screenshot"). The desktop may ask the
// person, for as long as that takes.
func portalScreen(ctx context.Context) ([]byte, error) {
	const portal, request = "org.freedesktop.portal.Desktop", "org.freedesktop.portal.Request"
	bus, err := dbus.ConnectSessionBus(dbus.WithContext(ctx))
	if err != nil {
		return nil, fmt.Errorf("%w: connecting to the session's bus: %w", ErrScreen, err)
	}
	defer bus.Close()
	answers := make(chan *dbus.Signal, 16)
	bus.Signal(answers)
	err = bus.AddMatchSignalContext(ctx, dbus.WithMatchSender(portal), dbus.WithMatchInterface(request), dbus.WithMatchMember("Response"))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrScreen, err)
	}
	var handle dbus.ObjectPath
	err = bus.Object(portal, "/org/freedesktop/portal/desktop").CallWithContext(ctx,
		"org.freedesktop.portal.Screenshot.Screenshot", 0, "", map[string]dbus.Variant{}).Store(&handle)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrScreen, err)
	}
	for {
		var answer *dbus.Signal
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case answer = <-answers:
		}
		if answer == nil {
			return nil, fmt.Errorf("%w: the session's bus is gone", ErrScreen)
		}
		if answer.Path != handle || answer.Name != request+".Response" {
			continue
		}
		var status uint32 // 0, or 1 if the person declined
		var results map[string]dbus.Variant
		if err := dbus.Store(answer.Body, &status, &results); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrScreen, err)
		}
		uri, _ := results["uri"].Value().(string)
		switch status {
		case 0:
			return takeScreenshot(uri)
		case 1:
			return nil, fmt.Errorf("%w: it was declined", ErrScreen)
		}
		return nil, fmt.Errorf("%w: status %d", ErrScreen, status)
	}
}

// takeScreenshot reads the file that the portal left, and deletes it, for it shows the
// secret. What is not a picture is left alone.
func takeScreenshot(uri string) (data []byte, err error) {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "file" || u.Host != "" || !filepath.IsAbs(u.Path) {
		return nil, fmt.Errorf("%w: it is not in a file", ErrScreen)
	}
	file, err := os.OpenFile(u.Path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrScreen, err)
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: not a regular file", ErrScreen)
	}
	if _, _, err := image.DecodeConfig(file); err != nil {
		return nil, fmt.Errorf("%w: not a picture", ErrScreen)
	}
	if err := os.Remove(u.Path); err != nil {
		return nil, fmt.Errorf("the screenshot shows the secret, and was not deleted: %w", err)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrScreen, err)
	}
	data, err = io.ReadAll(io.LimitReader(file, MaxSize+1))
	if err == nil && len(data) > MaxSize {
		err = ErrTooLarge
	}
	return data, err
}
