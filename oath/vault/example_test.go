package vault_test

import (
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/vault"
)

// From a vault to a code: a folder of age files that a passphrase opens.
func Example() {
	temporary, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(temporary)
	folder := filepath.Join(temporary, "vault")
	identity, err := vault.GenerateIdentity() // what belongs on paper
	if err != nil {
		log.Fatal(err)
	}
	cheap := vault.Options{WorkFactor: 4} // leave it 0 but in tests
	made, err := vault.Create(folder, identity, vault.Ways{Passphrase: "correct horse"}, cheap)
	if err != nil {
		log.Fatal(err)
	}
	made.Close()

	v, err := vault.Open(folder, cheap)
	if err != nil {
		log.Fatal(err)
	}
	defer v.Close()
	secret, err := oath.NewSecret([]byte("12345678901234567890"))
	if err != nil {
		log.Fatal(err)
	}
	account := oath.Account{Issuer: "GitHub", Name: "alice"}.WithDefaults()
	if err := v.Put(account, secret); err != nil { // it takes accounts while it is locked
		log.Fatal(err)
	}
	now := time.Unix(59, 0)
	_, err = v.Code(account, now)
	fmt.Println("locked:", errors.Is(err, oath.ErrLocked))
	if err := v.UnlockWithPassphrase("correct horse"); err != nil {
		log.Fatal(err) // oath.ErrWrongPassword
	}
	code, err := v.Code(account, now)
	fmt.Println(code.Value, err)
	// Output:
	// locked: true
	// 287082 <nil>
}
