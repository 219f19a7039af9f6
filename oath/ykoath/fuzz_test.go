package ykoath

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/oath"
)

func decode(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFields(t *testing.T) {
	for _, size := range []int{0, 1, 127, 128, 255} {
		value := bytes.Repeat([]byte{0x71}, size)
		data := appendField(appendField(nil, tagName, value...), tagKey)
		fields, err := parseFields(data)
		if err != nil || len(fields) != 2 {
			t.Errorf("%d bytes: got %v, %v", size, fields, err)
			continue
		}
		if got, found := find(fields, tagName); !found || !bytes.Equal(got, value) {
			t.Errorf("%d bytes: got %x", size, got)
		}
		if got, found := find(fields, tagKey); !found || len(got) != 0 {
			t.Errorf("%d bytes: the empty field is %x, %v", size, got, found)
		}
	}
	if _, found := find(nil, tagName); found {
		t.Error("found a field in nothing")
	}
}

// Errors give the offset at which the answer stops making sense.
func TestFieldsMalformed(t *testing.T) {
	for data, want := range map[string]string{
		"71":                "offset 0",
		"7102 00":           "offset 0, tag 71 claims 2 bytes, and 1 follow",
		"7100 72":           "offset 2",
		"7101ff 7203 aabb":  "offset 3, tag 72 claims 3 bytes, and 2 follow",
		"7181":              "offset 0",
		"7182 01":           "offset 0",
		"7182 0100":         "claims 256 bytes, and 0 follow",
		"7180":              "offset 0",
		"7183 000001 00":    "offset 0",
		"71ff":              "offset 0",
		"7100 7100 7181 02": "offset 4, tag 71 claims 2 bytes, and 0 follow",
	} {
		fields, err := parseFields(decode(t, data))
		if fields != nil || !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, %v, want ErrMalformed with %q", data, fields, err, want)
		}
	}
}

