package issuer

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"strings"
)

// A SQLStore keeps codes in PostgreSQL, for a service on any number of machines. It
// works with any driver of database/sql that writes parameters as $1. Each method is
// one statement, in one round trip, whatever isolation level the database defaults to:
// what PostgreSQL asks to try again, is. It is safe for concurrent use.
//
// Its methods return ErrDatabase from Migrate and Check alone; without the tables, the
// others return what the database does.
type SQLStore struct {
	db     *sql.DB
	tx     *sql.Tx
	prefix string
}

// OpenSQL returns the store in a database, in tables whose names begin with the prefix,
// or with DefaultPrefix if it is empty. [SQLStore.Migrate] makes them. It returns
// ErrDatabase for what is not PostgreSQL 9.6 or later, and for an invalid prefix.
func OpenSQL(ctx context.Context, db *sql.DB, prefix string) (*SQLStore, error) {
	if err := checkPrefix(prefix); err != nil {
		return nil, err
	}
	var name string
	if err := db.PingContext(ctx); err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	if err := db.QueryRowContext(ctx, `SELECT version()`).Scan(&name); err != nil {
		return nil, fmt.Errorf("%w: it does not answer as PostgreSQL does: %w", ErrDatabase, err)
	}
	if !strings.HasPrefix(name, "PostgreSQL ") {
		return nil, fmt.Errorf("%w: it is not PostgreSQL but %.40q", ErrDatabase, name)
	}
	var number int
	if err := db.QueryRowContext(ctx, `SELECT current_setting('server_version_num')`).Scan(&number); err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	if number < 90600 {
		return nil, fmt.Errorf("%w: it is PostgreSQL %d.%d, before 9.6", ErrDatabase, number/10000, number/100%100)
	}
	return &SQLStore{db: db, prefix: prefix}, nil
}

// In returns the store within a transaction, so that codes are confirmed when the rest
// of it is committed, as when two-factor authentication is turned on, or not at all.
// There, nothing is tried again that PostgreSQL refuses.
func (s *SQLStore) In(tx *sql.Tx) *SQLStore { return &SQLStore{tx: tx, prefix: s.prefix} }

// A querier is a database, or a transaction in it.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

func (s *SQLStore) conn() querier {
	if s.tx != nil {
		return s.tx
	}
	return s.db
}

// maxRetries is how often PostgreSQL may refuse a statement for others at the same time.
const maxRetries = 50

// run runs a statement, and has its rows read. It does so again while PostgreSQL says
// to: serialization_failure and deadlock_detected ("PostgreSQL Error Codes").
func (s *SQLStore) run(ctx context.Context, statement string, args []any, read func(*sql.Rows) error) (err error) {
	for range maxRetries {
		err = s.once(ctx, prefixed(s.prefix, statement), args, read)
		var state interface{ SQLState() string }
		if s.tx != nil || !errors.As(err, &state) || state.SQLState() != "40001" && state.SQLState() != "40P01" {
			break
		}
	}
	return err
}

func (s *SQLStore) once(ctx context.Context, statement string, args []any, read func(*sql.Rows) error) error {
	rows, err := s.conn().QueryContext(ctx, statement, args...)
	if err != nil {
		return fmt.Errorf("querying backup codes: %w", err)
	}
	defer rows.Close()
	if err := errors.Join(read(rows), rows.Err(), rows.Close()); err != nil {
		return fmt.Errorf("querying backup codes: %w", err)
	}
	return nil
}

// row runs a statement that returns one row at most, and reports whether it did.
func (s *SQLStore) row(ctx context.Context, dest []any, statement string, args ...any) (found bool, err error) {
	err = s.run(ctx, statement, args, func(rows *sql.Rows) error {
		if found = rows.Next(); !found {
			return nil
		}
		return rows.Scan(dest...)
	})
	return found && err == nil, err
}

//go:embed schema.sql
var schema1 string

// migrations make of each version of the tables the next.
var migrations = []string{schema1}

// SchemaVersion is the version of the tables that this package reads and writes.
const SchemaVersion = 1

// DefaultPrefix is what the names of the tables begin with.
const DefaultPrefix = "backup_code_"

// Migrations returns the SQL that makes the tables, for a service with migrations of its
// own: the first text makes version 1, each other the next version of the one before. The
// names of the tables begin with the prefix, as in "auth.codes_"; with DefaultPrefix if
// it is empty. It returns ErrDatabase for one that is not letters in lower case, digits
// and _, after one schema's name and a dot at most.
func Migrations(prefix string) ([]string, error) {
	if err := checkPrefix(prefix); err != nil {
		return nil, err
	}
	texts := make([]string, len(migrations))
	for n, text := range migrations {
		texts[n] = prefixed(prefix, text)
	}
	return texts, nil
}

