package exchange_test

import (
	"errors"
	"fmt"
	"log"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/exchange"
)

// From one app to another: whatever the file is, its accounts are read, and written as
// Aegis takes them.
func Example() {
	file := []byte("otpauth://totp/GitHub:alice?secret=GEZDGNBVGY3TQOJQ&issuer=GitHub\n" +
		"otpauth://totp/GitHub:bob?secret=not+one&issuer=GitHub\n")
	password := func() (string, error) { return "", oath.ErrLocked } // it would be asked for here
	contents, err := exchange.Read(file, password)
	switch {
	case errors.Is(err, exchange.ErrUnknown):
		log.Fatal("no app is known to write such a file")
	case errors.Is(err, oath.ErrWrongPassword):
		log.Fatal("wrong password")
	case err != nil:
		log.Fatal(err)
	}
	fmt.Println(contents.Format)
	for _, e := range contents.Entries {
		fmt.Println(e.Account.Label())
	}
	for _, r := range contents.Refused {
		fmt.Printf("left out: %s: %v\n", r.Label, r.Err)
	}
	written, refused, err := exchange.Write("aegis", contents.Entries, "", nil)
	if err != nil {
		log.Fatal(err)
	}
	again, err := exchange.Read(written, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(again.Format, len(again.Entries), len(refused))
	// Output:
	// URIs
	// GitHub:alice
	// left out: line 2: invalid account: the secret is not base32: 6 characters end within a byte; is it cut short?
	// Aegis 1 0
}
