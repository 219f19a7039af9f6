package ledger_test

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/oath"
)

func Example() {
	folder, err := os.MkdirTemp("", "ledger")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	path, id := filepath.Join(folder, "ledger.json"), oath.ID("GitHub:alice")
	day := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

	err = ledger.Update(path, func(l *ledger.Ledger) error {
		entry := l.Entry(id)
		entry.Kept = ledger.OnPaper
		if err := entry.Supersede(make([]backup.Code, 10), day); err != nil { // their texts are on paper
			return err
		}
		if _, err := entry.Use(1, day); err != nil {
			return err
		}
		l.Remind(ledger.Due{ID: id, Since: backup.Date(day), Left: entry.Left()})
		return l.AddSheet(ledger.Sheet{Number: l.NextSheet(), Items: map[oath.ID]ledger.Item{id: {Generation: 1}}})
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	l, err := ledger.Read(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	due, _ := l.DueOf(id)
	fmt.Println(l.Known(id).Left(), "left since", due.Since, "on sheet", l.SheetWith(id, 1, true))
	// Output: 9 left since 2026-11-23 on sheet 1
}
