package sheet

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"filippo.io/age"
)

// age's own parser is the judge.
func TestIdentitiesAreAges(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		key := make([]byte, 32)
		for i := range key {
			key[i] = byte(r.IntN(256))
		}
		text := encodeIdentity(key)
		identity, err := age.ParseX25519Identity(text)
		if err != nil {
			t.Fatalf("age refuses %s: %v", text, err)
		}
		if got := identity.String(); got != text {
			t.Errorf("age writes %s for %s", got, text)
		}
	}
	if got := encodeIdentity(bytes.Repeat([]byte{1}, 32)); got != typedIdentity {
		t.Errorf("32 bytes of 1 are %s", got)
	}
	if !strings.HasPrefix(typedIdentity, identityPrefix) {
		t.Error("the prefix is another")
	}
}
