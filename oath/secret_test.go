package oath_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/oath"
)

func TestParseSecret(t *testing.T) {
	const hello = "Hello!\xde\xad\xbe\xef"
	for _, test := range []struct{ text, want string }{
		{"JBSWY3DPEHPK3PXP", hello},
		{"jbswy3dpehpk3pxp", hello},
		{"JBSW Y3DP ehpk 3pxp", hello},
		{"JBSW-Y3DP-EHPK-3PXP", hello},
		{"  jbsw\ty3dp\u00a0ehpk -- 3pxp ", hello},
		{"jbsw\u2009y3dp\u202fehpk\u30003p\u00adxp\u200b", hello},
		{"ＪＢＳＷ－Ｙ３ＤＰ‑ehpk–３ｐxp==", hello},
		{"JBSWY3DPEHPK3PXP====", hello},
		{"JBSWY3DPEHPK3PXP == == ", hello},
		{"GEZDGNBVGY3TQOJQGE======", "12345678901"},
		{"GEZDGNBVGY3TQOJQGE", "12345678901"},
		{"GEZDGNBVGY3TQOJQGEZA", "123456789012"},
		{"GEZDGNBVGY3TQOJQGEZDG", "1234567890123"},
		{"GEZDGNBVGY3TQOJQGEZDGNA", "12345678901234"},
		{strings.Repeat("A", 16), strings.Repeat("\x00", 10)},
	} {
		s, err := oath.ParseSecret(test.text)
		if err != nil {
			t.Errorf("%q: %v", test.text, err)
			continue
		}
		if string(s.Bytes()) != test.want {
			t.Errorf("%q: got %x, want %x", test.text, s.Bytes(), test.want)
		}
	}
}

func TestParseSecretErrors(t *testing.T) {
	const good = "JBSWY3DPEHPK3PXP"
	for _, test := range []struct{ text, want string }{
		{"", "empty"},
		{" - ", "empty"},
		{"====", "empty"},
		{"JBSWY3DPEHPK", "7 bytes"}, // 12 characters
		{"JBSW0Y3DPEHPK3PX", "character 5 is a digit that base32 does not have"},
		{"jbsw y8dp", "character 7 is a digit"},
		{good + "!", "character 17 is neither"},
		{"JBSWé3DPEHPK3PXP", "character 5 is neither"},
		{"JBSW\xff3DPEHPK3PXP", "character 5 is neither"},
		{"JBSW=3DPEHPK3PXP", "character 5 is neither"},
		{"JBSW\n3DPEHPK3PXP", "character 5 is neither"},
		{"ſBSWY3DPEHPK3PXP", "character 1 is neither"}, // long s, whose upper case is S
		{good + "J", "17 characters end within a byte"},
		{good + "JBS", "19 characters end within a byte"},
		{good + "JBSWY3", "22 characters end within a byte"},
		{strings.Repeat("A", 1000), "625 bytes, and may have 512"},
	} {
		s, err := oath.ParseSecret(test.text)
		if !errors.Is(err, oath.ErrInvalid) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: got %v, want ErrInvalid with %q", test.text, err, test.want)
			continue
		}
		if s.Bytes() != nil {
			t.Errorf("%q: a secret besides the error", test.text)
		}
		for i := 0; i+4 <= len(test.text); i++ {
			if part := test.text[i : i+4]; strings.Contains(err.Error(), part) {
				t.Errorf("%q: the error %q holds %q", test.text, err, part)
			}
		}
	}
}

func TestSecretSizes(t *testing.T) {
	for size, ok := range map[int]bool{0: false, 1: false, 7: false, 8: true, 10: true, 512: true, 513: false} {
		key := bytes.Repeat([]byte{0xa5}, size)
		s, err := oath.NewSecret(key)
		switch {
		case ok && (err != nil || !bytes.Equal(s.Bytes(), key)):
			t.Errorf("%d bytes: got %x, %v", size, s.Bytes(), err)
		case !ok && !errors.Is(err, oath.ErrInvalid):
			t.Errorf("%d bytes: got %v, want ErrInvalid", size, err)
		}
	}
}

