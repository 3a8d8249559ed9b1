/** Times as the OpenStack APIs write them. Internally a time is whole Unix seconds. */

/** `YYYY-MM-DDTHH:MM:SSZ`, as Nova and Glance print an instant given in Unix seconds. */
export function printTime(unixSeconds: number): string {
  const day = Math.floor(unixSeconds / DAY_SECONDS)
  const second = unixSeconds - day * DAY_SECONDS
  const hour = twoDigits(Math.floor(second / 3600))
  const minute = twoDigits(Math.floor(second / 60) % 60)
  return `${printDay(day)}${hour}:${minute}:${twoDigits(second % 60)}Z`
}

const DAY_SECONDS = 86_400
/** Each day is printed once: a list has many images of one day, and Date is slow. */
const PRINTED_DAYS_MAX = 10_000
const printedDays = new Map<number, string>()

/** `YYYY-MM-DDT` */
function printDay(day: number): string {
  const known = printedDays.get(day)
  if (known !== undefined) return known
  const text = new Date(day * DAY_SECONDS * 1000).toISOString().slice(0, 11)
  if (printedDays.size >= PRINTED_DAYS_MAX) printedDays.clear()
  printedDays.set(day, text)
  return text
}

function twoDigits(n: number): string {
  return n < 10 ? `0${n}` : `${n}`
}

/**
 * The forms of ISO 8601 that Glance takes. Mirrors the Python package iso8601 (iso8601.py,
 * ISO8601_REGEX), which oslo_utils.timeutils.parse_isotime calls.
 */
const ISO_8601 =
  /^(\d{4})(?:(?:-(\d{1,2})|(\d{2})(?!$))(?:(?:-(\d{1,2})|(\d{2}))(?:[ T](\d{2})(?::?(\d{2}))?(?::?(\d{1,2})(?:[.,]\d+)?)?(Z|[-+]\d{2}:?(?:\d{2})?)?)?)?)?$/

/**
 * Reads an instant: no zone means UTC, missing parts mean their least value.
 * @returns Unix seconds, without a fraction of a second, or undefined when it is not an instant that
 *   Glance takes.
 */
export function parseTime(text: string): number | undefined {
  const m = ISO_8601.exec(text)
  if (m === null) return undefined
  const year = Number(m[1])
  const month = Number(m[2] ?? m[3] ?? 1)
  const day = Number(m[4] ?? m[5] ?? 1)
  const hour = Number(m[6] ?? 0)
  const minute = Number(m[7] ?? 0)
  const second = Number(m[8] ?? 0)
  const offsetSeconds = parseOffset(m[9])
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined
  if (hour > 23 || minute > 59 || second > 59 || offsetSeconds === undefined) return undefined
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day) // Date.UTC would take year 1 for 1901
  date.setUTCHours(hour, minute, second)
  return date.getTime() / 1000 - offsetSeconds
}

/** Python's timezone refuses offsets of a day and more. */
function parseOffset(zone: string | undefined): number | undefined {
  if (zone === undefined || zone === 'Z') return 0
  const sign = zone.startsWith('-') ? -1 : 1
  const digits = zone.slice(1).replace(':', '')
  const hours = Number(digits.slice(0, 2))
  const minutes = Number(digits.slice(2) || 0)
  const seconds = hours * 3600 + minutes * 60
  return seconds < 86_400 ? sign * seconds : undefined
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}
