package sheet

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// A QR code that no sheet has is refused, before it does harm elsewhere: in the
// vault, or in the numbers of sheets to come.
func TestHostileRecords(t *testing.T) {
	const head = "tokenctl:2 1 AAAAAAAA|codes: GitHub:alice generation=2"
	for _, text := range []string{
		head,
		head + "|1 set 2: abc",
		head + "|1 set 3: abc",
		head + "|1: abc|1: def",
		head + " generation=3|1: abc",
		head + "|1: abc|JBSW|2: %",
		head + " count=3|1: abc",
		strings.Replace(head, "GitHub:alice", "", 1) + "|1: abc",
		strings.Replace(head, ":2 1 ", ":2 100001 ", 1) + "|1: abc",
		strings.Replace(head, ":2 1 ", ":2 0 ", 1) + "|1: abc",
		"tokenctl:2 1 AAAAAAAA|sheet: 1 AAAAAAAA 2026-11-23 lines=9",
		"tokenctl:2 1 AAAAAAAA|",
		"tokenctl:2 1 AAAAAAAA",
	} {
		if err := new(Reader).AddText(text); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: got %v", text, err)
		}
	}
	for _, text := range []string{head + "|1 set 1: abc", head + "|[2026-08-17] 1: abc|2: "} {
		if err := new(Reader).AddText(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// The texts of QR codes of other formats are refused.
func TestOtherFormats(t *testing.T) {
	for text, want := range map[string]error{
		"tokenctl:codes?sheet=7&id=KQ3ZT7AB&account=X:alice&1=abc": ErrDamaged,
		"tokenctl:1 7 KQ3ZT7AB|codes: X:alice|1: abc":              ErrDamaged,
		"tokenctl:3 7 KQ3ZT7AB|codes: X:alice|1: abc":              ErrNewer,
		"tokenctl:3": ErrNewer,
	} {
		if err := new(Reader).AddText(text); !errors.Is(err, want) || want == ErrDamaged && !strings.Contains(err.Error(), "format 2") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// What was sealed has all codes of an account in one record, however many.
func TestLongRecordIsReadAsText(t *testing.T) {
	var text strings.Builder
	text.WriteString("tokenctl:2 1 AAAAAAAA|codes: npm:alice")
	for number := range 1000 {
		fmt.Fprintf(&text, "|%d: %064x", number+1, number)
	}
	var r Reader
	if err := r.AddText(text.String()); err != nil {
		t.Fatal(err)
	}
	c, err := r.Contents("")
	if codes := c.Codes["npm:alice"]; err != nil || codes.Left() != 1000 {
		t.Errorf("%d codes are left: %v", codes.Left(), err)
	}
}