// FuzzFields checks that fields lie within the data, one behind the other, and
// that what is written from them reads the same.
func FuzzFields(f *testing.F) {
	for _, s := range []string{
		"", "71", "7100", "710141", "718101 41", "7182 0001 41", "7182ffff", "7180", "71ff", "7903050701 7108 0102030405060708 7b0101", "00000000",
	} {
		f.Add(decode(f, s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		fields, err := parseFields(data)
		if err != nil {
			if !errors.Is(err, ErrMalformed) || fields != nil {
				t.Fatalf("got %v, %v", fields, err)
			}
			return
		}
		var again []byte
		size := 0
		for _, field := range fields {
			size += 2 + len(field.value)
			if len(field.value) < 256 {
				again = appendField(again, field.tag, field.value...)
			}
		}
		if size > len(data) {
			t.Fatalf("%d bytes of fields in %d bytes", size, len(data))
		}
		reread, err := parseFields(again)
		if err != nil || len(reread) > len(fields) {
			t.Fatalf("%x is written as %x: %v", data, again, err)
		}
	})
}

// FuzzParseEntries checks that every entry of CALCULATE ALL is one that can be
// asked for again, with a code only where one is due.
func FuzzParseEntries(f *testing.F) {
	for _, s := range []string{
		"", "710161 760506 50ef7f19", "710161 770106", "710161 7c0108", "7101ff 7e00 760507 ffffffff", "710161", "770106", "7103363062 760506 50ef7f19",
		"71077374 65616d3a61 760506 00000001", "7107 537465616d3a61 760506 00000001", "710161 751506 1f8698690e02ca16618550ef7f19da8e945b555a",
	} {
		f.Add(decode(f, s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := parseEntries(data, time.Unix(59, 0))
		if err != nil {
			if !errors.Is(err, ErrMalformed) || entries != nil {
				t.Fatalf("got %v, %v", entries, err)
			}
			return
		}
		for _, e := range entries {
			a := e.Account
			if !bytes.Contains(data, []byte(a.ID())) {
				t.Errorf("the ID %q is nowhere in %x", a.ID(), data)
			}
			asked := a.Touch || a.Type == oath.HOTP || a.IsSteam() || a.Period != oath.DefaultPeriod
			switch {
			case e.Code.IsZero() != asked:
				t.Errorf("%+v has the code %+v", a, e.Code)
			case !asked && (len(e.Code.Value) != a.Digits || e.Code.Until.Unix() != 60):
				t.Errorf("%+v has the code %+v", a, e.Code)
			}
		}
	})
}

// FuzzParseList checks that every account of LIST can be asked for again.
func FuzzParseList(f *testing.F) {
	for _, s := range []string{"", "72022161", "72021261 72023362", "7200", "720121", "7205f1ff3afe61", "7e00 72 8102 2161", "7208 21 36302f613a62 63"} {
		f.Add(decode(f, s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		accounts, err := parseList(data)
		if err != nil {
			if !errors.Is(err, ErrMalformed) || accounts != nil {
				t.Fatalf("got %v, %v", accounts, err)
			}
			return
		}
		for _, a := range accounts {
			if !bytes.Contains(data, []byte(a.ID())) {
				t.Errorf("the ID %q is nowhere in %x", a.ID(), data)
			}
			if a.Digits != 0 || a.Touch {
				t.Errorf("LIST reported too much: %+v", a)
			}
		}
	})
}

// A babbler is a card that answers anything: a script of responses, each a
// length and that many bytes, over and over.
type babbler struct {
	script   []byte
	at       int
	commands int
}

func (b *babbler) Transmit(command []byte) ([]byte, error) {
	b.commands++
	if len(command) < 5 || len(command) > 260 || len(command) != 5+int(command[4]) {
		return nil, errors.New("no short APDU")
	}
	if b.at >= len(b.script) {
		b.at = 0
	}
	if len(b.script) == 0 {
		return nil, nil
	}
	size := int(b.script[b.at])
	start := b.at + 1
	end := min(start+size, len(b.script))
	b.at = end
	return b.script[start:end], nil
}

// maxCommands bounds what any one method may send: a few commands, each with as
// many requests for more as a response may take.
const maxCommands = maxConfigPages*maxChunks + 4*maxChunks

// script joins responses to what a babbler says.
func script(t testing.TB, responses ...string) []byte {
	t.Helper()
	var s []byte
	for _, r := range responses {
		b := decode(t, r)
		s = append(append(s, byte(len(b))), b...)
	}
	return s
}

// FuzzSession does all that can be done with a card that answers anything. It
// ends, it does not panic, and what it returns is well formed.
func FuzzSession(f *testing.F) {
	const selected = "7903050701 7108 0102030405060708 9000"
	const locked = "7903050701 7108 0102030405060708 7408 0102030405060708 7b0101 9000"
	for _, s := range [][]byte{
		nil,
		script(f, "9000"),
		script(f, "6100"),
		script(f, "00 61ff"),
		script(f, "6982"),
		script(f, "", "90"),
		script(f, selected, "9000"),
		script(f, selected, "72022161 9000", "710161 760506 50ef7f19 9000", "760506 50ef7f19 9000", "9000"),
		script(f, selected, "6d00", "72022161 6103", "720112 9000", "6985", "9000"),
		script(f, locked, "6a80", locked, "7514 0000000000000000000000000000000000000000 9000", "6982"),
		script(f, "7903040206 9000", "9000", "6a84", "6581", "6f00"),
		script(f, "566572 73696f6e 20342e332e37 9000", "09 020400001092 100101 9000"),
		script(f, "6a82", "030409 000000 9000", "00bc614e 9000"),
	} {
		f.Add(s)
	}
	secret, err := oath.NewSecret([]byte("12345678901234567890"))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		card := &babbler{script: data}
		bounded := func(what string) {
			t.Helper()
			if card.commands > maxCommands {
				t.Fatalf("%s sent %d commands", what, card.commands)
			}
			card.commands = 0
		}
		device, err := ReadDevice(card)
		bounded("ReadDevice")
		if err != nil && device != (Device{}) {
			t.Errorf("ReadDevice: %+v besides %v", device, err)
		}
		s, err := Select(card, rand.Reader)
		bounded("Select")
		if err != nil {
			return
		}
		useSession(t, s, secret, bounded)
	})
}

func useSession(t *testing.T, s *Session, secret oath.Secret, bounded func(string)) {
	at := time.Unix(1234567890, 0)
	totp := oath.Account{Issuer: "GitHub", Name: "alice"}.WithDefaults()
	if s.Unlock(AccessKey{}) == nil && s.Locked() {
		t.Error("unlocked, and still locked")
	}
	bounded("Unlock")
	accounts, _ := s.List()
	bounded("List")
	entries, _ := s.Codes(at)
	bounded("Codes")
	for _, e := range entries[:min(len(entries), 3)] {
		accounts = append(accounts, e.Account)
	}
	for _, a := range append(accounts[:min(len(accounts), 6)], totp, oath.Account{Issuer: "Steam", Name: "a"}.WithDefaults()) {
		code, err := s.Code(a, at)
		bounded("Code")
		if (err == nil) == code.IsZero() || len(code.Value) > maxDigits {
			t.Errorf("the code of %+v: %+v, %v", a, code, err)
		}
	}
	for _, step := range []struct {
		name string
		run  func() error
	}{
		{"Put", func() error { return s.Put(totp, secret) }},
		{"Replace", func() error { return s.Replace(totp, secret) }},
		{"Rename", func() error { return s.Rename("GitHub:alice", "a") }},
		{"Delete", func() error { return s.Delete("a") }},
		{"SetPassword", func() error { return s.SetPassword(AccessKey{}) }},
		{"ClearPassword", s.ClearPassword},
		{"Reset", s.Reset},
	} {
		if err := step.run(); err != nil && strings.Contains(err.Error(), secret.Base32()) {
			t.Errorf("%s gives the secret away: %v", step.name, err)
		}
		bounded(step.name)
	}
}
