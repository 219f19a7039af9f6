package sheet

import (
	"fmt"
	"testing"
)

// What is printed of each account is what is read of it.
func TestItems(t *testing.T) {
	s := everyKind(t)
	c := contents(t, scan(t, symbolTexts(plain(t, s))...), "")
	printed := make(map[string]bool)
	for _, i := range s.Items() {
		if i.Generation > 0 || len(i.Key.Secret.Bytes()) > 0 {
			printed[describe(i)] = true
		}
	}
	for _, i := range c.Items() {
		if !printed[describe(i)] {
			t.Errorf("read %s", describe(i))
		}
		delete(printed, describe(i))
	}
	if len(printed) > 0 || len(c.Items()) != 6 {
		t.Errorf("not read: %v", printed)
	}
}

func describe(i Item) string {
	return fmt.Sprintf("%s %s %d", i.ID, i.Key.Secret.Base32(), i.Generation)
}

func TestPartialAndEmpty(t *testing.T) {
	s := everyKind(t)
	if c := contents(t, scan(t, symbolTexts(plain(t, s))...), ""); c.IsEmpty() || c.Partial(c.Sheets[0]) {
		t.Errorf("a full sheet is empty: %v, partial: %v", c.IsEmpty(), c.Partial(c.Sheets[0]))
	}
	s.Partial = true
	if c := contents(t, scan(t, symbolTexts(plain(t, s))...), ""); !c.Partial(c.Sheets[0]) {
		t.Error("a sheet that adds to another is not partial")
	}
	s.Partial, s.VaultKey = false, ""
	if c := contents(t, scan(t, symbolTexts(plain(t, s))...), ""); !c.Partial(c.Sheets[0]) {
		t.Error("a sheet without the vault's key is not partial")
	}
	if c := (Contents{}); !c.IsEmpty() {
		t.Error("no contents are not empty")
	}
}

func TestClear(t *testing.T) {
	s := everyKind(t)
	c := contents(t, scan(t, symbolTexts(plain(t, s))...), "")
	s.Clear()
	c.Clear()
	for _, i := range append(s.Items(), c.Items()...) {
		for _, b := range i.Key.Secret.Bytes() {
			if b != 0 {
				t.Errorf("the secret of %s is still there", i.ID)
				break
			}
		}
	}
}
