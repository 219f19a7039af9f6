package otpauth_test

import (
	"errors"
	"fmt"
	"log"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// An otpauth URI, as a service's QR code holds it, there and back. What it leaves open
// is as usual, or said by a warning.
func Example() {
	for _, text := range []string{
		"otpauth://totp/GitHub:alice?secret=gezd+gnbv+gy3t+qojq&issuer=GitHub",
		"otpauth://hotp/Bank:alice?secret=GEZDGNBVGY3TQOJQ",
		"otpauth://totp/GitHub:alice",
		"https://github.com/login",
	} {
		key, err := otpauth.Parse(text)
		switch {
		case errors.Is(err, otpauth.ErrNotURI):
			fmt.Println("this is another kind of code")
			continue
		case errors.Is(err, oath.ErrInvalid):
			fmt.Println(err) // which never quotes the text
			continue
		}
		for _, warning := range key.Warnings {
			fmt.Println(warning)
		}
		uri, err := key.URI()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(key.Account.Label(), uri)
	}
	// Output:
	// GitHub:alice otpauth://totp/GitHub:alice?secret=GEZDGNBVGY3TQOJQ&issuer=GitHub&algorithm=SHA1&digits=6&period=30
	// The account has no counter; its codes begin with that of counter 0.
	// Bank:alice otpauth://hotp/Bank:alice?secret=GEZDGNBVGY3TQOJQ&issuer=Bank&algorithm=SHA1&digits=6&counter=0
	// invalid account: the URI has no secret
	// this is another kind of code
}
