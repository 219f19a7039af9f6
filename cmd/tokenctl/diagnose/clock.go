package diagnose

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

// A Clock is this computer's clock, and what else shows the time, without a network.
type Clock struct {
	Now      time.Time
	Unsynced bool      // nobody keeps it right
	Newest   time.Time // the newest day that the ledger knows
	Written  time.Time // when this computer last wrote a file of tokenctl's
	Built    time.Time // when this program's source was committed
}

// Behind says of this computer's clock that it is behind, or that Newest is of the
// future; "" if not.
func (c Clock) Behind() string {
	const early = 14 * time.Hour // is how much a day begins earlier in other time zones
	if c.Now.Before(c.Newest.Add(-early)) {
		return fmt.Sprintf("clock says %s, and %s has been", c.Now.Format(time.DateOnly), c.Newest.Format(time.DateOnly))
	}
	return ""
}

// maxDrift is how far clocks may be apart: services take a code for a minute or so.
const maxDrift = time.Minute

// Clock says whether the clock is right, as far as can be known: a service refuses codes
// that were computed for another time.
func (s System) Clock(c Clock) (findings []Finding) {
	advice := "Set it, or have it kept right, in the system's settings."
	if s.hasSystemd() {
		advice = "See it with timedatectl, and have it kept right, by the network: sudo timedatectl set-ntp true\n" +
			"Without a network, by another clock: sudo timedatectl set-time 'YYYY-MM-DD HH:MM:SS'"
	} else if s.OS == "linux" {
		advice = "Have it kept right, as by chrony, or set it: sudo date --set 'YYYY-MM-DD HH:MM:SS'"
	}
	wrong := func(cause, text string) {
		findings = append(findings, Finding{Fault, cause, "this computer's " + text + "; services refuse the codes of a wrong one", advice})
	}
	const minutes = "2006-01-02 15:04"
	now := c.Now.Format(minutes)
	if text := c.Behind(); text != "" {
		wrong("clock-behind", text+": it is wrong, or was")
	} else if c.Written.Sub(c.Now) > maxDrift {
		wrong("clock-behind", fmt.Sprintf("clock says %s, and wrote a file at %s: it is wrong, or was", now, c.Written.Local().Format(minutes)))
	}
	if c.Now.Before(c.Built) {
		wrong("clock-old", fmt.Sprintf("clock says %s, before this program was made, on %s: it is wrong", now, c.Built.Local().Format(time.DateOnly)))
	}
	if len(findings) > 0 {
		return findings
	}
	if !c.Unsynced {
		return []Finding{{Good, "clock", "this computer's clock says " + now + ", and nothing here says otherwise", ""}}
	}
	if hardware, err := strconv.ParseInt(s.line("sys/class/rtc/rtc0/since_epoch"), 10, 64); err == nil {
		if apart := time.Unix(hardware, 0).Sub(c.Now).Abs(); apart > maxDrift && !s.keepsLocalTime() {
			wrong("clock-hardware", fmt.Sprintf("clock and its hardware's are %s apart, and nobody sets them: one is wrong", apart.Round(time.Second)))
			return findings
		}
	}
	return append(findings, Finding{Notice, "clock-unsynced", "this computer's clock is not synchronised: codes are refused if it is off by more than a minute", advice})
}

// keepsLocalTime reports whether the hardware's clock shows local time, and not UTC: the
// third line of adjtime_config(5).
func (s System) keepsLocalTime() bool {
	text, _ := fs.ReadFile(s.Files, "etc/adjtime")
	return strings.Contains(string(text), "\nLOCAL")
}
