//go:build linux

package issuer

import (
	"database/sql"
	"strings"
	"testing"
)

func TestSQLStore(t *testing.T) {
	testStore(t, func(t *testing.T) Store { return SQLStore{openPostgres(t, 10)} })
}

// The tables may be made twice, and keep what is in them.
func TestCreateTablesAgain(t *testing.T) {
	s := SQLStore{openPostgres(t, 1)}
	confirmed(t, s, "alice", "a")
	if err := s.CreateTables(t.Context()); err != nil {
		t.Fatal(err)
	}
	holds(t, s, "alice", "1 current ---")
}

// Machines that start at the same time do not get into each other's way.
func TestCreateTablesAtOnce(t *testing.T) {
	s := SQLStore{openPostgres(t, 10)}
	if _, err := s.DB.Exec(`DROP TABLE backup_code_users, backup_code_sets, backup_codes`); err != nil {
		t.Fatal(err)
	}
	atOnce(10, func(int) {
		if err := s.CreateTables(t.Context()); err != nil {
			t.Error(err)
		}
	})
	confirmed(t, s, "alice", "a")
}

// The database itself refuses a second set in force, whoever asks for it.
func TestDatabaseHoldsTheRules(t *testing.T) {
	db := openPostgres(t, 1)
	s := SQLStore{db}
	confirmed(t, s, "alice", "a")
	confirmed(t, s, "alice", "b")
	for _, statement := range []string{
		`UPDATE backup_code_sets SET state = 'current'`,
		`UPDATE backup_code_sets SET state = 'pending'`,
		`UPDATE backup_code_sets SET state = 'void'`,
		`UPDATE backup_codes SET hash = ''`,
		`INSERT INTO backup_codes (user_id, generation, number, hash) VALUES ('alice', 3, 1, 'x')`,
		`INSERT INTO backup_code_sets (user_id, generation, state, made_at, alphabet, length) VALUES ('bob', 1, 'pending', now(), '01', 20)`,
	} {
		if _, err := db.Exec(statement); err == nil {
			t.Errorf("it takes %s", statement)
		}
	}
	holds(t, s, "alice", "1 superseded ---", "2 current ---")
}

// A code is looked for by an index, and not in the whole table.
func TestIndexes(t *testing.T) {
	db := openPostgres(t, 1)
	if _, err := db.Exec(`
		INSERT INTO backup_code_users SELECT 'user' || n, 1 FROM generate_series(1, 5000) n;
		INSERT INTO backup_code_sets SELECT 'user' || n, 1, 'current', now(), '0123456789', 8 FROM generate_series(1, 5000) n;
		INSERT INTO backup_codes SELECT 'user' || n, 1, c, 'x' FROM generate_series(1, 5000) n, generate_series(1, 10) c;
		ANALYZE`); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`SELECT * FROM backup_code_sets JOIN backup_codes USING (user_id, generation) WHERE user_id = 'user77' ORDER BY generation, number`,
		`UPDATE backup_codes SET used_at = now() WHERE user_id = 'user77' AND generation = 1 AND number = 3 AND used_at IS NULL`,
		`DELETE FROM backup_code_sets WHERE user_id = 'user77' AND state = 'pending'`,
	} {
		if plan := explain(t, db, statement); containsSequentialScan(plan) {
			t.Errorf("%s\n%s", statement, plan)
		}
	}
	if plan := explain(t, db, `SELECT * FROM backup_codes WHERE hash = 'y'`); !containsSequentialScan(plan) {
		t.Errorf("the check is of no use:\n%s", plan)
	}
}

func explain(t *testing.T, db *sql.DB, statement string) string {
	t.Helper()
	rows, err := db.Query("EXPLAIN " + statement)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var plan strings.Builder
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		plan.WriteString(line + "\n")
	}
	return plan.String()
}

func containsSequentialScan(plan string) bool { return strings.Contains(plan, "Seq Scan") }
