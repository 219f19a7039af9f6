package layout

import (
	"fmt"
	"strings"

	"github.com/tokenctl/tokenctl/backup/sheet/line"
)

// sample returns a document with so many accounts, like one that a sheet makes.
func sample(accounts int) Document {
	d := Document{
		Title: "Recovery sheet 7",
		Facts: []Fact{
			{"Date", "2026-11-23"},
			{"Supersedes", "sheet 6 of 2026-03-02, which should be destroyed"},
			{"Sheet ID", "K7QM2ZPA"},
			{"Holds", fmt.Sprintf("%d accounts, backup codes, and the vault's key", accounts)},
		},
		Steps: []Steps{
			{"To recover with tokenctl", []string{
				"Install tokenctl on a computer that you trust, and plug in a new key if you have one.",
				"Scan or photograph all pages of this sheet, and run: tokenctl restore FILE...",
				"If a code cannot be read, type its lines. tokenctl says which line is wrong, and where.",
			}},
			{"To recover without tokenctl", []string{
				"Install any authenticator app on a phone: Aegis, Ente Auth, Google Authenticator.",
				"Scan the QR code of each account with it. What else the page says is not needed for that.",
				"Or use one of the backup codes in place of a code from the app. Each works once: tick it and write the date.",
			}},
		},
		Blank: "Checked on",
		List:  "What is on which page",
		Later: []Steps{{"How to keep this sheet", []string{"Keep it as you keep your passport."}}},
		Foot:  "Recovery sheet 7, 2026-11-23",
	}
	one := 0
	typed := func(groups ...string) line.Line {
		one++
		return line.Line{Number: one, Groups: groups, Check: fmt.Sprintf("Q%03X", one*2654435761>>8&0xfff)}
	}
	d.Body = append(d.Body, Block{
		Heading: "The vault's key",
		Facts:   []Fact{{"Opens", "every file in the vault's folder, with tokenctl or with age"}},
		Symbols: []Symbol{{"The key, as age reads it", "AGE-SECRET-KEY-1" + strings.Repeat("QPZRY9X8GF2TVDW0S3JN54KHCE", 3)[:58]}},
		Lines: []line.Line{
			typed("vault"), typed("AGES", "ECRE", "TKEY", "1QPZ", "RY9X"), typed("8GF2", "TVDW", "0S3J", "N54K", "HCEQ"),
			typed("PZRY", "9X8G", "F2TV", "DW0S", "3JN5"), typed("4KHC", "EQPZ", "RY9X", "8GF2", "TV"),
		},
		Notes: []string{"Whoever has this key can read the whole vault. Keep this sheet as you keep your passport."},
	})
	issuers := []string{"GitHub", "X", "Google", "Ålesund Bank & Tryggð", "Яндекс", "日本銀行", "Example Inc"}
	for i := range accounts {
		issuer := issuers[i%len(issuers)]
		b := Block{
			Number:  i + 1,
			Heading: issuer + ": alice" + fmt.Sprint(i) + "@example.com",
			Facts: []Fact{
				{"Kind", "TOTP, SHA1, 6 digits, every 30 seconds"},
				{"Held by", "key 12345678, key 87654321, vault"},
			},
			Symbols: []Symbol{{"Scan with an authenticator app",
				fmt.Sprintf("otpauth://totp/%s:alice%d%%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=%[1]s&algorithm=SHA1&digits=6&period=30",
					strings.ReplaceAll(issuer, " ", "%20"), i)}},
			Lines: []line.Line{
				typed("account", fmt.Sprintf("GitHub:alice%d@example.com", i)),
				typed("JBSW", "Y3DP", "EHPK", "3PXP", "JBSW"), typed("Y3DP", "EHPK", "3PXP"),
			},
		}
		if i%3 == 1 {
			b.Facts = append(b.Facts, Fact{"New codes", "More, Settings and Support, Settings and privacy, Security and account access, Security, Two-factor authentication, Backup codes"})
			record := "tokenctl:codes?label=" + issuer + "&policy=any&generation=2"
			for n := range 10 {
				code := []string{fmt.Sprintf("%04d", 1234+n*37), fmt.Sprintf("%04d", 9876-n*91)}
				l := typed(append([]string{"code", fmt.Sprint(n + 1)}, code...)...)
				l.Tick = true
				record += fmt.Sprintf("&%d=%s", n+1, strings.Join(code, ""))
				if n < 2 {
					l.Used = "2026-05-1" + fmt.Sprint(n)
					record += "!" + l.Used
				}
				b.Lines = append(b.Lines, l)
			}
			b.Symbols = append(b.Symbols, Symbol{"Backup codes, for tokenctl", record})
		}
		d.Body = append(d.Body, b)
	}
	return d
}
