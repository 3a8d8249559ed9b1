/**
 * When each audience's images last changed, as a revision of `catalogue_revision`, so that an answer
 * stays good while others' images change (see src/catalogue/sqlite/audience-changes.ts).
 */
export const AUDIENCE_CHANGES = `
CREATE TABLE audience_changes (
  audience TEXT NOT NULL PRIMARY KEY,
  revision INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX audience_changes_by_revision ON audience_changes (revision);
`
