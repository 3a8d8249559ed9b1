/**
 * The other orders that an Image service's list may have, so that a page of it is read along an
 * index: as in 0003-search.ts, `place DESC` is in order of creation.
 */
export const ORDER_INDEXES = `
CREATE INDEX images_by_size ON images (size_bytes, place DESC);
CREATE INDEX images_by_status ON images (status, place DESC);
CREATE INDEX images_by_disk_format ON images (disk_format, place DESC);
CREATE INDEX images_by_container_format ON images (container_format, place DESC);
`
