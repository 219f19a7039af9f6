package issuer_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"time"

	"github.com/tokenctl/tokenctl/backup/issuer"
)

// A user gets codes, uses one, and tries it again.
func Example() {
	ctx := context.Background()
	codes := issuer.Issuer{Store: issuer.NewMemoryStore(), Now: time.Now, Random: rand.Reader}

	// In the settings, where the user is logged in:
	new, err := codes.Prepare(ctx, "alice")
	if err != nil {
		log.Fatal(err)
	}
	// Show new.Codes(), have them printed, and ask for one of them as a proof:
	if err := codes.ConfirmByCode(ctx, "alice", new.Codes()[0]); err != nil {
		log.Fatal(err)
	}

	// At the login, after the password:
	typed := strings.ToLower(new.Codes()[0])
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
	ctx := context.Background()
	codes := issuer.Issuer{Store: issuer.NewMemoryStore(), Now: time.Now, Random: rand.Reader}
	old, err := codes.Prepare(ctx, "alice")
	if err != nil {
		log.Fatal(err)
	}
	codes.Confirm(ctx, "alice", old.Generation)

	new, err := codes.Prepare(ctx, "alice")
	if err != nil {
		log.Fatal(err)
	}
	_, err = codes.Redeem(ctx, "alice", old.Codes()[0])
	fmt.Println("an old one, while the new ones wait:", err)
	codes.Confirm(ctx, "alice", new.Generation)
	_, err = codes.Redeem(ctx, "alice", old.Codes()[1])
	fmt.Println("an old one, after that:", err)
	// Output:
	// an old one, while the new ones wait: <nil>
	// an old one, after that: the backup code has been replaced by newer ones
}

// Wrong codes make the next one wait.
func ExampleThrottledError() {
	ctx := context.Background()
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	codes := issuer.Issuer{
		Store: issuer.NewMemoryStore(), Now: func() time.Time { return noon }, Random: rand.Reader,
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

// Many machines share a PostgreSQL, and a server key that is not in it. Two-factor
// authentication is turned on, and the codes are in force, or neither.
func ExampleSQLStore_In() {
	ctx := context.Background()
	db, err := sql.Open("pgx", "dbname=accounts") // import _ "github.com/jackc/pgx/v5/stdlib"
	if err != nil {
		log.Fatal(err)
	}
	store, err := issuer.OpenSQL(ctx, db, "")
	if err != nil {
		log.Fatal(err)
	}
	if err := store.Migrate(ctx); err != nil { // or issuer.Migrations, among your own
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
		Store:  store,
		Now:    time.Now,
		Random: rand.Reader,
		Hasher: issuer.AnyOf(keys, issuer.AtOnce(2, issuer.Argon2id{})), // which the first codes were hashed with
	}
	new, err := codes.Prepare(ctx, "alice")
	if err != nil {
		log.Fatal(err)
	}

	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer tx.Rollback()
	within := codes
	within.Store = store.In(tx)
	if err := within.Confirm(ctx, "alice", new.Generation); err != nil {
		log.Fatal(err)
	}
	if _, err := tx.ExecContext(ctx, "UPDATE accounts SET two_factor = true WHERE name = 'alice'"); err != nil {
		log.Fatal(err)
	}
	fmt.Println(tx.Commit())
}

// A legacy hash is what a service kept of its codes before: SHA-256 in hexadecimal.
type legacy struct{}

const legacyMark = "$legacy-sha256$"

func (legacy) Knows(hash string) bool { return strings.HasPrefix(hash, legacyMark) }

func (legacy) Hash(context.Context, string, []string, io.Reader) ([]string, error) {
	return nil, errors.New("no new codes are hashed like that")
}

func (legacy) Match(_ context.Context, _, code string, hashes []string) ([]bool, error) {
	is := fmt.Sprintf("%s%x", legacyMark, sha256.Sum256([]byte(code)))
	matched := make([]bool, len(hashes))
	for n, hash := range hashes {
		matched[n] = subtle.ConstantTimeCompare([]byte(is), []byte(hash)) == 1
	}
	return matched, nil
}

// Codes that users have on paper come over with the hashes that there are of them.
func ExampleAnyOf() {
	ctx := context.Background()
	codes := issuer.Issuer{
		Store: issuer.NewMemoryStore(), Now: time.Now, Random: rand.Reader,
		Hasher: issuer.AnyOf(issuer.AtOnce(2, issuer.Argon2id{}), legacy{}), // new codes are Argon2id's
	}
	// Of eight digits each; alice has used the first:
	old := issuer.Set{Made: time.Date(2024, 5, 6, 0, 0, 0, 0, time.UTC), Alphabet: issuer.Digits, Length: 8}
	for n, code := range []string{"12345678", "23456789"} {
		old.Codes = append(old.Codes, issuer.Code{Number: n + 1, Hash: fmt.Sprintf("%s%x", legacyMark, sha256.Sum256([]byte(code)))})
	}
	old.Codes[0].Used = time.Date(2025, 1, 2, 0, 0, 0, 0, time.UTC)
	generation, err := codes.Store.Add(ctx, "alice", old)
	if err != nil {
		log.Fatal(err)
	}
	if err := codes.Confirm(ctx, "alice", generation); err != nil {
		log.Fatal(err)
	}

	_, err = codes.Redeem(ctx, "alice", "1234 5678")
	fmt.Println(err)
	done, err := codes.Redeem(ctx, "alice", "2345 6789")
	fmt.Println("left:", done.Left, "new ones are due:", done.Low(), err)
	// Output:
	// the backup code has been used before: number 1, at 2025-01-02T00:00:00Z
	// left: 0 new ones are due: true <nil>
}
