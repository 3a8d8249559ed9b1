/** The catalogue's tables. */
export const CATALOGUE_TABLES = ''
