package diagnose

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/tokenctl/tokenctl/oath/pcsc"
)

// defaultSocket is where pcscd listens: pcscd(8).
const defaultSocket = "/run/pcscd/pcscd.comm"

const (
	buildAdvice = "Install gcc and libpcsclite-dev, and build tokenctl with CGO_ENABLED=1."

	silentAdvice = "A key or reader may block it. Unplug it, and restart pcscd:\n" +
		"sudo systemctl restart pcscd"

	logAdvice = "The log of pcscd: journalctl --unit=pcscd"

	containerAdvice = "Let the socket of the host's pcscd in, as with --volume /run/pcscd:/run/pcscd, or run\n" +
		"one here: "
)

// service says why the smart card service cannot be used: of those without a key, it need
// not be.
func (e *examination) service(err error, devices []usbDevice) {
	grade := Fault
	if e.wantsNone(devices) {
		grade = Notice
	}
	switch {
	case errors.Is(err, pcsc.ErrUnavailable):
		e.add(grade, "no-support", "tokenctl was built without smart card support", buildAdvice)
	case errors.Is(err, pcsc.ErrServiceSilent):
		text := "pcscd is there, and does not answer"
		if found, all := e.clients(); len(found) > 0 {
			text += "; it is used by " + describe(found, all)
		}
		e.add(grade, "service-silent", text, silentAdvice+"\n"+logAdvice)
	case errors.Is(err, pcsc.ErrNoPermission):
		e.refused(grade, "pcscd refuses this user: its policy, polkit's, does not let this session use cards")
	case !errors.Is(err, pcsc.ErrNoService):
		e.add(grade, "service", err.Error(), logAdvice)
	case e.OS == "windows":
		e.add(grade, "no-service", "the Smart Card service is not running",
			"Plug in the key, for which Windows starts it. If that does not help, start it as administrator:\nsc start SCardSvr")
	case e.OS == "darwin":
		e.add(grade, "no-service", "the smart card service is not running",
			"Plug in the key, for which macOS starts it. If that does not help, restart the computer.")
	default:
		e.noService(grade)
	}
}

// wantsNone reports whether there is nothing to reach: no key is known here, and USB
// shows none.
func (e *examination) wantsNone(devices []usbDevice) bool {
	_, err := fs.Stat(e.Files, usbDevices)
	return err == nil && len(devices) == 0 && len(e.opener.KnownKeys()) == 0
}

// refused says that a policy keeps this user out. The names of the actions are from
// org.debian.pcsc-lite.policy, which comes with pcscd.
func (e *examination) refused(grade Grade, text string) {
	if e.Remote {
		text += " (it came over SSH)"
	}
	e.add(grade, "policy", text, "Use the computer's own screen and keyboard, or sudo; or let this user in from any\n"+
		"session by a rule. As root, write into /etc/polkit-1/rules.d/50-pcscd.rules:\n"+
		"  polkit.addRule(function(action, subject) {\n"+
		"    if (action.id.indexOf(\"org.debian.pcsc-lite.access_\") == 0 &&\n"+
		fmt.Sprintf("        subject.user == %q) return polkit.Result.YES;\n", e.User)+
		"  });\n"+logAdvice)
}

