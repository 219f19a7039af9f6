package recovery_test

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/tokenctl/tokenctl/backup/recovery"
	"github.com/tokenctl/tokenctl/backup/services"
	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/backup/store"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/vault"
)

// What is in the vault goes on a sheet. Read back, the sheet is compared with the vault,
// and shows what a new vault would get.
func Example() {
	if err := printAndRead(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// sheet 1 has 1 account
	// GitHub:alice in the vault: equal
	// right: true
	// GitHub:alice would be put in: vault
}

func printAndRead() error {
	folder, err := os.MkdirTemp("", "recovery")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	identity, err := vault.GenerateIdentity()
	if err != nil {
		return err
	}
	v, err := vault.Create(filepath.Join(folder, "vault"), identity, vault.Ways{}, vault.Options{})
	if err != nil {
		return err
	}
	defer v.Close()
	secret, err := oath.ParseSecret("JBSW Y3DP EHPK 3PXP")
	if err != nil {
		return err
	}
	if err := v.Put(oath.ID("GitHub:alice").Account(oath.TOTP).WithDefaults(), secret); err != nil {
		return err
	}
	s := store.New(filepath.Join(folder, "ledger.json"), services.Known, func(err error) { fmt.Println("warning:", err) })
	s.Vault = v
	from := recovery.Sources{Vault: v, Store: s, Now: time.Now}

	content, err := recovery.Collect(from)
	if err != nil {
		return err
	}
	defer content.Clear()
	var read sheet.Contents
	made, _, err := recovery.Make(s, content.Sheet, rand.Reader, from.Now(), func(made sheet.Sheet) (err error) {
		read, err = scan(made) // in place of a printer and a scanner
		return err
	})
	if err != nil {
		return err
	}
	fmt.Println("sheet", made.Number, "has", len(made.Entries), "account")

	verification, err := recovery.Verify(read, from, nil)
	if err != nil {
		return err
	}
	for _, account := range verification.Accounts {
		for _, c := range account.Comparisons {
			fmt.Printf("%s in the %s: %s\n", account.ID, c.Where, c.Verdict)
		}
	}
	fmt.Println("right:", verification.IsRight())

	fresh, err := vault.Create(filepath.Join(folder, "new"), read.VaultKey, vault.Ways{}, vault.Options{})
	if err != nil {
		return err
	}
	defer fresh.Close()
	member := &fleet.Member{Name: fleet.VaultName, Open: func() (oath.Token, error) { return fresh, nil }}
	plan, err := recovery.PlanRestore(read, fleet.Fleet{member}, true)
	for _, account := range plan.Accounts {
		fmt.Println(account.Account.ID(), "would be put in:", account.Targets[0].Token)
	}
	return err
}