func TestSecretHoldsCopy(t *testing.T) {
	key := []byte(rfcSecret)
	s, err := oath.NewSecret(key)
	if err != nil {
		t.Fatal(err)
	}
	clear(key)
	if string(s.Bytes()) != rfcSecret {
		t.Error("the secret changed with the slice it was made from")
	}
	if got := s.Base32(); got != "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" {
		t.Errorf("base32 is %s", got)
	}
	copied, held := s, s.Bytes()
	if s.IsZero() {
		t.Error("a secret is zero")
	}
	s.Clear()
	s.Clear() // again
	if !bytes.Equal(held, make([]byte, len(rfcSecret))) {
		t.Error("Clear leaves the key in memory")
	}
	var none oath.Secret
	none.Clear()
	for name, s := range map[string]oath.Secret{"zero": none, "cleared": s, "a copy of it": copied} {
		if s.Bytes() != nil || s.Base32() != "" || !s.IsZero() {
			t.Errorf("%s: it holds something", name)
		}
		a := oath.Account{Name: "alice"}.WithDefaults()
		if code, err := oath.Compute(a, s, time.Unix(0, 0)); !errors.Is(err, oath.ErrInvalid) || !code.IsZero() {
			t.Errorf("%s: computes %v, %v", name, code, err)
		}
		if r, err := a.Respond(s, 1); !errors.Is(err, oath.ErrInvalid) || r.HMAC != nil {
			t.Errorf("%s: responds %v, %v", name, r, err)
		}
	}
}

// hiding holds a secret where fmt cannot call its methods.
type hiding struct {
	secret oath.Secret
	inner  struct{ secrets []oath.Secret }
}

func TestSecretDoesNotPrint(t *testing.T) {
	const key = "AAAAAAAAAAAA" // the same in every position, so that no cut of it is missed
	s := newSecret(t, key)
	h := hiding{secret: s}
	h.inner.secrets = []oath.Secret{s}
	values := map[string]any{
		"secret":   s,
		"pointer":  &s,
		"slice":    []oath.Secret{s},
		"map":      map[string]oath.Secret{"k": s},
		"exported": struct{ S oath.Secret }{s},
		"hidden":   h,
		"*hidden":  &h,
		"error":    fmt.Errorf("with %v", s),
	}
	for name, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%o", "%b", "%c", "%U", "%e", "%t", "%10v", "%T"} {
			noLeak(t, name+" "+verb, fmt.Sprintf(verb, v))
		}
		if text, err := json.Marshal(v); err == nil {
			noLeak(t, name+" JSON", string(text))
		}
		if text, err := xml.Marshal(v); err == nil {
			noLeak(t, name+" XML", string(text))
		}
		var log strings.Builder
		slog.New(slog.NewTextHandler(&log, nil)).Info("m", "v", v)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "v", v)
		noLeak(t, name+" slog", log.String())
	}
	if got := fmt.Sprint(s); got != "[secret]" {
		t.Errorf("a secret prints as %s", got)
	}
}

// noLeak looks for several letters A in a row, as text or in any base. They are
// more than an address in memory, which some verbs print instead, has by chance.
func noLeak(t *testing.T, how, text string) {
	t.Helper()
	plain := strings.NewReplacer(" ", "", ",", "", "0x", "", "U+00", "").Replace(text)
	forms := []string{
		"AAA", "QUFB", "IFAU", "6.5e+016.5e+01",
		strings.Repeat("65", 5), strings.Repeat("41", 5), strings.Repeat("1000001", 5),
	}
	if !strings.Contains(how, "%b") { // where any number looks like that
		forms = append(forms, strings.Repeat("101", 5))
	}
	for _, form := range forms {
		if strings.Contains(plain, form) {
			t.Errorf("%s gives the secret away: %s", how, text)
		}
	}
}
