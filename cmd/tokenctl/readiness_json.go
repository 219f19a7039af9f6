package main

import (
	"slices"

	"github.com/tokenctl/tokenctl/backup/recovery"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/diagnose"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/keys"
)

// doctorJSON is what doctor found, as other programs read it; docs/json.md describes it.
type doctorJSON struct {
	Reach    []reachJSON    `json:"reach"`
	Keys     []knownKeyJSON `json:"keys"`
	Accounts []standingJSON `json:"accounts"`
	Losses   []lossJSON     `json:"losses"`
	Risks    []riskJSON     `json:"risks"`
	Unlooked []string       `json:"not_looked_at"`
}

type reachJSON struct {
	Grade  string `json:"grade"` // "ok", "note" or "fault"
	Cause  string `json:"cause"`
	Text   string `json:"text"`
	Advice string `json:"advice,omitempty"`
}

type knownKeyJSON struct {
	Serial   uint32   `json:"serial"`
	Seen     string   `json:"seen"`             // YYYY-MM-DD, as all days
	Listed   string   `json:"listed,omitempty"` // when its accounts were seen last
	Lost     string   `json:"lost,omitempty"`
	Plugged  bool     `json:"plugged_in"`
	Accounts []idJSON `json:"accounts"`
}

// standingJSON is an account with the ways into it.
type standingJSON struct {
	idJSON
	Ways     []wayJSON `json:"ways"`
	LostWith []string  `json:"lost_with"`           // things, each alone
	LostKeys []uint32  `json:"lost_keys,omitempty"` // that its service trusts still
}

type wayJSON struct {
	Kind    string   `json:"kind"` // "key", "vault", "sheet" or "codes"
	Serial  uint32   `json:"serial,omitempty"`
	Sheet   int      `json:"sheet,omitempty"`
	Codes   int      `json:"codes,omitempty"`
	Needs   []string `json:"needs"`          // things
	Seen    string   `json:"seen,omitempty"` // YYYY-MM-DD
	Counted bool     `json:"counted"`        // false for paper that nobody has read back
}

type lossJSON struct {
	Thing    string   `json:"thing"`
	LocksOut []idJSON `json:"locks_out"`
}

type riskJSON struct {
	Name     string   `json:"name"`
	Text     string   `json:"text"`
	Command  string   `json:"command"`
	Accounts []idJSON `json:"accounts,omitempty"`
	Accepted string   `json:"accepted,omitempty"` // YYYY-MM-DD
}

func (s *standing) describe(findings []diagnose.Finding) doctorJSON {
	j := doctorJSON{
		Reach: mapSlice(findings, func(f diagnose.Finding) reachJSON {
			return reachJSON{f.Grade.String(), f.Cause, f.Text, f.Advice}
		}),
		Losses:   mapSlice(s.Losses, func(l recovery.Loss) lossJSON { return lossJSON{l.Thing.String(), mapSlice(l.LocksOut, describeID)} }),
		Unlooked: append([]string{}, s.unlooked...),
	}
	for _, k := range s.Ledger.Keys {
		plugged := slices.ContainsFunc(s.plugged, func(i keys.Info) bool { return i.Device.Serial == k.Serial })
		j.Keys = append(j.Keys, knownKeyJSON{
			k.Serial, k.Seen.String(), k.Listed.String(), k.Lost.String(), plugged, mapSlice(k.IDs(), describeID),
		})
	}
	j.Accounts = mapSlice(s.Accounts, s.describeStanding)
	j.Risks = mapSlice(s.Risks, func(r recovery.Risk) riskJSON {
		what, remedy := s.wordsOf(r)
		return riskJSON{r.Name(), what, remedy, mapSlice(r.Accounts, describeID), r.Accepted.String()}
	})
	return j
}

func (s *standing) describeStanding(a recovery.Account) standingJSON {
	return standingJSON{describeID(a.ID), mapSlice(a.Ways, func(w recovery.Way) wayJSON {
		return wayJSON{string(w.Kind), w.Serial, w.Sheet, w.Codes, mapSlice(w.Needs, recovery.Thing.String), w.Seen.String(), !w.Unproved}
	}), s.lostWith(a.ID), a.Lost}
}

// lostWith names the things whose loss alone locks out of an account.
func (s *standing) lostWith(id oath.ID) []string {
	things := []string{}
	for _, l := range s.Losses {
		if slices.Contains(l.LocksOut, id) {
			things = append(things, l.Thing.String())
		}
	}
	return things
}
