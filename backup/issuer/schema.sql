-- Backup codes, for PostgreSQL 9.5 and later. Times are UTC.

-- A user who has, or had, codes. Who changes any row of a user locks this one first.
CREATE TABLE IF NOT EXISTS backup_code_users (
    user_id         text        PRIMARY KEY,
    last_generation integer     NOT NULL DEFAULT 0,
    failed_attempts integer     NOT NULL DEFAULT 0,
    last_attempt_at timestamptz
);

CREATE TABLE IF NOT EXISTS backup_code_sets (
    user_id    text        NOT NULL REFERENCES backup_code_users ON DELETE CASCADE,
    generation integer     NOT NULL CHECK (generation > 0),
    state      text        NOT NULL CHECK (state IN ('pending', 'current', 'superseded')),
    made_at    timestamptz NOT NULL,
    alphabet   text        NOT NULL,
    length     integer     NOT NULL CHECK (length > 0),
    PRIMARY KEY (user_id, generation)
);

-- One set in force, and one that waits.
CREATE UNIQUE INDEX IF NOT EXISTS backup_code_sets_current ON backup_code_sets (user_id) WHERE state = 'current';
CREATE UNIQUE INDEX IF NOT EXISTS backup_code_sets_pending ON backup_code_sets (user_id) WHERE state = 'pending';

-- Hashes, not codes. A code is unused while used_at is null.
CREATE TABLE IF NOT EXISTS backup_codes (
    user_id    text        NOT NULL,
    generation integer     NOT NULL,
    number     integer     NOT NULL CHECK (number > 0),
    hash       text        NOT NULL CHECK (hash <> ''),
    used_at    timestamptz,
    PRIMARY KEY (user_id, generation, number),
    FOREIGN KEY (user_id, generation) REFERENCES backup_code_sets ON DELETE CASCADE
);