// noService says why there is no pcscd at the other end of its socket.
func (e *examination) noService(grade Grade) {
	at := fmt.Sprintf("%q", e.Socket)
	elsewhere := ""
	if e.Socket != defaultSocket {
		elsewhere = "\nPCSCLITE_CSOCK_NAME in the environment names that socket, and not the usual one. To\nuse that: unset PCSCLITE_CSOCK_NAME"
	}
	conn, err := net.Dial("unix", e.Socket)
	switch {
	case err == nil:
		conn.Close()
		e.add(grade, "service-strange", "what listens at "+at+" is not a pcscd that libpcsclite understands",
			"After an update of either, restart pcscd: sudo systemctl restart pcscd\n"+logAdvice+elsewhere)
	case errors.Is(err, syscall.EACCES):
		e.add(grade, "socket-permission", fmt.Sprintf("pcscd's socket is not open to this user: %q is closed", e.closed()),
			"By default, its folder has mode 755, and the socket 666. Both are recreated by\n"+e.start()+elsewhere)
	case errors.Is(err, syscall.ECONNREFUSED):
		e.add(grade, "socket-abandoned", "nobody listens at "+at+": pcscd has ended", "Restart it: "+e.start()+elsewhere)
	case !errors.Is(err, fs.ErrNotExist):
		e.add(grade, "socket", fmt.Sprintf("connecting to pcscd: %v", err), logAdvice+elsewhere)
	case e.has(".dockerenv", "run/.containerenv"):
		e.add(grade, "no-socket", "pcscd has no socket in this container, at "+at, containerAdvice+e.start()+elsewhere)
	case !e.has("usr/sbin/pcscd", "usr/bin/pcscd", "usr/local/sbin/pcscd", "run/current-system/sw/bin/pcscd"):
		e.add(grade, "not-installed", "pcscd is not installed", e.install(true)+elsewhere)
	case e.isMasked():
		e.add(grade, "masked", "pcscd is not running: systemd's unit pcscd.socket is masked",
			"sudo systemctl unmask pcscd.socket\nsudo systemctl enable --now pcscd.socket"+elsewhere)
	case e.hasSystemd() && !e.has("etc/systemd/system/sockets.target.wants/pcscd.socket"):
		e.add(grade, "disabled", "pcscd is not running: systemd's unit pcscd.socket is not enabled",
			"sudo systemctl enable --now pcscd.socket"+elsewhere)
	default:
		e.add(grade, "not-running", "pcscd is not running: no socket at "+at, "Start it: "+e.start()+"\n"+logAdvice+elsewhere)
	}
}

// closed returns what does not let this user through on the way to the socket: the
// innermost folder that can be seen, or the socket itself.
func (e *examination) closed() string {
	closed := e.Socket
	for {
		if _, err := os.Lstat(closed); !errors.Is(err, fs.ErrPermission) {
			return closed
		}
		closed = filepath.Dir(closed)
	}
}

// has reports whether there is one of the files, or a link of that name.
func (s System) has(files ...string) bool {
	return slices.ContainsFunc(files, func(file string) bool {
		_, err := fs.Lstat(s.Files, file)
		return err == nil
	})
}

// hasSystemd is sd_booted(3).
func (s System) hasSystemd() bool { return s.has("run/systemd/system") }

// isMasked reports whether the unit is a link to nowhere: systemd.unit(5).
func (s System) isMasked() bool {
	files, canRead := s.Files.(fs.ReadLinkFS)
	if !canRead {
		return false
	}
	return slices.ContainsFunc([]string{"etc", "run"}, func(place string) bool {
		link, err := files.ReadLink(path.Join(place, "systemd/system/pcscd.socket"))
		return err == nil && link == os.DevNull
	})
}

// start returns what starts pcscd here, anew if it runs.
func (s System) start() string {
	switch {
	case s.hasSystemd():
		return "sudo systemctl restart pcscd.socket"
	case s.has("etc/init.d/pcscd"):
		return "sudo service pcscd restart"
	}
	return "sudo pcscd"
}

// packages are what installs pcscd, and what its driver for USB, on the families of
// systems that os-release(5) names.
var packages = []struct{ family, install, pcscd, driver string }{
	{"debian", "sudo apt install", "pcscd", "libccid"},
	{"fedora", "sudo dnf install", "pcsc-lite", "pcsc-lite-ccid"},
	{"arch", "sudo pacman -S", "pcsclite", "ccid"},
	{"suse", "sudo zypper install", "pcsc-lite", "pcsc-ccid"},
	{"alpine", "sudo apk add", "pcsc-lite", "ccid"},
}

// install returns how to install the driver here, and pcscd with it if that is missing.
func (s System) install(isMissing bool) string {
	for line := range strings.Lines(s.text("etc/os-release")) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		for _, p := range packages {
			switch {
			case name != "ID" && name != "ID_LIKE" || !strings.Contains(value, p.family):
			case isMissing:
				return p.install + " " + p.pcscd + " " + p.driver
			default:
				return p.install + " " + p.driver
			}
		}
	}
	return "Install pcsc-lite, which has pcscd, and its driver for CCID (called ccid, or libccid)."
}
