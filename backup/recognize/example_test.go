package recognize_test

import (
	"fmt"
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/recognize"
)

func Example() {
	day := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	pasted := "Keep these codes safe:\n1. 4f3c2-9a1be\n2. 8d2e1-00c4f (used)\n3. 77aa0-5c3d1\n"

	found, err := recognize.Codes([]byte(pasted), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	var record backup.Record
	if err := record.Supersede(found.Set(day), day); err != nil {
		fmt.Println(err)
		return
	}
	next, _ := record.Next()
	fmt.Println(record.Left(), "left, next", next.Text)
	fmt.Println("ignored:", found.Ignored)
	// Output:
	// 2 left, next 4f3c2-9a1be
	// ignored: [{1 Keep these codes safe:}]
}
