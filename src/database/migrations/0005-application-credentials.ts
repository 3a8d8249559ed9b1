/**
 * Application credentials: a user's own, each for one project, with some of the user's roles on it. A
 * token that was made with one names it, so that it ends with it.
 */
export const APPLICATION_CREDENTIAL_TABLES = `
CREATE TABLE application_credential (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  description TEXT,
  secret_hash TEXT NOT NULL,
  user_id TEXT NOT NULL REFERENCES user (id) ON DELETE CASCADE,
  project_id TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
  unrestricted INTEGER NOT NULL,
  expires_at_ms INTEGER,
  UNIQUE (user_id, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX application_credential_by_project ON application_credential (project_id);

CREATE TABLE application_credential_role (
  application_credential_id TEXT NOT NULL
    REFERENCES application_credential (id) ON DELETE CASCADE,
  role_id TEXT NOT NULL REFERENCES role (id),
  PRIMARY KEY (application_credential_id, role_id)
) STRICT, WITHOUT ROWID;

ALTER TABLE token ADD COLUMN application_credential_id TEXT
  REFERENCES application_credential (id) ON DELETE CASCADE;

CREATE INDEX token_by_application_credential ON token (application_credential_id);
`
