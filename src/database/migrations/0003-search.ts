/**
 * Indexes for the Image service's lists. Later images have earlier places, so an index that goes on
 * to `place DESC` is in order of creation. `postings` begins empty, with `posted_words` at 0: the
 * catalogue decides which words stand for an image, and writes them when it is opened
 * (src/catalogue/sqlite/renew-postings.ts).
 */
export const SEARCH_INDEXES = `
DROP INDEX images_by_update;
CREATE INDEX images_by_update ON images (updated_at, place DESC);
CREATE INDEX images_by_name ON images (name, place DESC);
CREATE INDEX images_hidden ON images (place) WHERE is_hidden = 1;
CREATE INDEX images_shared ON images (place) WHERE visibility = 'shared';

DROP TABLE postings;
CREATE VIRTUAL TABLE postings USING fts5 (
  terms, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
);
CREATE TABLE posted_words (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  version INTEGER NOT NULL
) STRICT;
INSERT INTO posted_words VALUES (1, 0);
`
