package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/backup/recovery"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/keys"
	"github.com/tokenctl/tokenctl/oath/vault"
)

// A standing is how the person at this computer stands, with what it is known from.
type standing struct {
	recovery.Readiness
	recovery.Facts
	plugged  []keys.Info
	git      bool     // the vault is in a repository
	unlooked []string // what was not looked at, with why
	noKey    error    // why no key could be reached, if some could be there
	failures error    // of what else should have been looked at
}

// readiness looks at what is at hand, without asking for anything, and adds what the
// ledger knows of the rest. Keys that are known to be out of reach it leaves alone.
func (p *program) readiness(ctx context.Context, unreachable bool) (*standing, error) {
	s := new(standing)
	if unreachable {
		s.unlooked = append(s.unlooked, "keys, since not all can be reached")
	} else if s.plugged, s.noKey = p.open.Inspect(ctx, open.KeyOptions{}); open.IsAbsence(s.noKey) {
		s.noKey = nil
	}
	for _, k := range s.plugged {
		name := (&keys.Key{Serial: k.Device.Serial, Reader: k.Reader}).Name()
		switch {
		case k.Err != nil:
			s.unlooked = append(s.unlooked, name+": "+k.Problem())
		case k.Used == nil:
			s.unlooked = append(s.unlooked, name+": its password is not remembered")
		}
	}
	v, err := p.open.Vault(ctx, open.VaultOptions{})
	switch {
	case errors.Is(err, vault.ErrNoVault):
	case err != nil:
		s.failures = errors.Join(s.failures, err)
	default:
		defer v.Close()
		if err := p.lookIntoVault(ctx, s, v); err != nil {
			s.failures = errors.Join(s.failures, err)
		}
	}
	if err := p.open.Remember(); err != nil {
		p.Note("tokenctl: %v", err)
	}
	known, err := p.open.Store(ctx, open.VaultOptions{None: true})
	if err != nil {
		return nil, err
	}
	s.failures = errors.Join(s.failures, known.Damaged)
	s.Ledger, s.Services, s.Now = known.Ledger, known.Service, p.Now()
	for _, k := range s.Ledger.Keys {
		if k.Password && k.ID != "" {
			if _, found := open.RecallAccessKey(k.ID); found {
				s.Keyring = append(s.Keyring, k.Serial)
			}
		}
	}
	s.Readiness = recovery.Assess(s.Facts)
	if notice := (ledger.Notice{Risks: len(s.Open()), Found: backup.Date(backup.Day(s.Now))}); known.Damaged == nil &&
		(notice.Risks != s.Ledger.Notice.Risks || notice.Risks > 0 && notice.Found != s.Ledger.Notice.Found) {
		p.open.Happened(func(l *ledger.Ledger) { l.Notice = notice })
	}
	return s, nil
}

// lookIntoVault adds what the vault shows while it is locked, and whether the PIN that
// everybody knows opens it.
func (p *program) lookIntoVault(ctx context.Context, s *standing, v *open.Vault) error {
	status, err := v.Status()
	if err != nil && !errors.Is(err, vault.ErrDamaged) {
		return err
	}
	accounts, unlisted := v.List()
	codes, uncoded := v.ListBackupCodes()
	remote, pushed, ungit := v.Pushed()
	s.git = status.Git
	s.Vault = &recovery.LockedVault{
		Accounts: mapSlice(accounts, oath.Account.ID), Codes: mapSlice(codes, oath.Account.ID),
		PublicKey: v.Known().Recipients, Seen: p.Now(), Remote: remote, Pushed: pushed,
	}
	for _, w := range status.Ways {
		if w.IsPassphrase() {
			s.Vault.Passphrase = true
		} else {
			s.Vault.Keys = append(s.Vault.Keys, w.Serial)
		}
	}
	if len(s.Vault.Keys) > 0 {
		err = errors.Join(err, p.open.LookAtPINs(ctx, s.plugged, s.Vault.Keys))
	}
	return errors.Join(err, unlisted, uncoded, ungit)
}

