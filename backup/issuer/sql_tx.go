package issuer

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// A sqlTx is a transaction in which the user's row is locked.
type sqlTx struct {
	*sql.Tx
	ctx context.Context
}

// transact runs a transaction, which is rolled back if do returns an error. The row
// locks need READ COMMITTED: at a stricter level those who had to wait would fail.
func (s SQLStore) transact(ctx context.Context, do func(sqlTx) error) error {
	tx, err := s.DB.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return fmt.Errorf("changing backup codes: %w", err)
	}
	defer tx.Rollback() // does nothing after Commit
	if err := do(sqlTx{tx, ctx}); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("changing backup codes: %w", err)
	}
	return nil
}

func (tx sqlTx) exec(statement string, args ...any) error {
	_, err := tx.count(statement, args...)
	return err
}

// one runs a statement that changes a row, and returns the error none if it did not.
func (tx sqlTx) one(none error, statement string, args ...any) error {
	n, err := tx.count(statement, args...)
	if err == nil && n == 0 {
		return none
	}
	return err
}

func (tx sqlTx) count(statement string, args ...any) (int64, error) {
	result, err := tx.ExecContext(tx.ctx, statement, args...)
	if err != nil {
		return 0, fmt.Errorf("changing backup codes: %w", err)
	}
	return result.RowsAffected()
}

// state returns the state of a set. It returns the error none if there is no such
// set.
func (tx sqlTx) state(user string, generation int, none error) (state State, err error) {
	err = tx.QueryRowContext(tx.ctx, `SELECT state FROM backup_code_sets WHERE user_id = $1 AND generation = $2`,
		user, generation).Scan(&state)
	if errors.Is(err, sql.ErrNoRows) {
		err = none
	}
	return state, err
}

func (tx sqlTx) setAttempts(user string, a Attempts) error {
	return tx.exec(`UPDATE backup_code_users SET failed_attempts = $2, last_attempt_at = $3 WHERE user_id = $1`,
		user, a.Failed, sql.NullTime{Time: a.Last, Valid: !a.Last.IsZero()})
}

func (tx sqlTx) confirm(user string, generation int) error {
	state, err := tx.state(user, generation, ErrNotPending)
	switch {
	case err != nil:
		return err
	case state == Current:
		return nil
	case state != Pending:
		return ErrNotPending
	}
	statements := []struct {
		text string
		arg  int
	}{
		{`UPDATE backup_code_sets SET state = 'superseded' WHERE user_id = $1 AND state = 'current' AND generation <> $2`, generation},
		{`UPDATE backup_code_sets SET state = 'current' WHERE user_id = $1 AND generation = $2`, generation},
		{`DELETE FROM backup_code_sets WHERE user_id = $1 AND state = 'superseded' AND generation NOT IN (
			SELECT generation FROM backup_code_sets WHERE user_id = $1 AND state = 'superseded'
			ORDER BY generation DESC LIMIT $2)`, KeptSuperseded},
	}
	for _, s := range statements {
		if err := tx.exec(s.text, user, s.arg); err != nil {
			return err
		}
	}
	return tx.setAttempts(user, Attempts{})
}

// spend decides by one compare-and-swap: of all who ask for this row to become used,
// PostgreSQL lets one find it unused. That holds even for a program that does not
// lock the user's row.
func (tx sqlTx) spend(user string, generation int, code Code, at time.Time) error {
	state, err := tx.state(user, generation, ErrUnknown)
	if err != nil {
		return err
	}
	err = tx.one(ErrUsed,
		`UPDATE backup_codes SET used_at = $5
		WHERE user_id = $1 AND generation = $2 AND number = $3 AND hash = $4 AND used_at IS NULL`,
		user, generation, code.Number, code.Hash, at)
	switch {
	case errors.Is(err, ErrUsed):
		return tx.usedOrUnknown(user, generation, code)
	case err != nil:
		return err
	case state == Superseded:
		return ErrSuperseded // which undoes it
	case state == Pending:
		return tx.confirm(user, generation)
	}
	return tx.setAttempts(user, Attempts{})
}

func (tx sqlTx) usedOrUnknown(user string, generation int, code Code) error {
	var there bool
	err := tx.QueryRowContext(tx.ctx,
		`SELECT EXISTS (SELECT FROM backup_codes WHERE user_id = $1 AND generation = $2 AND number = $3 AND hash = $4)`,
		user, generation, code.Number, code.Hash).Scan(&there)
	switch {
	case err != nil:
		return err
	case there:
		return ErrUsed
	}
	return ErrUnknown
}
