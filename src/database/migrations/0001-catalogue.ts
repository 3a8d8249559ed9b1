/**
 * The catalogue's tables.
 *
 * `images` holds one row an image. `place` is its place in a list as one number (see
 * src/catalogue/sqlite/places.ts), `revision` changes with every write of the row and is never
 * reused, `audiences` names the lists that show it. `postings` is an inverted index: for each
 * audience and term, the places of the images that the audience sees and that hold the term.
 */
export const CATALOGUE_TABLES = `
CREATE TABLE images (
  n INTEGER PRIMARY KEY,
  place INTEGER NOT NULL UNIQUE,
  id BLOB NOT NULL UNIQUE,
  revision INTEGER NOT NULL,
  audiences TEXT NOT NULL,
  name TEXT,
  status TEXT NOT NULL,
  visibility TEXT NOT NULL,
  owner TEXT,
  is_hidden INTEGER NOT NULL,
  is_protected INTEGER NOT NULL,
  min_ram_mib INTEGER NOT NULL,
  min_disk_gib INTEGER NOT NULL,
  size_bytes INTEGER,
  virtual_size_bytes INTEGER,
  disk_format TEXT,
  container_format TEXT,
  checksum TEXT,
  hash_algorithm TEXT,
  hash_value TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  tags TEXT NOT NULL,
  properties TEXT NOT NULL,
  members TEXT NOT NULL
) STRICT;
CREATE INDEX images_by_update ON images (updated_at, place);

CREATE TABLE audiences (
  n INTEGER PRIMARY KEY,
  project TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE catalogue_revision (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  revision INTEGER NOT NULL
) STRICT;
INSERT INTO catalogue_revision VALUES (1, 0);

CREATE VIRTUAL TABLE postings USING fts5 (
  terms, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
);
-- Postings are removed through a trigger: it gives back the connection's last rowid when it ends, and
-- the one that fts5 leaves does not fit the number that node:sqlite reports after every write. The one
-- that it leaves when a posting is added is that posting's.
CREATE VIEW removed_postings AS SELECT 0 AS place;
CREATE TRIGGER remove_posting INSTEAD OF INSERT ON removed_postings BEGIN
  DELETE FROM postings WHERE rowid = new.place;
END;
`