// overview has a row for each kind of thing that there are ways in by.
func (s *standing) overview() [][]string {
	rows := [][]string{{"accounts", fmt.Sprint(len(s.Accounts))}}
	kept := slices.DeleteFunc(slices.Clone(s.Ledger.Keys), func(k ledger.Key) bool { return !k.Lost.IsZero() })
	const maxKeys = 6 // that a screen has room for
	for _, k := range kept[:min(len(kept), maxKeys)] {
		has := term.Count(len(k.Opens()), "account")
		if k.Listed.IsZero() && len(k.Accounts) == 0 {
			has = "what is on it is not known"
		}
		seen := "plugged in"
		if !slices.ContainsFunc(s.plugged, func(i keys.Info) bool { return i.Device.Serial == k.Serial }) {
			seen = "last seen " + ago(k.Seen, s.Now)
		}
		rows = append(rows, []string{k.Name(), has + ", " + seen})
	}
	switch more := len(kept) - maxKeys; {
	case len(kept) == 0:
		rows = append(rows, []string{"keys", "none is known"})
	case more > 0:
		rows = append(rows, []string{"keys", term.Count(more, "more key")})
	}
	return append(rows, []string{"vault", s.vaultLine()}, []string{"paper", s.paperLine()}, []string{"codes", s.codesLine()})
}

func (s *standing) vaultLine() string {
	if s.Vault == nil {
		return "none"
	}
	var openers []string
	if s.Vault.Passphrase {
		openers = append(openers, "passphrase")
	}
	if n := len(s.Vault.Keys); n > 0 {
		openers = append(openers, term.Count(n, "key"))
	}
	isPaper := func(h ledger.Sheet) bool {
		return !h.Verified.IsZero() && h.VaultKey == ledger.Fingerprint(s.Vault.PublicKey)
	}
	if slices.ContainsFunc(s.Ledger.Sheets, isPaper) {
		openers = append(openers, "paper")
	}
	opened := "opened by nothing that is known"
	if len(openers) > 0 {
		opened = "opened by " + term.List(openers)
	}
	copied := "no copy elsewhere"
	switch {
	case s.Vault.Pushed:
		copied = "pushed"
	case s.Vault.Remote != "":
		copied = "not pushed"
	}
	return fmt.Sprintf("%s, %s, %s", term.Count(len(s.Vault.Accounts), "account"), opened, copied)
}

// paperLine says how many accounts are on paper, checked or not.
func (s *standing) paperLine() string {
	last := s.Ledger.LastSheet()
	if last == nil {
		return "none"
	}
	checked, unchecked := 0, 0
	for _, a := range s.Accounts {
		onPaper := func(proved bool) bool {
			return slices.ContainsFunc(a.Ways, func(w recovery.Way) bool { return w.Kind == recovery.BySheet && w.Unproved != proved })
		}
		switch {
		case onPaper(true):
			checked++
		case onPaper(false):
			unchecked++
		}
	}
	line := term.Count(checked, "account") + " on checked paper"
	if unchecked > 0 {
		line += fmt.Sprintf(", %d not checked", unchecked)
	}
	state := "printed " + ago(last.Date, s.Now)
	switch {
	case !last.Drilled.IsZero():
		state = "drilled " + ago(last.Drilled, s.Now)
	case !last.Verified.IsZero():
		state = "checked " + ago(last.Verified, s.Now)
	case !last.OnPaper():
		state = "in a file"
	}
	return fmt.Sprintf("%s; sheet %d %s", line, last.Number, state)
}

func (s *standing) codesLine() string {
	with := 0
	for _, id := range s.Ledger.IDs() {
		if s.Ledger.Known(id).Left() > 0 {
			with++
		}
	}
	if with == 0 {
		return "none known to be left"
	}
	return term.Count(with, "account") + " with backup codes left"
}

// ago says how old what is known from a day is.
func ago(day backup.Date, now time.Time) string {
	days := int(backup.Day(now).Sub(time.Time(day)).Hours() / 24)
	switch {
	case day.IsZero():
		return "on a day not known"
	case days <= 0:
		return "today"
	case days < 60:
		return term.Count(days, "day") + " ago"
	}
	return "on " + day.String()
}

// noteUnlooked says what the picture lacks.
func (p *program) noteUnlooked(s *standing) {
	for _, text := range s.unlooked {
		p.Note("Not looked at: %s.", text)
	}
}
