package recovery_test

import (
	"slices"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/backup/recovery"
	"github.com/tokenctl/tokenctl/backup/services"
	"github.com/tokenctl/tokenctl/oath"
)

// Each risk, by what makes it, in the order of what is worst.
func TestRisks(t *testing.T) {
	const public = "age1example"
	date := func(daysAgo int) backup.Date { return backup.Date(day.AddDate(0, 0, -daysAgo)) }
	hotp := map[oath.ID]ledger.Held{"a": {HOTP: true}}
	key := func(serial uint32) ledger.Key {
		return ledger.Key{Serial: serial, Seen: date(0), Listed: date(0), Accounts: map[oath.ID]ledger.Held{"a": {}}}
	}
	vaulted := func() *recovery.LockedVault {
		return &recovery.LockedVault{Accounts: []oath.ID{"a"}, PublicKey: public, Passphrase: true, Keys: []uint32{7}, Pushed: true}
	}
	safe := func() *ledger.Ledger {
		return &ledger.Ledger{
			Keys: []ledger.Key{key(7), key(8)},
			Sheets: []ledger.Sheet{{Number: 1, Verified: date(0), VaultKey: ledger.Fingerprint(public),
				Items: map[oath.ID]ledger.Item{"a": {Fingerprint: "f"}}}},
		}
	}
	tests := []struct {
		what   string
		change func(*ledger.Ledger, *recovery.LockedVault)
		want   []string
	}{
		{"all is well", func(*ledger.Ledger, *recovery.LockedVault) {}, nil},
		{"a lost key opens the vault", func(l *ledger.Ledger, _ *recovery.LockedVault) { l.Strike(7, now) }, []string{"lost-key:7", "lost-opener:7"}},
		{"a PIN that everybody knows", func(l *ledger.Ledger, _ *recovery.LockedVault) {
			l.Keys[0].FactoryPIN, l.Keys[1].FactoryPIN = date(3), date(3)
		}, []string{"factory-pin:7"}},
		{"a counter on two tokens", func(l *ledger.Ledger, _ *recovery.LockedVault) { l.Keys[0].Accounts, l.Keys[1].Accounts = hotp, hotp },
			[]string{"two-counters:a"}},
		{"a key in its drawer", func(l *ledger.Ledger, _ *recovery.LockedVault) { l.Keys[1].Seen = date(181) }, []string{"unseen-key:8"}},
		{"half a year less a day", func(l *ledger.Ledger, _ *recovery.LockedVault) { l.Keys[1].Seen = date(179) }, nil},
		{"a key that was never looked into", func(l *ledger.Ledger, _ *recovery.LockedVault) {
			l.Keys[1] = ledger.Key{Serial: 8, Seen: date(0)}
		}, []string{"unlisted-key:8"}},
		{"another secret on a key", func(l *ledger.Ledger, _ *recovery.LockedVault) { l.Replaced("a", "g", []uint32{7}, now) },
			[]string{"loss:key:7", "old-in-vault"}},
		{"the vault alone, without paper", func(l *ledger.Ledger, v *recovery.LockedVault) {
			l.Keys, l.Sheets = nil, nil
			v.Keys, v.Pushed = nil, false
		}, []string{"loss:machine", "loss:passphrase", "one-opener", "no-copy", "no-sheet"}},
		{"a copy, and paper that nobody read back", func(l *ledger.Ledger, v *recovery.LockedVault) {
			l.Keys, l.Sheets[0].Verified, v.Keys = nil, backup.Date{}, nil
		}, []string{"loss:passphrase", "one-opener", "unchecked"}},
		{"nothing but paper that nobody read back", func(l *ledger.Ledger, v *recovery.LockedVault) {
			l.Keys, l.Sheets[0].Verified = nil, backup.Date{}
			*v = recovery.LockedVault{Passphrase: true, Keys: []uint32{7}, PublicKey: public}
		}, []string{"locked-out", "unchecked"}},
		{"split paper, two of three", func(l *ledger.Ledger, v *recovery.LockedVault) {
			l.Keys, v.Accounts = nil, nil
			l.Sheets[0].Need, l.Sheets[0].Shares = 2, 3
		}, nil},
		{"split paper, two of two", func(l *ledger.Ledger, v *recovery.LockedVault) {
			l.Keys, v.Accounts = nil, nil
			l.Sheets[0].Need, l.Sheets[0].Shares = 2, 2
		}, []string{"loss:paper"}},
	}
	for _, test := range tests {
		l, v := safe(), vaulted()
		test.change(l, v)
		facts := recovery.Facts{Ledger: l, Vault: v, Services: func(oath.ID, backup.Record) services.Service { return services.Service{} }, Now: now}
		var got []string
		for _, r := range recovery.Assess(facts).Risks {
			got = append(got, r.Name())
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", test.what, got, test.want)
		}
		l.Accepted = make(map[string]backup.Date)
		for _, name := range got {
			l.Accepted[name] = date(1)
		}
		if open := recovery.Assess(facts).Open(); len(open) > 0 {
			t.Errorf("%s: accepted, and still open: %+v", test.what, open)
		}
	}
	if recovery.MaxUnseen < 90*24*time.Hour {
		t.Error("a key in its drawer is asked for every few weeks")
	}
}
