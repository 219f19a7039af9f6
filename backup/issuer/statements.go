package issuer

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// The statements below name the tables with DefaultPrefix.

// Load implements Store.
func (s *SQLStore) Load(ctx context.Context, user string) (r Record, err error) {
	err = s.run(ctx,
		`SELECT failed_attempts, last_attempt_at, current_generation, generation, made_at, alphabet, length,
			array_to_json(hashes)::text, array_to_json(used_at)::text
		FROM backup_code_users u LEFT JOIN backup_code_sets s ON s.user_id = u.user_id
			AND (generation <= current_generation OR generation = pending_generation)
		WHERE u.user_id = $1 ORDER BY generation`,
		[]any{user}, func(rows *sql.Rows) error {
			r = Record{}
			for rows.Next() {
				if err := r.scan(rows); err != nil {
					return err
				}
			}
			return nil
		})
	if err != nil {
		return Record{}, err
	}
	return r, nil
}

// scan reads a row of Load's: attempts, and a set if there is one.
func (r *Record) scan(rows *sql.Rows) error {
	var current int
	var last, made sql.NullTime
	var generation, length sql.Null[int]
	var alphabet, hashes, used sql.NullString
	err := rows.Scan(&r.Attempts.Failed, &last, &current, &generation, &made, &alphabet, &length, &hashes, &used)
	if err != nil {
		return err
	}
	if last.Valid {
		r.Attempts.Last = last.Time.UTC()
	}
	if !generation.Valid {
		return nil
	}
	set := Set{Generation: generation.V, State: Current, Made: made.Time.UTC(), Alphabet: Alphabet(alphabet.String), Length: length.V}
	switch {
	case set.Generation > current:
		set.State = Pending
	case set.Generation < current:
		set.State = Superseded
	}
	set.Codes, err = parseCodes(hashes.String, used.String)
	r.Sets = append(r.Sets, set)
	return err
}

// parseCodes reads arrays of hashes and of times, as JSON.
func parseCodes(hashes, used string) ([]Code, error) {
	var texts []string
	var times []*time.Time
	err := errors.Join(json.Unmarshal([]byte(hashes), &texts), json.Unmarshal([]byte(used), &times))
	if err != nil || len(texts) != len(times) {
		return nil, fmt.Errorf("%w: %v", ErrDamaged, err)
	}
	codes := make([]Code, len(texts))
	for n := range codes {
		codes[n] = Code{Number: n + 1, Hash: texts[n]}
		if times[n] != nil {
			codes[n].Used = times[n].UTC()
		}
	}
	return codes, nil
}

// Add implements Store.
func (s *SQLStore) Add(ctx context.Context, user string, set Set) (generation int, err error) {
	set.State, set.Generation = Pending, 1
	if err := set.validate(); err != nil {
		return 0, err
	}
	hashes, used := make([]string, len(set.Codes)), make([]string, len(set.Codes))
	for n, c := range set.Codes {
		hashes[n], used[n] = quoted(c.Hash), "NULL"
		if !c.Used.IsZero() {
			used[n] = quoted(c.Used.UTC().Format(time.RFC3339Nano))
		}
	}
	// The row of a new user is made, that of another locked.
	_, err = s.row(ctx, []any{&generation},
		`WITH owner AS (
			INSERT INTO backup_code_users AS u (user_id, last_generation, pending_generation) VALUES ($1, 1, 1)
			ON CONFLICT (user_id) DO UPDATE SET last_generation = u.last_generation + 1, pending_generation = u.last_generation + 1
			RETURNING user_id, current_generation, last_generation
		), replaced AS (
			DELETE FROM backup_code_sets s USING owner o
			WHERE s.user_id = o.user_id AND generation > current_generation AND generation < last_generation
		)
		INSERT INTO backup_code_sets (user_id, generation, made_at, alphabet, length, hashes, used_at)
		SELECT user_id, last_generation, $2, $3, $4, $5::text[], $6::timestamptz[] FROM owner
		RETURNING generation`,
		user, set.Made, string(set.Alphabet), set.Length, array(hashes), array(used))
	return generation, err
}

