import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'

/** 2^15 blocks of 8 x 128 bytes: 32 MiB and some 80 ms a guess. */
const COST_EXPONENT = 15
const BLOCK_SIZE = 8
const PARALLELISM = 1
const SALT_BYTES = 16
const KEY_BYTES = 32
const SCHEME = 'scrypt'

interface Parts {
  readonly costExponent: number
  readonly blockSize: number
  readonly parallelism: number
  readonly salt: Buffer
  readonly key: Buffer
}

/** @returns `scrypt$15$8$1$salt$key`: the parameters stand beside the key, so they can be raised. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  const parameters = {
    costExponent: COST_EXPONENT,
    blockSize: BLOCK_SIZE,
    parallelism: PARALLELISM,
    salt,
  }
  const key = await derive(password, parameters, KEY_BYTES)
  const numbers = [COST_EXPONENT, BLOCK_SIZE, PARALLELISM]
  return [SCHEME, ...numbers, salt.toString('base64url'), key.toString('base64url')].join('$')
}

/** @throws Error when `stored` is not what hashPassword writes. */
export async function isPassword(password: string, stored: string): Promise<boolean> {
  const parts = readStored(stored)
  const key = await derive(password, parts, parts.key.length)
  return timingSafeEqual(key, parts.key)
}

/** A stored form that no password fits, at the price of one that fits. */
export function unmatchableHash(): string {
  const random = [randomBytes(SALT_BYTES), randomBytes(KEY_BYTES)]
  const numbers = [COST_EXPONENT, BLOCK_SIZE, PARALLELISM]
  return [SCHEME, ...numbers, ...random.map((bytes) => bytes.toString('base64url'))].join('$')
}

function readStored(stored: string): Parts {
  const [scheme, costExponent, blockSize, parallelism, salt, key] = stored.split('$')
  if (scheme !== SCHEME || salt === undefined || key === undefined) {
    throw new Error('a stored password is not in a form that this version knows')
  }
  return {
    costExponent: Number(costExponent),
    blockSize: Number(blockSize),
    parallelism: Number(parallelism),
    salt: Buffer.from(salt, 'base64url'),
    key: Buffer.from(key, 'base64url'),
  }
}

/** Runs on libuv's threads, off the event loop. */
function derive(password: string, parts: Omit<Parts, 'key'>, keyBytes: number): Promise<Buffer> {
  const cost = 2 ** parts.costExponent
  const options: ScryptOptions = {
    cost,
    blockSize: parts.blockSize,
    parallelization: parts.parallelism,
    maxmem: 2 * 128 * cost * parts.blockSize,
  }
  return new Promise((resolve, reject) => {
    scrypt(password, parts.salt, keyBytes, options, (error, key) => {
      if (error === null) resolve(key)
      else reject(error)
    })
  })
}
