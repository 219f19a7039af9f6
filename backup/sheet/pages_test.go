package sheet

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/sheet/layout"
)

// A sheet is short, and an account's backup codes are on its page where that takes no more.
func TestPages(t *testing.T) {
	tests := []struct {
		accounts, sets int
		a4, letter     int // pages at most
		apart          bool
	}{
		{accounts: 0, a4: 1, letter: 1},
		{accounts: 1, a4: 1, letter: 2},
		{accounts: 14, sets: 2, a4: 4, letter: 4},
		{accounts: 43, sets: 6, a4: 8, letter: 8, apart: true},
	}
	for _, test := range tests {
		s := Sheet{Number: 7, Date: onDay(t, "2026-11-23"), ID: "KQ3ZT7AB", VaultKey: typedIdentity, Owner: "Alice Example"}
		for i := range test.accounts {
			issuer := fmt.Sprintf("Service %d", i)
			e := Entry{
				Key:   keyFrom(t, fmt.Sprintf("otpauth://totp/%s:alice@example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", strings.ReplaceAll(issuer, " ", "%20"))),
				Where: []string{"vault"}, Renew: "Settings, Password and authentication, Recovery codes",
			}
			if i < test.sets {
				var codes []string
				for n := range 10 {
					codes = append(codes, fmt.Sprintf("%05x-%05x", n*7919, n*104729))
				}
				e.Codes = oneSet(backup.AnyOrder, codes...)
			}
			s.Entries = append(s.Entries, e)
		}
		for paper, most := range map[layout.Paper]int{layout.A4: test.a4, layout.Letter: test.letter} {
			s.Paper = paper
			d := plain(t, s)
			pages, all, err := d.Pages(paper)
			if err != nil || all > most {
				t.Errorf("%d accounts: %d pages of %s, want %d: %v", test.accounts, all, paper, most, err)
			}
			for i, b := range d.Body {
				if b.Belongs && !test.apart && pages[i] != pages[i-1] {
					t.Errorf("%d accounts, %s: %q is on page %d, and its account on page %d", test.accounts, paper, b.Heading, pages[i], pages[i-1])
				}
			}
			end := d.Body[len(d.Body)-1]
			if hasList := len(end.Symbols) > 0; hasList != (all > 1) {
				t.Errorf("%d accounts, %s: the second list of contents on %d pages: %v", test.accounts, paper, all, hasList)
			}
		}
	}
}