// quoted and array write an array as PostgreSQL reads it ("Array Input and Output Syntax").
func quoted(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

func array(elements []string) string { return "{" + strings.Join(elements, ",") + "}" }

// forgotten deletes, where the generation $2 is confirmed, superseded sets beyond
// KeptSuperseded, and those that were replaced while they waited. The generation that was
// current before is the column was.
const forgotten = `forgotten AS (
	DELETE FROM backup_code_sets s USING confirmed c
	WHERE s.user_id = c.user_id AND generation < $2 AND generation NOT IN (
		SELECT generation FROM backup_code_sets WHERE user_id = $1 AND generation <= c.was
		ORDER BY generation DESC LIMIT 2) -- KeptSuperseded
)`

// Confirm implements Store.
func (s *SQLStore) Confirm(ctx context.Context, user string, generation int) error {
	found, err := s.row(ctx, []any{new(int)},
		`WITH before AS (
			SELECT user_id, current_generation FROM backup_code_users
			WHERE user_id = $1 AND $2 IN (current_generation, pending_generation) AND $2 > 0 FOR NO KEY UPDATE
		), confirmed AS (
			UPDATE backup_code_users u
			SET current_generation = $2, pending_generation = 0, failed_attempts = 0, last_attempt_at = NULL
			FROM before b WHERE u.user_id = b.user_id AND b.current_generation <> $2
			RETURNING u.user_id, b.current_generation AS was
		), `+forgotten+`
		SELECT 1 FROM before`, user, generation)
	if err == nil && !found {
		err = ErrNotPending
	}
	return err
}

// Abandon implements Store.
func (s *SQLStore) Abandon(ctx context.Context, user string, generation int) error {
	found, err := s.row(ctx, []any{new(int)},
		`WITH abandoned AS (
			UPDATE backup_code_users SET pending_generation = 0
			WHERE user_id = $1 AND pending_generation = $2 AND $2 > 0 RETURNING user_id
		), deleted AS (
			DELETE FROM backup_code_sets s USING abandoned a WHERE s.user_id = a.user_id AND generation = $2
		)
		SELECT 1 FROM abandoned`, user, generation)
	if err == nil && !found {
		err = ErrNotPending
	}
	return err
}

// Spend implements Store. Of all who ask for one code to become used, PostgreSQL lets one
// find it unused: whoever waits for the row looks at it again. The user's row is locked
// before, so that no set is confirmed in between; what becomes of it depends on what was
// read under that lock alone, for checks see a row as it was when the statement began.
func (s *SQLStore) Spend(ctx context.Context, user string, c Claim) (Redeemed, error) {
	done := Redeemed{Generation: c.Generation, Number: c.Code.Number}
	found, err := s.row(ctx, []any{&done.Left, &done.Confirmed},
		`WITH before AS (
			SELECT user_id, current_generation, pending_generation FROM backup_code_users
			WHERE user_id = $1 AND $2 IN (current_generation, pending_generation)
				AND failed_attempts = $6 AND last_attempt_at IS NOT DISTINCT FROM $7::timestamptz
			FOR NO KEY UPDATE
		), spent AS (
			UPDATE backup_code_sets s SET used_at[$3] = $5 FROM before b
			WHERE s.user_id = b.user_id AND generation = $2 AND hashes[$3] = $4 AND used_at[$3] IS NULL
			RETURNING s.user_id, b.current_generation AS was, b.pending_generation AS waited,
				(SELECT count(*) FROM unnest(used_at) AS used WHERE used IS NULL) AS unused
		), settled AS (
			UPDATE backup_code_users u SET failed_attempts = 0, last_attempt_at = NULL,
				current_generation = $2, pending_generation = CASE was WHEN $2 THEN waited ELSE 0 END
			FROM spent WHERE u.user_id = spent.user_id
		), confirmed AS (
			SELECT user_id, was FROM spent WHERE was <> $2
		), `+forgotten+`
		SELECT unused, was <> $2 FROM spent`,
		user, c.Generation, c.Code.Number, c.Code.Hash, c.At, c.Seen.Failed, nullTime(c.Seen.Last))
	if err != nil {
		return Redeemed{}, err
	}
	if !found {
		return Redeemed{}, s.whyNot(ctx, user, c)
	}
	return done, nil
}

// whyNot returns why a claim was refused.
func (s *SQLStore) whyNot(ctx context.Context, user string, c Claim) error {
	var used sql.NullTime
	var superseded bool
	found, err := s.row(ctx, []any{&used, &superseded},
		`SELECT used_at[$3], generation < current_generation
		FROM backup_code_users u JOIN backup_code_sets s ON s.user_id = u.user_id
		WHERE u.user_id = $1 AND generation = $2 AND hashes[$3] = $4
			AND (generation <= current_generation OR generation = pending_generation)`,
		user, c.Generation, c.Code.Number, c.Code.Hash)
	switch {
	case err != nil:
		return err
	case !found:
		return ErrUnknown
	case used.Valid:
		return &UsedError{c.Generation, c.Code.Number, used.Time.UTC()}
	case superseded:
		return ErrSuperseded
	}
	return ErrChanged
}

func nullTime(t time.Time) sql.NullTime { return sql.NullTime{Time: t, Valid: !t.IsZero()} }

// Attempt implements Store.
func (s *SQLStore) Attempt(ctx context.Context, user string, seen, next Attempts) error {
	var changed bool
	found, err := s.row(ctx, []any{&changed},
		`WITH changed AS (
			UPDATE backup_code_users SET failed_attempts = $4, last_attempt_at = $5
			WHERE user_id = $1 AND failed_attempts = $2 AND last_attempt_at IS NOT DISTINCT FROM $3::timestamptz
			RETURNING user_id
		)
		SELECT EXISTS (SELECT FROM changed) FROM backup_code_users WHERE user_id = $1`,
		user, seen.Failed, nullTime(seen.Last), next.Failed, nullTime(next.Last))
	switch {
	case err != nil:
		return err
	case !found:
		return ErrNoCodes
	case !changed:
		return ErrChanged
	}
	return nil
}

// Remove implements Store. The sets go with the user.
func (s *SQLStore) Remove(ctx context.Context, user string) error {
	_, err := s.row(ctx, nil, `DELETE FROM backup_code_users WHERE user_id = $1`, user)
	return err
}
