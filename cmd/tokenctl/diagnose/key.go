package diagnose

import (
	"errors"
	"fmt"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/keys"
	"github.com/tokenctl/tokenctl/oath/pcsc"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

// reader says what is in a reader, and how the key is.
func (e *examination) reader(f *keys.Finder, r pcsc.Reader) {
	if !r.Present {
		e.add(Notice, "no-card", fmt.Sprintf("reader %q: no card in it", r.Name), "Lay the key on it, or insert it.")
		return
	}
	if i := f.Inspect(r.Name, e.opener.UnlockRemembered); i.Err != nil {
		e.unusable(i, r)
	} else {
		e.key(i)
	}
}

// unusable says why the key in a reader cannot be used.
func (e *examination) unusable(i keys.Info, r pcsc.Reader) {
	name := fmt.Sprintf("the key in %q", r.Name)
	if i.Device.Serial != 0 {
		name = keys.Key{Serial: i.Device.Serial}.Name()
	}
	const again = "Unplug it, and plug it in again; if that does not help, into another port."
	switch is := func(target error) bool { return errors.Is(i.Err, target) }; {
	case is(pcsc.ErrBusy):
		e.busy(name, r)
	case is(pcsc.ErrNoPermission):
		e.refused(Fault, name+": pcscd's policy, polkit's, does not let this session use it")
	case is(pcsc.ErrMute):
		e.add(Fault, "mute", name+" does not answer when switched on", again+" A card may lie the wrong way up.")
	case is(oath.ErrSilent):
		e.add(Fault, "silent", name+" answers no command", again+" If this persists, the key or its\nreader is broken, or hostile.")
	case is(ykoath.ErrUnproven):
		e.add(Fault, "unproven", name+" could not prove that it knows its password: it may be a false one",
			"Do not give it the password. If it is yours, and the password short, set a new one:\ntokenctl password set")
	case is(pcsc.ErrRemoved), is(pcsc.ErrNoCard), is(pcsc.ErrNoReader):
		e.add(Notice, "removed", name+" was pulled out just now", "")
	case is(ykoath.ErrNoApplet) && i.Device.NoOATH:
		e.add(Fault, "oath-off", fmt.Sprintf("%s (%s): OATH is switched off over USB", name, i.Device.Model()),
			fmt.Sprintf("ykman --device %d config usb --enable OATH", i.Device.Serial))
	case is(ykoath.ErrNoApplet) && i.Device.NoOATHNFC:
		e.add(Fault, "oath-off-nfc", fmt.Sprintf("%s (%s): OATH is switched off over NFC", name, i.Device.Model()),
			fmt.Sprintf("To use it that way, plug it in, or switch OATH on:\nykman --device %d config nfc --enable OATH", i.Device.Serial))
	case is(ykoath.ErrNoApplet) && i.Device.Serial != 0:
		e.add(Fault, "no-applet", fmt.Sprintf("%s (%s, firmware %s) has no OATH applet", name, i.Device.Model(), i.Device.Version), "It may be a model without one.")
	case is(ykoath.ErrNoApplet):
		e.add(Notice, "other-card", fmt.Sprintf("reader %q: the card in it is of another kind, without OATH (ATR %X)", r.Name, r.ATR), "")
	default:
		e.add(Fault, "key", fmt.Sprintf("%s: %v", name, i.Err), again)
	}
}

// busy says who may hold a key. PC/SC itself does not: of those who are connected to it,
// any may.
func (e *examination) busy(name string, r pcsc.Reader) {
	cause, text, advice := "held", name+": another program holds it", ""
	found, all := e.clients()
	if e.opener.TouchAwaited(r.Name) > 0 {
		cause, text = "touch", name+" waits for a touch, as far as is known: an earlier command asked for one"
		advice = "Touch it, or wait for half a minute: it then gives up."
	} else {
		advice = adviceOn(found, all)
	}
	if len(found) > 0 || cause == "held" && !all {
		text += "; connected to pcscd: " + describe(found, all)
	}
	e.add(Fault, cause, text, advice)
}

// key says what a key is that can be used, and what is known to be wrong with its like.
func (e *examination) key(i keys.Info) {
	name := keys.Key{Serial: i.Device.Serial, Reader: i.Reader}.Name()
	text := name + ": "
	if i.Device.Serial != 0 {
		text += i.Device.Model() + ", "
	}
	text += "firmware " + i.Firmware + ", OATH on"
	switch {
	case i.Used == nil:
		text += ", behind its password"
	case i.Capacity != 0:
		text += fmt.Sprintf(", %d of %s", *i.Used, term.Count(i.Capacity, "account"))
	default:
		text += ", " + term.Count(*i.Used, "account")
	}
	e.add(Good, "key", text, "")
	if i.Used == nil && !open.HasKeyring() {
		e.add(Notice, "no-keyring", name+": no keyring can be reached to remember its password",
			"It is asked for each time. In a desktop's session: tokenctl password remember")
	}
	v := i.Device.Version
	if i.Device.Serial != 0 && v.PrefixBug() {
		e.add(Notice, "firmware", fmt.Sprintf("%s: firmware %s stores a new account over another whose name begins with the new one", name, v),
			"tokenctl refuses to enroll it then. Other programs may not: enroll with tokenctl.")
	}
}
