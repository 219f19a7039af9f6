package recovery_test

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/backup/recovery"
	"github.com/tokenctl/tokenctl/backup/services"
	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/backup/store"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/vault"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// What is in the vault goes on a sheet, and what is read back from the sheet is compared
// with the vault.
func Example() {
	folder := must(os.MkdirTemp("", "recovery"))
	defer os.RemoveAll(folder)
	v := must(vault.Create(filepath.Join(folder, "vault"), must(vault.GenerateIdentity()), vault.Ways{}, vault.Options{}))
	defer v.Close()
	account, secret := oath.ID("GitHub:alice").Account(oath.TOTP).WithDefaults(), must(oath.ParseSecret("JBSW Y3DP EHPK 3PXP"))
	if err := v.Put(account, secret); err != nil {
		fmt.Println(err)
	}
	s := store.New(filepath.Join(folder, "ledger.json"), services.Known, func(err error) { fmt.Println("warning:", err) })
	s.Vault = v
	from := recovery.Sources{Vault: v, Store: s, Now: time.Now}

	content := must(recovery.Collect(from))
	defer content.Clear()
	var read sheet.Contents
	made, _, err := recovery.Make(s, content.Sheet, rand.Reader, from.Now(), func(made sheet.Sheet, _ *ledger.Sheet) (err error) {
		read, err = scan(made) // instead of a printer and a scanner
		return err
	})
	fmt.Println("sheet", made.Number, "has accounts:", len(made.Entries), err)

	verification := must(recovery.Verify(read, from, nil))
	for _, account := range verification.Accounts {
		for _, c := range account.Comparisons {
			fmt.Printf("%s in the %s: %s\n", account.ID, c.Where, c.Verdict)
		}
	}
	fmt.Println("right:", verification.IsRight(), recovery.MarkRead(s, read, from.Now()))
	// Output:
	// sheet 1 has accounts: 1 <nil>
	// GitHub:alice in the vault: equal
	// right: true <nil>
}

// scan returns what the QR codes of a sheet hold.
func scan(s sheet.Sheet) (sheet.Contents, error) {
	document, err := s.Plain()
	var r sheet.Reader
	for _, block := range document.Body {
		for _, symbol := range block.Symbols {
			if err := r.AddText(symbol.Text); err != nil {
				return sheet.Contents{}, err
			}
		}
	}
	if err != nil {
		return sheet.Contents{}, err
	}
	return r.Contents("")
}
