import { CATALOGUE_TABLES } from './migrations/0001-catalogue.ts'
import { IDENTITY_TABLES } from './migrations/0002-identity.ts'
import { SEARCH_INDEXES } from './migrations/0003-search.ts'
import { ORDER_INDEXES } from './migrations/0004-orders.ts'
import { APPLICATION_CREDENTIAL_TABLES } from './migrations/0005-application-credentials.ts'
import { AUDIENCE_CHANGES } from './migrations/0006-audience-changes.ts'

/** In order; step N takes a file from version N-1 to N. A published step is never edited. */
export const MIGRATIONS: readonly string[] = [
  CATALOGUE_TABLES,
  IDENTITY_TABLES,
  SEARCH_INDEXES,
  ORDER_INDEXES,
  APPLICATION_CREDENTIAL_TABLES,
  AUDIENCE_CHANGES,
]
