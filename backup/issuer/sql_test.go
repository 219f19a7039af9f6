//go:build linux

package issuer

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"strings"
	"testing"
)

// The tables may be made twice, and keep what is in them.
func TestMigrateAgain(t *testing.T) {
	i, _ := newIssuer(t)
	s := openPostgres(t, 1)
	i.Store = s
	issue(t, i, "alice")
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	remains(t, i, "alice", 10)
}

// Machines that start at the same time do not get into each other's way.
func TestMigrateAtOnce(t *testing.T) {
	s := openSQL(t, openDatabase(t, 10), "")
	wants(t, "Check, without tables", s.Check(t.Context()), ErrDatabase)
	inParallel(10, func(int) {
		if err := s.Migrate(t.Context()); err != nil {
			t.Error(err)
		}
	})
	wants(t, "Check", s.Check(t.Context()), nil)
}

// Tables that are not this version's are not written to, nor is one of the application's
// that has the name of one of them.
func TestOtherTables(t *testing.T) {
	for name, test := range map[string]struct {
		statement      string
		check, migrate error
	}{
		"as they are":     {`SELECT 1`, nil, nil},
		"newer":           {`UPDATE backup_code_schema SET version = 99`, ErrDatabase, ErrDatabase},
		"no version":      {`DELETE FROM backup_code_schema`, ErrDatabase, ErrDatabase},
		"a column lost":   {`ALTER TABLE backup_code_sets DROP COLUMN used_at`, ErrDatabase, ErrDatabase},
		"a table lost":    {`DROP TABLE backup_code_sets`, ErrDatabase, ErrDatabase},
		"all lost":        {`DROP TABLE backup_code_sets, backup_code_users, backup_code_schema`, ErrDatabase, nil},
		"somebody else's": {`DROP TABLE backup_code_sets, backup_code_users, backup_code_schema; CREATE TABLE backup_code_users (id int)`, ErrDatabase, ErrDatabase},
		"their schema":    {`DROP TABLE backup_code_schema; CREATE TABLE backup_code_schema (name text)`, ErrDatabase, ErrDatabase},
	} {
		s := openPostgres(t, 1)
		if _, err := s.db.Exec(test.statement); err != nil {
			t.Fatal(err)
		}
		wants(t, name+": Check", s.Check(t.Context()), test.check)
		wants(t, name+": Migrate", s.Migrate(t.Context()), test.migrate)
	}
}

