-- Backup codes, for PostgreSQL 9.6 and later.

CREATE TABLE backup_code_schema (version integer NOT NULL);
INSERT INTO backup_code_schema VALUES (1);

-- A user who has, or had, codes. Whatever changes anything of a user's locks this row
-- first. Generation 0 is none: one set is in force, and one waits to be confirmed.
CREATE TABLE backup_code_users (
    user_id            text        PRIMARY KEY,
    last_generation    integer     NOT NULL,
    current_generation integer     NOT NULL DEFAULT 0,
    pending_generation integer     NOT NULL DEFAULT 0,
    failed_attempts    integer     NOT NULL DEFAULT 0 CHECK (failed_attempts >= 0),
    last_attempt_at    timestamptz,
    CHECK (0 <= current_generation AND current_generation <= last_generation),
    CHECK (pending_generation = 0 OR
           current_generation < pending_generation AND pending_generation <= last_generation)
) WITH (fillfactor = 90);

-- Codes that were made at once: of number n, hashes[n] is the hash, and used_at[n] when
-- it was used, null until then. A set below the current generation is superseded.
CREATE TABLE backup_code_sets (
    user_id    text          NOT NULL REFERENCES backup_code_users ON DELETE CASCADE,
    generation integer       NOT NULL CHECK (generation > 0),
    made_at    timestamptz   NOT NULL,
    alphabet   text          NOT NULL,
    length     integer       NOT NULL CHECK (length > 0),
    hashes     text[]        NOT NULL CHECK (cardinality(hashes) > 0 AND array_position(hashes, NULL) IS NULL),
    used_at    timestamptz[] NOT NULL CHECK (cardinality(used_at) = cardinality(hashes)),
    PRIMARY KEY (user_id, generation)
) WITH (fillfactor = 90);
