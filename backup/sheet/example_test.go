package sheet_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"log"
	"time"

	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/backup/sheet/layout"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// From an account to paper: a sheet as a PDF.
func Example() {
	key, err := otpauth.Parse("otpauth://totp/GitHub:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
	if err != nil {
		log.Fatal(err)
	}
	id, err := sheet.NewID(rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	s := sheet.Sheet{
		Number: 1, ID: id, Date: time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC),
		Entries: []sheet.Entry{{Key: key, Where: []string{"key:12345678"}}},
	}
	defer s.Clear()
	document, err := s.Plain() // or Encrypt, or Split
	if err != nil {
		log.Fatal(err) // sheet.ErrInvalid
	}
	var pdf bytes.Buffer // an *os.File of mode 0600, or a pipe to a printer
	if err := document.WritePDF(&pdf, layout.A4); err != nil {
		log.Fatal(err)
	}
	fmt.Println(document.Title, bytes.HasPrefix(pdf.Bytes(), []byte("%PDF-")))
	// Output: Recovery sheet 1 true
}
