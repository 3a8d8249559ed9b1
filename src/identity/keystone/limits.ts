/** How long Keystone's answer about a token is used; never past the token's expiry. */
export const TOKEN_CACHE_MS = 300_000
/** The same for a token that Keystone does not know; a new token never equals an old one. */
export const REFUSED_TOKEN_CACHE_MS = 10_000
/** Remembered tokens, valid and refused ones each: guesses do not push out valid ones. */
export const CACHED_TOKENS_MAX = 10_000
/** A longer token is invalid: it would have to be sent twice in one header block. */
export const TOKEN_BYTES_MAX = 32 * 1024
/** How long before its expiry the service user's token is renewed. */
export const SERVICE_TOKEN_MARGIN_MS = 60_000
/** How long a refused service user is not signed in again, so that it is not locked out. */
export const SERVICE_REFUSAL_MS = 10_000