func checkPrefix(prefix string) error {
	const letters = "abcdefghijklmnopqrstuvwxyz_"
	schema, table, dotted := strings.Cut(prefix, ".")
	if !dotted {
		schema, table = "s", prefix
	}
	for _, name := range []string{schema, table + "s"} { // a table's name goes on
		if name == "" || len(name) > 48 || strings.Trim(name, letters+"0123456789") != "" || !strings.ContainsAny(name[:1], letters) {
			return fmt.Errorf("%w: invalid prefix %q for its tables", ErrDatabase, prefix)
		}
	}
	return nil
}

func prefixed(prefix, statement string) string {
	if prefix == "" {
		return statement
	}
	return strings.ReplaceAll(statement, DefaultPrefix, prefix)
}

// Migrate makes the tables, or brings them to SchemaVersion, one machine at a time. It
// returns ErrDatabase for tables of the same names that are somebody else's, or of a newer
// version.
func (s *SQLStore) Migrate(ctx context.Context) error {
	if s.tx != nil {
		return s.migrate(ctx, s.tx)
	}
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return fmt.Errorf("making the tables: %w", err)
	}
	defer tx.Rollback() // does nothing after Commit
	if err := s.migrate(ctx, tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("making the tables: %w", err)
	}
	return nil
}

// schemaLock is a number that nobody else locks: "codes" in ASCII.
const schemaLock = 0x636f646573

func (s *SQLStore) migrate(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, schemaLock); err != nil {
		return fmt.Errorf("making the tables: %w", err)
	}
	version, err := s.version(ctx, tx)
	if err != nil {
		return err
	}
	if version == SchemaVersion {
		return s.checkColumns(ctx, tx)
	}
	for _, text := range migrations[version:] {
		if _, err := tx.ExecContext(ctx, prefixed(s.prefix, text)); err != nil {
			return schemaError(err)
		}
	}
	return nil
}

// Check reports whether the tables are there, and of this version, as a service wants
// to know when it starts, or is asked whether it is ready. It returns ErrDatabase if not,
// and what the database returns.
func (s *SQLStore) Check(ctx context.Context) error {
	version, err := s.version(ctx, s.conn())
	switch {
	case err != nil:
		return err
	case version == 0:
		return fmt.Errorf("%w: it has no tables for them", ErrDatabase)
	case version < SchemaVersion:
		return fmt.Errorf("%w: its tables have version %d, and %d is needed", ErrDatabase, version, SchemaVersion)
	}
	return s.checkColumns(ctx, s.conn())
}

// version returns that of the tables, 0 if there are none.
func (s *SQLStore) version(ctx context.Context, q querier) (version int, err error) {
	var there bool
	// Without pg_class, to_regclass would not see what others made since it was asked last.
	err = q.QueryRowContext(ctx, `SELECT count(*) > 0 FROM pg_class WHERE oid = to_regclass($1::text)`,
		prefixed(s.prefix, "backup_code_schema")).Scan(&there)
	if err == nil && there {
		err = q.QueryRowContext(ctx, prefixed(s.prefix, `SELECT coalesce(max(version), 0) FROM backup_code_schema`)).Scan(&version)
	}
	if err != nil {
		return 0, schemaError(err)
	}
	if version > SchemaVersion {
		return 0, fmt.Errorf("%w: its tables have version %d, and this program knows %d", ErrDatabase, version, SchemaVersion)
	}
	return version, nil
}

func (s *SQLStore) checkColumns(ctx context.Context, q querier) error {
	_, err := q.ExecContext(ctx, prefixed(s.prefix,
		`SELECT u.user_id, last_generation, current_generation, pending_generation, failed_attempts, last_attempt_at,
			generation, made_at, alphabet, length, hashes[1], used_at[1]
		FROM backup_code_users u, backup_code_sets WHERE false`))
	return schemaError(err)
}

// schemaError makes ErrDatabase of what PostgreSQL says of tables that are not as they
// should be: class 42 ("PostgreSQL Error Codes").
func schemaError(err error) error {
	var state interface{ SQLState() string }
	switch {
	case err == nil:
		return nil
	case errors.As(err, &state) && strings.HasPrefix(state.SQLState(), "42"):
		return fmt.Errorf("%w: %w", ErrDatabase, err)
	}
	return fmt.Errorf("checking the tables: %w", err)
}