// Two services in one database have tables of their own, whoever makes them.
func TestPrefix(t *testing.T) {
	db := openDatabase(t, 2)
	if _, err := db.Exec(`CREATE SCHEMA IF NOT EXISTS auth`); err != nil {
		t.Fatal(err)
	}
	texts, err := Migrations("auth.codes_")
	if err != nil || len(texts) != SchemaVersion {
		t.Fatalf("%d migrations make version %d, %v", len(texts), SchemaVersion, err)
	}
	for _, text := range texts {
		if _, err := db.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
	one, other := openSQL(t, db, "auth.codes_"), openSQL(t, db, "b_")
	wants(t, "Check, made by the service", one.Check(t.Context()), nil)
	wants(t, "Check, not made", other.Check(t.Context()), ErrDatabase)
	wants(t, "Migrate", other.Migrate(t.Context()), nil)
	i, _ := newIssuer(t)
	i.Store = one
	codes := issue(t, i, "alice")
	redeems(t, i, "alice", codes[0], nil)
	i.Store = other
	redeems(t, i, "alice", codes[0], ErrNoCodes)
	for _, bad := range []string{"1", "a-", "A_", "a.b.c", ".a", "a; DROP TABLE users; --", `"`, strings.Repeat("a", 99)} {
		_, err := OpenSQL(t.Context(), db, bad)
		wants(t, bad, err, ErrDatabase)
		_, err = Migrations(bad)
		wants(t, bad, err, ErrDatabase)
	}
}

// Codes are confirmed with the rest of a transaction, or not.
func TestInTransaction(t *testing.T) {
	s := openPostgres(t, 2)
	if _, err := s.db.Exec(`CREATE TABLE people (name text, two_factor bool); INSERT INTO people VALUES ('alice', false)`); err != nil {
		t.Fatal(err)
	}
	i, _ := newIssuer(t)
	i.Store = s
	p := prepare(t, i, "alice")
	for _, commits := range []bool{false, true} {
		tx, err := s.db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		within := *i
		within.Store = s.In(tx)
		if err := within.Confirm(t.Context(), "alice", p.Generation); err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(`UPDATE people SET two_factor = true`); err != nil {
			t.Fatal(err)
		}
		end := tx.Rollback
		if commits {
			end = tx.Commit
		}
		if err := end(); err != nil {
			t.Fatal(err)
		}
		var on bool
		if err := s.db.QueryRow(`SELECT two_factor FROM people`).Scan(&on); err != nil || on != commits {
			t.Errorf("committed %t: two-factor is %t, %v", commits, on, err)
		}
		status, err := i.Status(t.Context(), "alice")
		if err != nil || (status.Generation != 0) != commits {
			t.Errorf("committed %t: %+v, %v", commits, status, err)
		}
	}
}

// A database whose transactions are serializable unless they say otherwise refuses those
// that meet; they are tried again.
func TestSerializable(t *testing.T) {
	db := connectPostgres(t, schemaOf(t, openPostgres(t, 10))+"&default_transaction_isolation=serializable", 10)
	i, _ := newIssuer(t)
	i.Store, i.Throttle = openSQL(t, db, ""), unthrottled
	codes := issue(t, i, "alice")
	inParallel(20, func(n int) {
		if n%2 == 0 {
			redeems(t, i, "alice", codes[n/2], nil)
		} else {
			redeems(t, i, "alice", wrong, ErrUnknown)
		}
	})
	remains(t, i, "alice", 0)
}

// refusing is a driver whose every statement fails, a number of times.
type refusing struct {
	driver.Connector
	failure error
	asked   *int
}

func (r refusing) Connect(context.Context) (driver.Conn, error) { return r, nil }
func (r refusing) Prepare(string) (driver.Stmt, error)          { return nil, errors.ErrUnsupported }
func (r refusing) Begin() (driver.Tx, error)                    { return nil, errors.ErrUnsupported }
func (r refusing) Close() error                                 { return nil }

func (r refusing) QueryContext(_ context.Context, query string, _ []driver.NamedValue) (driver.Rows, error) {
	*r.asked++
	if r.failure != nil {
		return nil, r.failure
	}
	return &version{}, nil
}

// A version is what another database answers.
type version struct{ read bool }

func (*version) Columns() []string { return []string{"version"} }
func (*version) Close() error      { return nil }

func (v *version) Next(to []driver.Value) error {
	if v.read {
		return io.EOF
	}
	to[0], v.read = "CockroachDB CCL v24.1.0", true
	return nil
}

// What a database cannot keep is refused when it is opened, and not at the first code.
func TestOtherDatabases(t *testing.T) {
	for _, failure := range []error{errors.New("no such function: version"), nil} {
		db := sql.OpenDB(refusing{failure: failure, asked: new(int)})
		_, err := OpenSQL(t.Context(), db, "")
		wants(t, "OpenSQL", err, ErrDatabase)
		db.Close()
	}
}

type stateError string

func (e stateError) Error() string    { return "SQLSTATE " + string(e) }
func (e stateError) SQLState() string { return string(e) }

// What PostgreSQL says to try again is, but not for ever, and nothing else is.
func TestRetries(t *testing.T) {
	for state, want := range map[stateError]int{"40001": maxRetries, "40P01": maxRetries, "57014": 1} {
		asked := 0
		s := &SQLStore{db: sql.OpenDB(refusing{failure: state, asked: &asked})}
		_, err := s.Load(t.Context(), "alice")
		if wants(t, string(state), err, state); asked != want {
			t.Errorf("%v: asked %d times, want %d", state, asked, want)
		}
	}
}

// The database itself refuses a second set in force, whoever asks for it.
func TestDatabaseHoldsTheRules(t *testing.T) {
	s := openPostgres(t, 1)
	i, _ := newIssuer(t)
	i.Store = s
	issue(t, i, "alice")
	issue(t, i, "alice")
	for _, statement := range []string{
		`UPDATE backup_code_users SET current_generation = 3`,
		`UPDATE backup_code_users SET pending_generation = 2`,
		`UPDATE backup_code_users SET failed_attempts = -1`,
		`UPDATE backup_code_sets SET hashes[1] = NULL`,
		`UPDATE backup_code_sets SET used_at = '{}'`,
		`UPDATE backup_code_sets SET generation = 1`,
		`INSERT INTO backup_code_sets VALUES ('bob', 1, now(), '01', 20, '{x}', '{NULL}')`,
	} {
		if _, err := s.db.Exec(statement); err == nil {
			t.Errorf("it takes %s", statement)
		}
	}
	remains(t, i, "alice", 10)
}

// A user's codes are found by an index, and not in the whole table.
func TestIndexes(t *testing.T) {
	s := openPostgres(t, 1)
	if _, err := s.db.Exec(`
		INSERT INTO backup_code_users SELECT 'user' || n, 1, 1 FROM generate_series(1, 5000) n;
		INSERT INTO backup_code_sets SELECT 'user' || n, 1, now(), '0123456789', 8, array_fill('x'::text, '{10}'), array_fill(NULL::timestamptz, '{10}')
			FROM generate_series(1, 5000) n;
		ANALYZE`); err != nil {
		t.Fatal(err)
	}
	plan := func(statement string) string {
		t.Helper()
		var plan strings.Builder
		var line string
		err := s.run(t.Context(), "EXPLAIN "+statement, nil, func(rows *sql.Rows) (err error) {
			for err == nil && rows.Next() {
				err = rows.Scan(&line)
				plan.WriteString(line + "\n")
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return plan.String()
	}
	for _, statement := range []string{
		`SELECT * FROM backup_code_users u LEFT JOIN backup_code_sets s ON s.user_id = u.user_id
			AND (generation <= current_generation OR generation = pending_generation) WHERE u.user_id = 'user77'`,
		`UPDATE backup_code_sets SET used_at[3] = now() WHERE user_id = 'user77' AND generation = 1 AND used_at[3] IS NULL`,
		`DELETE FROM backup_code_users WHERE user_id = 'user77'`,
	} {
		if plan := plan(statement); strings.Contains(plan, "Seq Scan") {
			t.Errorf("%s\n%s", statement, plan)
		}
	}
	if plan := plan(`SELECT * FROM backup_code_sets WHERE hashes[1] = 'y'`); !strings.Contains(plan, "Seq Scan") {
		t.Errorf("the check is of no use:\n%s", plan)
	}
}
