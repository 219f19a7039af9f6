package issuer

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"time"
)

// A SQLStore keeps codes in PostgreSQL, for a service on any number of machines. It
// works with any driver that writes parameters as $1. The tables are those of
// Schema, in the connection's search path.
type SQLStore struct {
	DB *sql.DB
}

// Schema makes the tables and indexes of a SQLStore, where they are not there yet.
//
//go:embed schema.sql
var Schema string

// CreateTables runs Schema, one machine at a time: of two that make a table at once,
// PostgreSQL gives one an error, IF NOT EXISTS or not. A service that has migrations
// puts Schema among them instead.
func (s SQLStore) CreateTables(ctx context.Context) error {
	return s.transact(ctx, func(tx sqlTx) error {
		if err := tx.exec(`SELECT pg_advisory_xact_lock($1)`, schemaLock); err != nil {
			return err
		}
		return tx.exec(Schema)
	})
}

// schemaLock is a number that nobody else locks: "codes" in ASCII.
const schemaLock = 0x636f646573

// Sets implements Store, by one statement: what it sees is of one moment.
func (s SQLStore) Sets(ctx context.Context, user string) ([]Set, error) {
	rows, err := s.DB.QueryContext(ctx,
		`SELECT generation, state, made_at, alphabet, length, number, hash, used_at
		FROM backup_code_sets JOIN backup_codes USING (user_id, generation)
		WHERE user_id = $1 ORDER BY generation, number`, user)
	if err != nil {
		return nil, fmt.Errorf("reading backup codes: %w", err)
	}
	defer rows.Close()
	var sets []Set
	for rows.Next() {
		var set Set
		var code Code
		var used sql.NullTime
		err := rows.Scan(&set.Generation, &set.State, &set.Made, &set.Alphabet, &set.Length, &code.Number, &code.Hash, &used)
		if err != nil {
			return nil, fmt.Errorf("reading backup codes: %w", err)
		}
		if len(sets) == 0 || sets[len(sets)-1].Generation != set.Generation {
			set.Made = set.Made.UTC()
			sets = append(sets, set)
		}
		if used.Valid {
			code.Used = used.Time.UTC()
		}
		last := &sets[len(sets)-1]
		last.Codes = append(last.Codes, code)
	}
	return sets, rows.Err()
}

// Add implements Store.
func (s SQLStore) Add(ctx context.Context, user string, set Set) (generation int, err error) {
	err = s.transact(ctx, func(tx sqlTx) error {
		// The row of a new user is made, that of another locked.
		err := tx.QueryRowContext(ctx,
			`INSERT INTO backup_code_users AS u (user_id, last_generation) VALUES ($1, 1)
			ON CONFLICT (user_id) DO UPDATE SET last_generation = u.last_generation + 1
			RETURNING last_generation`, user).Scan(&generation)
		if err != nil {
			return err
		}
		if err := tx.exec(`DELETE FROM backup_code_sets WHERE user_id = $1 AND state = 'pending'`, user); err != nil {
			return err
		}
		err = tx.exec(
			`INSERT INTO backup_code_sets (user_id, generation, state, made_at, alphabet, length)
			VALUES ($1, $2, 'pending', $3, $4, $5)`, user, generation, set.Made, string(set.Alphabet), set.Length)
		for _, c := range set.Codes {
			if err == nil {
				err = tx.exec(`INSERT INTO backup_codes (user_id, generation, number, hash) VALUES ($1, $2, $3, $4)`,
					user, generation, c.Number, c.Hash)
			}
		}
		return err
	})
	return generation, err
}

// Confirm implements Store.
func (s SQLStore) Confirm(ctx context.Context, user string, generation int) error {
	return s.change(ctx, user, ErrNotPending, func(tx sqlTx, _ Attempts) error { return tx.confirm(user, generation) })
}

// Abandon implements Store.
func (s SQLStore) Abandon(ctx context.Context, user string, generation int) error {
	return s.change(ctx, user, ErrNotPending, func(tx sqlTx, _ Attempts) error {
		return tx.one(ErrNotPending, `DELETE FROM backup_code_sets WHERE user_id = $1 AND generation = $2 AND state = 'pending'`,
			user, generation)
	})
}

// Spend implements Store.
func (s SQLStore) Spend(ctx context.Context, user string, generation int, code Code, at time.Time) error {
	return s.change(ctx, user, ErrUnknown, func(tx sqlTx, _ Attempts) error { return tx.spend(user, generation, code, at) })
}

// Attempt implements Store.
func (s SQLStore) Attempt(ctx context.Context, user string, next func(Attempts) (Attempts, error)) error {
	return s.change(ctx, user, ErrNoCodes, func(tx sqlTx, a Attempts) error {
		a, err := next(a)
		if err != nil {
			return err
		}
		return tx.setAttempts(user, a)
	})
}

// Remove implements Store.
func (s SQLStore) Remove(ctx context.Context, user string) error {
	return s.transact(ctx, func(tx sqlTx) error { // the rest goes with it
		return tx.exec(`DELETE FROM backup_code_users WHERE user_id = $1`, user)
	})
}

// change locks what there is of a user, and changes it. It returns the error absent
// if that is nothing.
func (s SQLStore) change(ctx context.Context, user string, absent error, change func(sqlTx, Attempts) error) error {
	return s.transact(ctx, func(tx sqlTx) error {
		var a Attempts
		var last sql.NullTime
		err := tx.QueryRowContext(ctx,
			`SELECT failed_attempts, last_attempt_at FROM backup_code_users WHERE user_id = $1 FOR UPDATE`, user).Scan(&a.Failed, &last)
		if errors.Is(err, sql.ErrNoRows) {
			return absent
		}
		if err != nil {
			return err
		}
		a.Last = last.Time.UTC()
		return change(tx, a)
	})
}
