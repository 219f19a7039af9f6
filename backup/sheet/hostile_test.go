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
	const head = "tokenctl:codes?sheet=1&id=AAAAAAAA&account=GitHub:alice&generation=2"
	for _, text := range []string{
		head,
		head + "&1=abc,since:2",
		head + "&1=abc,since:3",
		head + "&1=abc&1=def",
		strings.Replace(head, "sheet=1", "sheet=100001", 1) + "&1=abc",
	} {
		if err := new(Reader).AddText(text); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: got %v", text, err)
		}
	}
	if err := new(Reader).AddText(head + "&1=abc,since:1"); err != nil {
		t.Error(err)
	}
}

// What was sealed has all codes of an account in one record, however many.
func TestLongRecordIsReadAsText(t *testing.T) {
	var text strings.Builder
	text.WriteString("tokenctl:codes?sheet=1&id=AAAAAAAA&account=npm:alice")
	for number := range 1000 {
		fmt.Fprintf(&text, "&%d=%064x", number+1, number)
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
