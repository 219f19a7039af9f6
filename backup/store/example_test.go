package store_test

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/services"
	"github.com/tokenctl/tokenctl/backup/store"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/vault"
)

// Codes go into the vault, one is used, and the ledger shows what is to be done, even
// while the vault is locked.
func Example() {
	if err := useOne(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// 4f3c2-9a1be is used, 1 is left
	// GitHub:alice is due since 2026-11-23
	// GitHub:alice is on no sheet
}

func useOne() error {
	folder, err := os.MkdirTemp("", "store")
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
	s := store.New(filepath.Join(folder, "ledger.json"), services.Known, func(err error) { fmt.Println("warning:", err) })
	s.Vault = v

	id, day := oath.ID("GitHub:alice"), time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	_, _, err = s.Add(store.Addition{
		ID: id, Service: s.Service(id, backup.Record{}), Day: day,
		Codes: []backup.Code{{Text: "4f3c2-9a1be"}, {Text: "8d2e1-00c4f"}},
	})
	if err != nil {
		return err
	}
	code, record, err := s.Use(id, 0, day)
	if err != nil {
		return err
	}
	fmt.Printf("%s is used, %s\n", code.Text, backup.LeftInWords(record.Left()))

	v.Lock()
	statuses, err := s.Statuses([]oath.ID{id}, false)
	for _, f := range s.Findings(statuses, nil) {
		switch f.Need {
		case store.Due:
			fmt.Println(f.ID, "is due since", f.Due.Since)
		case store.Unprinted:
			fmt.Println(f.ID, "is on no sheet")
		}
	}
	return err
}
