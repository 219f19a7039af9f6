package issuer_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tokenctl/tokenctl/backup/issuer"
)

// temporary returns a store that is removed by the function returned.
func temporary() (issuer.Store, func()) {
	folder, err := os.MkdirTemp("", "issuer")
	if err != nil {
		log.Fatal(err)
	}
	return issuer.FileStore{Path: filepath.Join(folder, "codes.json")}, func() { os.RemoveAll(folder) }
}

// A user gets codes, uses one, and tries it again.
func Example() {
	store, remove := temporary()
	defer remove()
	ctx := context.Background()
	codes := issuer.Issuer{Store: store, Now: time.Now, Random: rand.Reader}

	// In the settings, where the user is logged in:
	new, err := codes.Prepare(ctx, "alice")
	if err != nil {
		log.Fatal(err)
	}
	// Show new.Codes, have them printed, and ask for one of them as a proof:
	if err := codes.ConfirmByCode(ctx, "alice", new.Codes[0]); err != nil {
		log.Fatal(err)
	}

	// At the login, after the password:
	typed := strings.ToLower(new.Codes[0])
	done, err := codes.Redeem(ctx, "alice", typed)
	fmt.Println("first:", err, "left:", done.Left)
	_, err = codes.Redeem(ctx, "alice", typed)
	fmt.Println("again:", errors.Is(err, issuer.ErrUsed))
	// Output:
	// first: <nil> left: 9
	// again: true
}

// New codes do not void the old ones before they are safe.
func ExampleIssuer_Prepare() {
	store, remove := temporary()
	defer remove()
	ctx := context.Background()
	codes := issuer.Issuer{Store: store, Now: time.Now, Random: rand.Reader}
	old, err := codes.Prepare(ctx, "alice")
	if err != nil {
		log.Fatal(err)
	}
	codes.Confirm(ctx, "alice", old.Generation)

	new, err := codes.Prepare(ctx, "alice")
	if err != nil {
		log.Fatal(err)
	}
	_, err = codes.Redeem(ctx, "alice", old.Codes[0])
	fmt.Println("an old one, while the new ones wait:", err)
	codes.Confirm(ctx, "alice", new.Generation)
	_, err = codes.Redeem(ctx, "alice", old.Codes[1])
	fmt.Println("an old one, after that:", err)
	// Output:
	// an old one, while the new ones wait: <nil>
	// an old one, after that: the backup code has been replaced by newer ones
}

// Wrong codes make the next one wait.
func ExampleThrottledError() {
	store, remove := temporary()
	defer remove()
	ctx := context.Background()
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	codes := issuer.Issuer{
		Store: store, Now: func() time.Time { return noon }, Random: rand.Reader,
		Throttle: issuer.Throttle{Free: 1, Wait: time.Minute},
	}
	if _, err := codes.Prepare(ctx, "alice"); err != nil {
		log.Fatal(err)
	}
	codes.Redeem(ctx, "alice", "00000-00000")
	_, err := codes.Redeem(ctx, "alice", "00000-00001")
	var throttled *issuer.ThrottledError
	if errors.As(err, &throttled) {
		fmt.Println("Retry-After:", throttled.Until.Sub(noon).Seconds())
	}
	// Output:
	// Retry-After: 60
}

// Eight digits, for those who have a telephone to type at.
func ExampleForm_Entropy() {
	form := issuer.Form{Count: 10, Alphabet: issuer.Digits, Groups: 2, GroupSize: 4, Separator: " "}
	fmt.Printf("%.1f bits, good: %v\n", form.Entropy(), form.Validate())
	form.GroupSize = 3
	fmt.Printf("%.1f bits: %v\n", form.Entropy(), form.Validate())
	// Output:
	// 26.6 bits, good: <nil>
	// 19.9 bits: backup codes cannot have this form: they would be too easily guessed: 19.9 bits, and 20 are the least
}

// Many machines share a PostgreSQL, and a server key that is not in it.
func ExampleSQLStore() {
	db, err := sql.Open("pgx", "dbname=accounts") // import _ "github.com/jackc/pgx/v5/stdlib"
	if err != nil {
		log.Fatal(err)
	}
	text, err := os.ReadFile("/etc/accounts/backup-code-keys")
	if err != nil {
		log.Fatal(err)
	}
	keys, err := issuer.ParseKeys(text)
	if err != nil {
		log.Fatal(err)
	}
	codes := issuer.Issuer{
		Store:  issuer.SQLStore{DB: db},
		Now:    time.Now,
		Random: rand.Reader,
		Hasher: issuer.AnyOf(keys, issuer.Argon2id{}), // which the first codes were hashed with
	}
	fmt.Println(codes.Remaining(context.Background(), "alice"))
}
