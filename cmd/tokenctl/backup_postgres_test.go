//go:build linux

package main

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/oathtest/pgtest"
)

// A service's codes are in PostgreSQL as well as in a file; a password for it is in no
// argument.
func TestBackupIssuerOnPostgreSQL(t *testing.T) {
	t.Parallel()
	server, err := pgtest.Start(t)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	store := server.URL("codes")
	db, err := pgx.Connect(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	const roles = `CREATE SCHEMA codes; CREATE ROLE reader LOGIN PASSWORD 'a secret'; GRANT USAGE ON SCHEMA codes TO reader`
	if _, err := db.Exec(t.Context(), roles); err != nil {
		t.Fatal(err)
	}
	h := home(t.TempDir())
	alice := []string{"--store", store, "--user", "alice"}
	generate := func(args ...string) []string {
		return append([]string{"tokenctl", "backup", "generate"}, append(alice, args...)...)
	}
	redeem := func(args ...string) []string {
		return append([]string{"tokenctl", "backup", "redeem"}, append(alice, args...)...)
	}

	if o := h.run(t, "x\n", redeem("--code-stdin")...); o.status != term.ExitFailure || !strings.Contains(o.stderr, "no tables") || !strings.Contains(o.stderr, "tokenctl backup generate") {
		t.Errorf("without tables: %v", o)
	}
	codes := strings.Fields(h.must(t, "", generate()...))
	if len(codes) != 10 {
		t.Fatalf("the codes are %q", codes)
	}
	h.must(t, codes[0]+"\n", redeem("--code-stdin")...)
	if o := h.run(t, codes[0]+"\n", redeem("--code-stdin")...); o.status != term.ExitPassword {
		t.Errorf("again: %v", o)
	}
	h.must(t, "", generate("--prepare")...)
	var status issuedJSON
	if err := json.Unmarshal([]byte(h.must(t, "", redeem("--status", "--json")...)), &status); err != nil {
		t.Fatal(err)
	}
	if status.Left != 9 || status.Pending != 2 || len(status.Used) != 1 || status.Used[0].Number != 1 {
		t.Errorf("the status is %+v", status)
	}
	h.must(t, "", generate("--confirm")...)
	if o := h.run(t, codes[1]+"\n", redeem("--code-stdin")...); o.status != term.ExitPassword || !strings.Contains(o.stderr, "newer") {
		t.Errorf("after new ones: %v", o)
	}

	// The role's password is asked for over the socket, too.
	if _, err := db.Exec(t.Context(), `GRANT SELECT, UPDATE ON ALL TABLES IN SCHEMA codes TO reader`); err != nil {
		t.Fatal(err)
	}
	var rules string
	if err := db.QueryRow(t.Context(), `SHOW hba_file`).Scan(&rules); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(rules)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(rules, append([]byte("local all reader scram-sha-256\n"), text...), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(t.Context(), `SELECT pg_reload_conf()`); err != nil {
		t.Fatal(err)
	}
	address, err := url.Parse(store)
	if err != nil {
		t.Fatal(err)
	}
	address.User = url.User("reader")
	alice[1] = address.String()
	if o := h.run(t, "", redeem("--status")...); o.status != term.ExitFailure {
		t.Errorf("without a password: %v", o)
	}
	if err := os.WriteFile(filepath.Join(string(h), ".pgpass"), []byte("*:*:*:reader:a secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	h.must(t, "", redeem("--status")...)

	address.User = url.UserPassword("reader", "hunter2")
	for _, bad := range []string{address.String(), store + "&password=hunter2", "postgres://reader:hunter2@[x/y"} {
		alice[1] = bad
		if o := h.run(t, "", redeem("--status")...); o.status != term.ExitUsage || strings.Contains(o.stdout+o.stderr, "hunter2") {
			t.Errorf("with a password in an argument: %v", o)
		}
	}
}
