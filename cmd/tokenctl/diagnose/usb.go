package diagnose

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/tokenctl/tokenctl/oath/pcsc"
)

// usbDevices is the folder of what is plugged in, as Linux shows it: a folder for each
// device and each of its interfaces. Source: Documentation/ABI/testing/sysfs-bus-usb and
// sysfs-devices of the kernel.
const usbDevices = "sys/bus/usb/devices"

// maxDevices bounds how many devices and interfaces are looked at.
const maxDevices = 4096

// A usbDevice is a device that is or may be a key: a reader with a card in it, or a YubiKey.
type usbDevice struct {
	product string // its name alone
	yubico  bool   // it is a YubiKey, or a Security Key
	node    string // its file, as in /dev/bus/usb/001/004
	ccid    bool   // it has an interface for smart cards
	claimed bool   // a program has taken that for itself
	old     bool   // a YubiKey before the 5 series
	blocked bool   // the system does not let it do anything, and shows no interfaces
}

const (
	yubico    = "1050" // idVendor, from http://www.linux-usb.org/usb.ids
	ccidClass = "0b"   // bInterfaceClass of smart card readers, from usb.org's list of classes
)

// usbKeys returns the devices on USB that may be keys.
func (s System) usbKeys() (found []usbDevice) {
	names := s.list(usbDevices, maxDevices)
	slices.Sort(names)
	for _, name := range names {
		if strings.Contains(name, ":") { // an interface
			continue
		}
		attribute := func(file string) string { return s.line(path.Join(usbDevices, name, file)) }
		d := usbDevice{product: cmp.Or(attribute("product"), "a device without a name")}
		bus, _ := strconv.Atoi(attribute("busnum"))
		number, _ := strconv.Atoi(attribute("devnum"))
		d.node = fmt.Sprintf("/dev/bus/usb/%03d/%03d", bus, number)
		d.blocked = attribute("authorized") == "0"
		firmware := attribute("bcdDevice") // two digits and two
		d.old = firmware != "" && firmware < "0500"
		for _, part := range names {
			if !strings.HasPrefix(part, name+":") || s.line(path.Join(usbDevices, part, "bInterfaceClass")) != ccidClass {
				continue
			}
			d.ccid = true
			_, err := fs.Stat(s.Files, path.Join(usbDevices, part, "driver"))
			d.claimed = d.claimed || err == nil
		}
		if d.yubico = attribute("idVendor") == yubico; d.ccid || d.yubico {
			found = append(found, d)
		}
	}
	return found
}

// usb says which keys USB shows and pcscd does not.
func (e *examination) usb(devices []usbDevice, readers []pcsc.Reader) {
	var named []string // readers that are not found on USB so far
	for _, r := range readers {
		named = append(named, strings.ToLower(r.Name))
	}
	card := 0 // devices that should have a reader
	for _, d := range devices {
		if d.ccid {
			card++
		}
	}
	for _, d := range devices {
		if !d.ccid {
			e.withoutCCID(d)
			continue
		}
		i := slices.IndexFunc(named, func(name string) bool { return strings.Contains(name, strings.ToLower(d.product)) })
		if i >= 0 {
			named = slices.Delete(named, i, i+1)
			continue
		}
		e.withoutReader(d, card > len(readers))
	}
}

// withoutCCID says why a YubiKey shows no smart card on USB: it is kept from it,
// Management has all applets off that need one, or it has none.
func (e *examination) withoutCCID(d usbDevice) {
	name := fmt.Sprintf("%q on USB", d.product)
	switch {
	case d.blocked:
		e.add(Fault, "usb-blocked", name+" is blocked, as by USBGuard",
			"See its number, and let it in with: sudo usbguard allow-device NUMBER\nsudo usbguard list-devices --blocked")
	case strings.Contains(strings.ToLower(d.product), "security key"):
		e.add(Notice, "no-oath", name+" is a Security Key: these do FIDO alone, and hold no accounts", "It takes a YubiKey, of the 5 series for example.")
	case d.old:
		e.add(Fault, "ccid-off", name+" has its smart card interface (CCID) switched off",
			"Switch it on, plug it in again, and look again:\nykman config mode OTP+FIDO+CCID")
	default:
		e.add(Fault, "ccid-off", name+" has its smart card interface (CCID) switched off, as no applet is on that needs it",
			"Switch OATH on, plug it in again, and look again:\nykman config usb --enable OATH")
	}
}

// withoutReader says why a key with a smart card interface is no reader of pcscd. That it
// is none follows from names, which may differ; missing says that the numbers do.
func (e *examination) withoutReader(d usbDevice, missing bool) {
	name := fmt.Sprintf("%q is on USB, and no reader of pcscd", d.product)
	grade := Fault
	if isReached := func(f Finding) bool { return f.Cause == "key" && f.Grade == Good }; !d.yubico && slices.ContainsFunc(e.findings, isReached) {
		grade = Notice // it may be the computer's own reader
	}
	holders, seen := e.openers([]string{d.node})
	byPCSCD := func(p process) bool { return p.name == "pcscd" }
	switch {
	case slices.ContainsFunc(holders, byPCSCD) || d.claimed && len(holders) == 0 && !missing:
		return // under another name
	case d.claimed:
		e.add(grade, "usb-held", name+": it is held directly by "+describe(holders, seen[d.node]), adviceOn(holders, seen[d.node]))
	case !e.hasDriver():
		e.add(grade, "no-driver", name+": the driver for it (CCID) is not installed", e.install(false)+"\nThen restart pcscd: "+e.start())
	default:
		advice := "Unplug it, plug it in again, and restart pcscd: " + e.start()
		if len(e.match("lib/udev/rules.d/*ccid*", "usr/lib/udev/rules.d/*ccid*", "etc/udev/rules.d/*ccid*")) == 0 {
			advice += "\nudev has no rule that lets pcscd at it, which comes with the driver: " + e.install(false)
		}
		e.add(grade, "no-reader", name+", which did not take it", advice+"\n"+logAdvice)
	}
}

// hasDriver reports whether the driver for USB readers is there, where distributions put it.
func (s System) hasDriver() bool {
	return len(s.match("usr/lib*/pcsc/drivers/ifd-ccid.bundle", "usr/lib/*/pcsc/drivers/ifd-ccid.bundle",
		"usr/local/lib*/pcsc/drivers/ifd-ccid.bundle", "var/lib/pcsc/drivers/ifd-ccid.bundle")) > 0
}

// match returns the files of these names, as in fs.Glob.
func (s System) match(patterns ...string) (found []string) {
	for _, pattern := range patterns {
		files, _ := fs.Glob(s.Files, pattern)
		found = append(found, files...)
	}
	return found
}
