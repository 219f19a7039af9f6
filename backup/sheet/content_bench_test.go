package sheet

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// bigSheet has so many accounts, each with ten codes.
func bigSheet(b *testing.B, accounts int) Sheet {
	s := Sheet{Number: 7, Date: onDay(b, "2026-11-23"), ID: "KQ3ZT7AB", VaultKey: typedIdentity}
	for i := range accounts {
		secret, err := oath.NewSecret(bytes.Repeat([]byte{byte(i), byte(i >> 8), 3, 4}, 5))
		if err != nil {
			b.Fatal(err)
		}
		account := oath.Account{Issuer: "Service " + fmt.Sprint(i), Name: "alice@example.com"}.WithDefaults()
		var codes []string
		for j := range 10 {
			codes = append(codes, fmt.Sprintf("%04d-%04d", i, j))
		}
		s.Entries = append(s.Entries, Entry{Key: otpauth.Key{Account: account, Secret: secret}, Codes: oneSet(backup.AnyOrder, codes...)})
	}
	return s
}

var sizes = []int{100, 1000, 10000}

func forSizes(b *testing.B, f func(b *testing.B, s Sheet)) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := bigSheet(b, n)
			b.ResetTimer()
			f(b, s)
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(n), "µs/account")
		})
	}
}

func BenchmarkPlain(b *testing.B) {
	forSizes(b, func(b *testing.B, s Sheet) {
		for b.Loop() {
			plain(b, s)
		}
	})
}

func BenchmarkEncrypt(b *testing.B) {
	forSizes(b, func(b *testing.B, s Sheet) {
		for b.Loop() {
			sealed(b, s)
		}
	})
}

func BenchmarkReadScan(b *testing.B) {
	forSizes(b, func(b *testing.B, s Sheet) {
		texts := symbolTexts(plain(b, s))
		for b.Loop() {
			checkContents(b, contents(b, scan(b, texts...), ""), s)
		}
	})
}

func BenchmarkReadText(b *testing.B) {
	forSizes(b, func(b *testing.B, s Sheet) {
		text := string(plain(b, s).Text())
		for b.Loop() {
			var r Reader
			if err := r.AddLines(text); err != nil {
				b.Fatal(err)
			}
			checkContents(b, contents(b, &r, ""), s)
		}
	})
}
