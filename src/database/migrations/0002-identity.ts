/** Local identity's tables. */
export const IDENTITY_TABLES = ''
