/** What Keystone said of a token is believed for so long, and never past the token's expiry. */
export const TOKEN_CACHE_MS = 300_000
/** So long for a token it does not know: one that is made later is another one. */
export const REFUSED_TOKEN_CACHE_MS = 10_000
/** Tokens remembered, good and refused ones apart: guessing pushes no good one out. */
export const CACHED_TOKENS_MAX = 10_000
/** A longer token is nobody's; it would have to be sent twice in one header block. */
export const TOKEN_BYTES_MAX = 32 * 1024
/** The service user's token is renewed so long before it expires. */
export const SERVICE_TOKEN_MARGIN_MS = 60_000
/** A service user that was refused is not signed in again for so long, lest it be locked out. */
export const SERVICE_REFUSAL_MS = 10_000
