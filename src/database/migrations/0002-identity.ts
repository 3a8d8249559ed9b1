/**
 * Local identity's tables. Names are unique within the one domain; ids are Keystone's 32 hex
 * characters. Of a token only the SHA-256 of its text is stored, so nobody can take a token from
 * the file.
 */
export const IDENTITY_TABLES = `
CREATE TABLE project (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  description TEXT NOT NULL,
  enabled INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE user (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  password_hash TEXT NOT NULL,
  enabled INTEGER NOT NULL,
  default_project_id TEXT REFERENCES project (id) ON DELETE SET NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX user_by_default_project ON user (default_project_id);

CREATE TABLE role (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;

INSERT INTO role (id, name) VALUES
  (lower(hex(randomblob(16))), 'admin'),
  (lower(hex(randomblob(16))), 'member'),
  (lower(hex(randomblob(16))), 'reader');

CREATE TABLE role_assignment (
  user_id TEXT NOT NULL REFERENCES user (id) ON DELETE CASCADE,
  project_id TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
  role_id TEXT NOT NULL REFERENCES role (id),
  PRIMARY KEY (user_id, project_id, role_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX role_assignment_by_project ON role_assignment (project_id);

CREATE TABLE token (
  hash TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES user (id) ON DELETE CASCADE,
  project_id TEXT REFERENCES project (id) ON DELETE CASCADE,
  methods TEXT NOT NULL,
  audit_ids TEXT NOT NULL,
  issued_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX token_by_user ON token (user_id, issued_at_ms);
CREATE INDEX token_by_project ON token (project_id);
CREATE INDEX token_by_expiry ON token (expires_at_ms);

CREATE TABLE identity_epoch (
  only_row INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
  epoch INTEGER NOT NULL
) STRICT;

INSERT INTO identity_epoch (only_row, epoch) VALUES (1, 0);
`
