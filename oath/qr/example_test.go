package qr_test

import (
	"bytes"
	"errors"
	"fmt"
	"log"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/otpauth"
	"github.com/tokenctl/tokenctl/oath/qr"
)

// From pictures to accounts: screenshots, photographs, scans, be it of the QR codes of
// services or of Google Authenticator's export, whose parts come in any order.
func ExampleRead() {
	var reader otpauth.Reader
	for _, picture := range pictures() {
		texts, err := qr.Read(picture)
		if errors.Is(err, qr.ErrNoQR) {
			continue
		} else if err != nil {
			log.Fatal(err)
		}
		accounts, err := reader.Read(texts...)
		if err != nil {
			fmt.Println("left out:", err)
		}
		fmt.Println(accounts)
	}
	for _, err := range reader.Incomplete() {
		fmt.Println(err)
	}
	// Output:
	// [Service:user0]
	// [Service:user1 Service:user2 Service:user3 Service:user4 Service:user5 Service:user6 Service:user7 Service:user8 Service:user9 Service:user10]
	// the export has 2 QR codes, and number 2 is missing
}

// pictures returns two: of an account's QR code, and of the first one of an export's.
func pictures() (pictures []*bytes.Buffer) {
	draw := func(text string) {
		symbol, err := qr.Encode(text, qr.LevelM)
		if err != nil {
			log.Fatal(err)
		}
		picture := new(bytes.Buffer)
		if err := symbol.WritePNG(picture, 4); err != nil {
			log.Fatal(err)
		}
		pictures = append(pictures, picture)
	}
	var keys []otpauth.Key
	for i := range 14 {
		secret, err := oath.NewSecret([]byte("12345678901234567890"))
		if err != nil {
			log.Fatal(err)
		}
		a := oath.Account{Issuer: "Service", Name: fmt.Sprint("user", i)}.WithDefaults()
		keys = append(keys, otpauth.Key{Account: a, Secret: secret})
	}
	uri, err := keys[0].URI()
	if err != nil {
		log.Fatal(err)
	}
	draw(uri)
	export, _ := otpauth.Batches(keys[1:], 7)
	draw(export[0])
	return pictures
}
