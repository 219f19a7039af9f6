package main

import (
	"fmt"
	"slices"
	"testing"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// A camera reads until there is an account, or the whole of an export.
func TestMissingOfAccounts(t *testing.T) {
	var keys []otpauth.Key
	for i := range 25 {
		secret, err := oath.ParseSecret("JBSWY3DPEHPK3PXP")
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, otpauth.Key{Account: oath.Account{Type: oath.TOTP, Issuer: "GitHub", Name: fmt.Sprint(i)}, Secret: secret})
	}
	parts, refused := otpauth.Batches(keys, 7)
	if len(refused) > 0 || len(parts) != 3 {
		t.Fatalf("%d parts, %v", len(parts), refused)
	}
	uri, err := keys[0].URI()
	if err != nil {
		t.Fatal(err)
	}
	nothing := []string{"an account's QR code"}
	for _, test := range []struct {
		texts, want []string
	}{
		{nil, nothing},
		{[]string{"https://example.com/"}, nothing},
		{[]string{"https://example.com/", uri}, nil},
		{[]string{"otpauth://totp/"}, nil}, // which an error is about
		{parts[1:2], []string{"QR code 1 of 3 of the export", "QR code 3 of 3 of the export"}},
		{[]string{parts[2], parts[0]}, []string{"QR code 2 of 3 of the export"}},
		{[]string{parts[2], parts[0], parts[1]}, nil},
	} {
		if got := missingOfAccounts(test.texts); !slices.Equal(got, test.want) {
			t.Errorf("%d texts: missing %q, want %q", len(test.texts), got, test.want)
		}
	}
}
