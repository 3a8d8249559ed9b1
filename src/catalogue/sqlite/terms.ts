import { hash } from 'node:crypto'
import type { Image } from '../../image/image.ts'
import type { ImageQuery } from '../../image/query.ts'

/**
 * The terms of an image: what an equality filter can ask of it, each as 96 bits of the SHA-256 of
 * its text, in hex. That keeps index entries short whatever the text holds.
 */
const TERM_HEX_DIGITS = 24
/** Terms that many images share are hashed once. */
const REMEMBERED_TERMS_MAX = 20_000
const REMEMBERED_CHARACTERS_MAX = 64

const remembered = new Map<string, string>()

function term(text: string): string {
  const known = remembered.get(text)
  if (known !== undefined) return known
  const made = hash('sha256', text, 'hex').slice(0, TERM_HEX_DIGITS)
  if (text.length <= REMEMBERED_CHARACTERS_MAX) {
    if (remembered.size >= REMEMBERED_TERMS_MAX) remembered.clear()
    remembered.set(text, made)
  }
  return made
}

const nameTerm = (name: string) => term(`name ${name}`)
const statusTerm = (status: string) => term(`status ${status}`)
const minRamTerm = (mib: number) => term(`min_ram ${mib}`)
const minDiskTerm = (gib: number) => term(`min_disk ${gib}`)
/** The key's length keeps (a, bc) and (ab, c) apart. */
const propertyTerm = (key: string, value: string) => term(`property ${key.length} ${key}${value}`)

/** Every term that the image holds. A null value has none: a filter's value is text. */
export function termsOf(image: Image): readonly string[] {
  const terms = [
    statusTerm(image.status),
    minRamTerm(image.minRamMib),
    minDiskTerm(image.minDiskGib),
  ]
  if (image.name !== null) terms.push(nameTerm(image.name))
  for (const [key, value] of image.properties) {
    if (value !== null) terms.push(propertyTerm(key, value))
  }
  return terms
}

/** What a query asks for: all of the groups must be met, each by one of its terms. */
export function askedTerms(query: ImageQuery): readonly (readonly string[])[] {
  const groups: string[][] = []
  if (query.name !== undefined) groups.push([nameTerm(query.name)])
  if (query.minRamMib !== undefined) groups.push([minRamTerm(query.minRamMib)])
  if (query.minDiskGib !== undefined) groups.push([minDiskTerm(query.minDiskGib)])
  for (const [key, value] of query.properties ?? []) groups.push([propertyTerm(key, value)])
  if (query.statuses !== undefined) groups.push(query.statuses.map(statusTerm))
  return groups
}

/** A lone surrogate would be hashed, and bound, as U+FFFD; no stored text holds one. */
export function asksForStorableText(query: ImageQuery): boolean {
  if (query.name?.isWellFormed() === false) return false
  for (const [key, value] of query.properties ?? []) {
    if (!key.isWellFormed() || !value.isWellFormed()) return false
  }
  return true
}
