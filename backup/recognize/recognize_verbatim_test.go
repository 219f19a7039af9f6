package recognize

import (
	"errors"
	"github.com/tokenctl/tokenctl/backup"
	"slices"
	"strings"
	"testing"
)

func TestVerbatim(t *testing.T) {
	for text, want := range map[string][]string{
		"\ufeffco,mma:1:2\r\n\r\n 日本語コード99 \r\n100%&=?#x": {"co,mma:1:2", "日本語コード99", "100%&=?#x"},
		"Save these codes!\nhunter2\nhunter2\n":           {"Save these codes!", "hunter2"},
	} {
		f, err := Verbatim([]byte(text))
		if err != nil || !slices.Equal(f.Texts(), want) {
			t.Errorf("%q: %q, %v; want %q", text, f.Texts(), err, want)
		}
		r := backup.Record{}
		if err := r.Supersede(f.Set(day("2026-11-23")), day("2026-11-23")); err != nil {
			t.Fatal(err)
		}
		kept, err := r.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		if back, err := backup.ParseRecord(kept); err != nil || back.Current().Codes[0].Text != want[0] {
			t.Errorf("%q is kept as %q, %v", want[0], kept, err)
		}
	}
	for text, want := range map[string]error{
		"":                                    backup.ErrNotCodes,
		" \n\t\n":                             backup.ErrNotCodes,
		"good\nb\x1b[31mad\n":                 backup.ErrNotCodes,
		"\xff\xffcode":                        backup.ErrNotText,
		strings.Repeat("x", backup.MaxText+1): backup.ErrTooLarge,
		numbered(backup.MaxCodes + 1):         backup.ErrTooLarge,
	} {
		if _, err := Verbatim([]byte(text)); !errors.Is(err, want) {
			t.Errorf("%.20q: %v, want %v", text, err, want)
		}
	}
}

// numbered returns as many lines, no two the same.
func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat("x", i+1) + "\n")
	}
	return b.String()
}
