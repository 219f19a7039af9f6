//go:build linux

package issuer

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/tokenctl/tokenctl/oath/oathtest/pgtest"
)

// The server is shared by the tests of this binary; each has a schema of its own.
var shared struct {
	mu      sync.Mutex
	server  *pgtest.Server
	err     error
	schemas int
}

func TestMain(m *testing.M) {
	beChild()
	status := m.Run()
	if shared.server != nil {
		shared.server.Stop()
	}
	os.Exit(status)
}

// openPostgres returns a store in empty tables, with so many connections at once, or ends
// the test where there is no PostgreSQL.
func openPostgres(t testing.TB, connections int) *SQLStore {
	t.Helper()
	s := openSQL(t, openDatabase(t, connections), "")
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func openSQL(t testing.TB, db *sql.DB, prefix string) *SQLStore {
	t.Helper()
	s, err := OpenSQL(context.Background(), db, prefix)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// openDatabase returns a database, or rather a schema in one, without tables.
func openDatabase(t testing.TB, connections int) *sql.DB {
	t.Helper()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.server == nil && shared.err == nil {
		shared.server, shared.err = pgtest.Start(t)
	}
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	shared.schemas++
	schema := fmt.Sprintf("test%d", shared.schemas)
	db := connectPostgres(t, shared.server.URL(schema), connections)
	if _, err := db.Exec("CREATE SCHEMA " + schema); err != nil {
		t.Fatal(err)
	}
	return db
}

// schemaOf returns the address of a store's tables.
func schemaOf(t testing.TB, s *SQLStore) string {
	t.Helper()
	var schema string
	if err := s.db.QueryRow(`SELECT current_schema()`).Scan(&schema); err != nil {
		t.Fatal(err)
	}
	return shared.server.URL(schema)
}

func connectPostgres(t testing.TB, source string, connections int) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", source)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	t.Cleanup(func() { db.Close() })
	return db
}
