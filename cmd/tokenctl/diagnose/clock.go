package diagnose

import (
	"fmt"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
)

// Behind says of this computer's clock that it is behind the newest day that the ledger
// knows, or that the ledger knows one of the future; "" if neither is so.
func Behind(o *open.Opener) string {
	now := o.Now()
	head, _ := o.LedgerHead()    // what is wrong with it, others report
	const early = 14 * time.Hour // is how much a day begins earlier in other time zones
	if now.Before(head.Newest.Add(-early)) {
		return fmt.Sprintf("clock says %s, and %s has been", now.Format(time.DateOnly), head.Newest.Format(time.DateOnly))
	}
	return ""
}

// maxDrift is how far clocks may be apart: services take a code for a minute or so.
const maxDrift = time.Minute

// clock says whether this computer's clock is right, as far as can be known without a
// network: a service refuses codes that were computed for another time.
func (e *examination) clock(now time.Time) {
	advice := "Set it, or have it kept right, in the system's settings."
	if e.hasSystemd() {
		advice = "See it with timedatectl, and have it kept right, by the network: sudo timedatectl set-ntp true\n" +
			"Without a network, by another clock: sudo timedatectl set-time 'YYYY-MM-DD HH:MM:SS'"
	} else if e.OS == "linux" {
		advice = "Have it kept right, as by chrony, or set it: sudo date --set 'YYYY-MM-DD HH:MM:SS'"
	}
	before := len(e.findings)
	wrong := func(cause, text string) {
		e.add(Fault, cause, "this computer's "+text+"; services refuse the codes of a wrong one", advice)
	}
	const minutes = "2006-01-02 15:04"
	says := "clock says " + now.Format(minutes)
	if text := Behind(e.opener); text != "" {
		wrong("clock-behind", text+": it is wrong, or was")
	} else if last := open.LastWritten(); last.Sub(now) > maxDrift {
		wrong("clock-behind", fmt.Sprintf("%s, and wrote a file at %s: it is wrong, or was", says, last.Local().Format(minutes)))
	}
	if built := e.Built(); now.Before(built) {
		wrong("clock-old", fmt.Sprintf("%s, before this program was made, on %s: it is wrong", says, built.Local().Format(time.DateOnly)))
	}
	hardware, err := strconv.ParseInt(e.line("sys/class/rtc/rtc0/since_epoch"), 10, 64)
	apart := time.Unix(hardware, 0).Sub(now).Abs()
	switch {
	case len(e.findings) > before:
	case !e.Unsynced():
		e.add(Good, "clock", "this computer's "+says+", and nothing here says otherwise", "")
	case err == nil && apart > maxDrift && !e.keepsLocalTime():
		wrong("clock-hardware", fmt.Sprintf("clock and its hardware's are %s apart, and nobody sets them: one is wrong", apart.Round(time.Second)))
	default:
		e.add(Notice, "clock-unsynced", "this computer's clock is not synchronised: codes are refused if it is off by more than a minute", advice)
	}
}

// keepsLocalTime reports whether the hardware's clock shows local time, and not UTC: the
// third line of adjtime_config(5).
func (s System) keepsLocalTime() bool {
	return strings.Contains(s.text("etc/adjtime"), "\nLOCAL")
}

// commitTime returns when the source of this program was committed, or the zero time.
func commitTime() (t time.Time) {
	build, known := debug.ReadBuildInfo()
	if !known {
		return t
	}
	for _, setting := range build.Settings {
		if setting.Key == "vcs.time" {
			t, _ = time.Parse(time.RFC3339, setting.Value)
		}
	}
	return t
}
