package issuer

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"strings"
)

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
