//go:build unix && !darwin

package capture

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// FindPlace returns where a person would look for what is copied: over SSH, where their
// terminal is, unless their display came along; else on the desktop. It returns
// ErrNoClipboard or ErrNoCopy.
func FindPlace() (Place, error) {
	display, isDumb := os.Getenv("DISPLAY"), os.Getenv("TERM") == "linux" || os.Getenv("TERM") == "dumb"
	isRemote := os.Getenv("SSH_CONNECTION") != "" && !strings.HasPrefix(display, "localhost:")
	hasDesktop := display != "" || os.Getenv("WAYLAND_DISPLAY") != "" || isWSL()
	switch {
	case (isRemote || !hasDesktop) && !isDumb && os.Getenv("TERM") != "":
		return Terminal, nil
	case !hasDesktop:
		return 0, ErrNoClipboard
	case os.Getenv("WAYLAND_DISPLAY") != "" && !isWSL():
		if _, err := exec.LookPath("wl-copy"); err != nil {
			return 0, ErrNoCopy
		}
	}
	return Desktop, nil
}

// isWSL reports whether this is Linux on Windows, whose clipboard Windows keeps a history
// of, and can be asked not to.
func isWSL() bool {
	_, err := exec.LookPath("powershell.exe")
	return os.Getenv("WSL_DISTRO_NAME") != "" && err == nil
}

// detach lets a program continue when its terminal closes, without keeping a file system from
// being unmounted.
func detach(c *exec.Cmd) {
	c.Dir = "/"
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
}

// A holder holds the clipboard.
type holder struct {
	ctx context.Context
	x11 *x11 // nil where another program does it
}

func newHolder(ctx context.Context) (h holder, err error) {
	h.ctx = ctx
	if !isWSL() && os.Getenv("WAYLAND_DISPLAY") == "" {
		h.x11, err = connectX11(ctx)
	}
	return h, err
}

func (h holder) hold(text []byte, clearAfter time.Duration, held func()) error {
	switch {
	case h.x11 != nil:
		return h.x11.hold(text, func() {
			held()
			time.AfterFunc(clearAfter, h.x11.Close)
		})
	case isWSL():
		return holdByPowershell(h.ctx, text, clearAfter, held)
	}
	return holdByWlCopy(h.ctx, text, clearAfter, held)
}

// hint is the media type by which KDE's clipboard manager knows a password, as do others,
// and hintValue what it then holds (KDE's Klipper, "x-kde-passwordManagerHint").
const (
	hint      = "x-kde-passwordManagerHint"
	hintValue = "secret"
)

// hold owns the clipboard until another program does, or the connection is closed; then
// the server clears it (ICCCM, "Responsibilities of the Selection Owner").
func (x *x11) hold(text []byte, held func()) error {
	defer x.Close()
	window, err := x.newWindow()
	if err != nil {
		return err
	}
	names := []string{"CLIPBOARD", "TARGETS", hint, "UTF8_STRING", "STRING", "TEXT", "text/plain", "text/plain;charset=utf-8"}
	atoms, err := x.atoms(names...)
	if err != nil {
		return err
	}
	clipboard, targets, texts := atoms[0], atoms[1], atoms[3:]
	xproto.ChangeProperty(x.Conn, xproto.PropModeAppend, window, atoms[2], xproto.AtomString, 8, 0, nil)
	var now xproto.Timestamp // the server's
	err = x.await(func(event xgb.Event) bool {
		change, ok := event.(xproto.PropertyNotifyEvent)
		now = change.Time
		return ok
	})
	if err != nil {
		return err
	}
	xproto.SetSelectionOwner(x.Conn, window, clipboard, now)
	owner, err := xproto.GetSelectionOwner(x.Conn, clipboard).Reply()
	if err != nil {
		return x.failed(err)
	}
	if owner.Owner != window {
		return errors.New("another program has the clipboard")
	}
	held()
	for {
		event, err := x.WaitForEvent()
		request, isRequest := event.(xproto.SelectionRequestEvent)
		_, isLost := event.(xproto.SelectionClearEvent)
		switch {
		case isLost || event == nil && err == nil: // or the connection is closed
			return nil
		case !isRequest: // or an error, as of a window that is gone
			continue
		}
		property := request.Property
		if property == xproto.AtomNone {
			property = request.Target // as clients before ICCCM 1.0 have it
		}
		put := func(kind xproto.Atom, format byte, n int, data []byte) {
			xproto.ChangeProperty(x.Conn, xproto.PropModeReplace, request.Requestor, property, kind, format, uint32(n), data)
		}
		switch target := request.Target; {
		case target == targets:
			var list []byte
			for _, atom := range atoms[1:] {
				list = append(list, byte(atom), byte(atom>>8), byte(atom>>16), byte(atom>>24)) // xgb's byte order
			}
			put(xproto.AtomAtom, 32, len(atoms)-1, list)
		case target == atoms[2]:
			put(target, 8, len(hintValue), []byte(hintValue))
		case slices.Contains(texts, target):
			if target == atoms[5] { // TEXT leaves the encoding to the owner
				target = atoms[3]
			}
			put(target, 8, len(text), text)
		default:
			property = xproto.AtomNone
		}
		answer := xproto.SelectionNotifyEvent{
			Time: request.Time, Requestor: request.Requestor, Selection: clipboard, Target: request.Target, Property: property,
		}
		xproto.SendEvent(x.Conn, false, request.Requestor, 0, string(answer.Bytes()))
	}
}

// holdByWlCopy has wl-copy own the clipboard, and clears it if wl-copy still does: it ends
// when another program copies something. Newer ones can mark what is sensitive.
func holdByWlCopy(ctx context.Context, text []byte, clearAfter time.Duration, held func()) error {
	const name = "wl-copy"
	args := []string{"--foreground", "--type", "text/plain"}
	if help, err := output(ctx, name, "--help"); err == nil && strings.Contains(string(help), "--sensitive") {
		args = append(args, "--sensitive")
	}
	c := exec.Command(name, args...)
	c.Stdin = strings.NewReader(string(text))
	var complaint bounded
	c.Stderr = &complaint
	if err := c.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	over, release := context.WithCancel(ctx)
	defer release()
	looks := time.NewTicker(showsAfter)
	defer looks.Stop()
	for {
		select {
		case err := <-ended:
			if err != nil {
				return complained(name, err, complaint)
			}
			return nil
		case <-over.Done(): // it removes its own file only if it is made to release the clipboard
			if err := exec.Command(name, "--clear").Run(); err != nil {
				c.Process.Kill()
			}
			<-ended
			return nil
		case <-looks.C:
			if there, err := output(ctx, "wl-paste", "--no-newline"); err == nil && string(there) == string(text) {
				looks.Stop()
				held()
				time.AfterFunc(clearAfter, release)
			}
		}
	}
}

// showsAfter is how long wl-copy may take to own the clipboard, before it is looked at again.
const showsAfter = 20 * time.Millisecond
