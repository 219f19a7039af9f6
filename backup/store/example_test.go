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

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Codes go into the vault, one is used, and the ledger shows what to do, even
// while the vault is locked.
func Example() {
	folder := must(os.MkdirTemp("", "store"))
	defer os.RemoveAll(folder)
	v := must(vault.Create(filepath.Join(folder, "vault"), must(vault.GenerateIdentity()), vault.Ways{}, vault.Options{}))
	defer v.Close()
	s := store.New(filepath.Join(folder, "ledger.json"), services.Known, func(err error) { fmt.Println("warning:", err) })
	s.Vault = v

	id, day := oath.ID("GitHub:alice"), time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	codes := []backup.Code{{Text: "4f3c2-9a1be"}, {Text: "8d2e1-00c4f"}}
	if _, _, err := s.Add(store.Addition{ID: id, Service: s.Service(id, backup.Record{}), Codes: codes, Day: day}); err != nil {
		fmt.Println(err)
	}
	code, record, err := s.Use(id, 0, day)
	fmt.Println(code.Text, "is used,", backup.LeftInWords(record.Left()), err)

	v.Lock()
	for _, f := range s.Findings(must(s.Statuses([]oath.ID{id}, false)), nil) {
		switch f.Need {
		case store.Due:
			fmt.Println(f.ID, "is due since", f.Due.Since)
		case store.Unprinted:
			fmt.Println(f.ID, "is on no sheet")
		}
	}
	// Output:
	// 4f3c2-9a1be is used, 1 is left <nil>
	// GitHub:alice is due since 2026-11-23
	// GitHub:alice is on no sheet
}
