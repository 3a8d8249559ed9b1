import { hash } from 'node:crypto'
import type { Image } from '../../image/image.ts'
import type { ImageQuery } from '../../image/query.ts'
import type { ImageSearch } from '../../image/search.ts'
import { sizeTerms, updatedTerms } from './range-terms.ts'

/**
 * The terms of an image: every value that an equality filter can ask for, as 96 bits of the SHA-256
 * of its text, in hex. So index entries are short however long the text is. A change of terms needs
 * another WORDS_VERSION (renew-postings.ts).
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
const ownerTerm = (owner: string) => term(`owner ${owner}`)
const tagTerm = (tag: string) => term(`tag ${tag}`)
const PROTECTED_TERM = term('protected')
const diskFormatTerm = (format: string) => term(`disk_format ${format}`)
const containerFormatTerm = (format: string) => term(`container_format ${format}`)
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
    ...updatedTerms(image.updatedAt),
  ]
  if (image.name !== null) terms.push(nameTerm(image.name))
  if (image.owner !== null) terms.push(ownerTerm(image.owner))
  if (image.sizeBytes !== null) terms.push(...sizeTerms(image.sizeBytes))
  if (image.diskFormat !== null) terms.push(diskFormatTerm(image.diskFormat))
  if (image.containerFormat !== null) terms.push(containerFormatTerm(image.containerFormat))
  if (image.isProtected) terms.push(PROTECTED_TERM)
  for (const tag of image.tags) terms.push(tagTerm(tag))
  for (const [key, value] of image.properties) {
    if (value !== null) terms.push(propertyTerm(key, value))
  }
  return terms
}

/** A query's terms: an image must have at least one term of every group. */
export function askedTerms(query: ImageQuery): readonly (readonly string[])[] {
  const groups: string[][] = []
  if (query.name !== undefined) groups.push([nameTerm(query.name)])
  if (query.minRamMib !== undefined) groups.push([minRamTerm(query.minRamMib)])
  if (query.minDiskGib !== undefined) groups.push([minDiskTerm(query.minDiskGib)])
  for (const [key, value] of query.properties ?? []) groups.push([propertyTerm(key, value)])
  if (query.statuses !== undefined) groups.push(query.statuses.map(statusTerm))
  return groups
}

/** Longer lists are checked in the rows alone. */
const ALTERNATIVES_MAX = 32

/** What a search asks for in terms; the rest of it is checked in rows. */
export function searchedTerms(search: ImageSearch): readonly (readonly string[])[] {
  const { names, statuses, owner, isProtected, tags = [], properties = [] } = search
  const groups: (readonly string[])[] = []
  if (names !== undefined) groups.push(names.map(nameTerm))
  if (owner !== undefined) groups.push([ownerTerm(owner)])
  if (search.diskFormats !== undefined) groups.push(search.diskFormats.map(diskFormatTerm))
  if (search.containerFormats !== undefined) {
    groups.push(search.containerFormats.map(containerFormatTerm))
  }
  if (isProtected === true) groups.push([PROTECTED_TERM])
  for (const tag of tags) groups.push([tagTerm(tag)])
  for (const [key, value] of properties) groups.push([propertyTerm(key, value)])
  for (const { field, operator, value } of search.numbers ?? []) {
    if (operator !== 'eq') continue
    if (field === 'minRamMib') groups.push([minRamTerm(value)])
    if (field === 'minDiskGib') groups.push([minDiskTerm(value)])
  }
  if (statuses !== undefined) groups.push(statuses.map(statusTerm))
  return groups.filter((group) => group.length <= ALTERNATIVES_MAX)
}

/** A lone surrogate would be hashed, and bound, as U+FFFD; no stored text contains one. */
export function asksForStorableText(query: ImageQuery): boolean {
  if (query.name?.isWellFormed() === false) return false
  for (const [key, value] of query.properties ?? []) {
    if (!key.isWellFormed() || !value.isWellFormed()) return false
  }
  return true
}
