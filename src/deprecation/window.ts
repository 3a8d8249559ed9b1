/** Times at which the image calls are refused for a while, so that forgotten callers are noticed. */

/** One window as the operator wrote it. Minutes count from 00:00 UTC; `toMinute` may be past 24:00. */
export interface Window {
  /** 0 (Sunday) to 6, every day, or one day as Unix days since 1970. */
  readonly on:
    | { readonly weekday: number }
    | { readonly everyDay: true }
    | { readonly unixDay: number }
  readonly fromMinute: number
  readonly toMinute: number
  /** As it was written. */
  readonly text: string
}

/** From when to when, in Unix milliseconds; `endMs` is outside. */
export interface Span {
  readonly startMs: number
  readonly endMs: number
}

const WEEKDAYS: readonly string[] = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const WINDOW =
  /^(?<day>daily|sun|mon|tue|wed|thu|fri|sat|\d{4}-\d{2}-\d{2}) (?<from>\d{2}:\d{2})-(?<to>\d{2}:\d{2}) UTC$/i
const DAY_MINUTES = 1440
const MINUTE_MS = 60_000
const DAY_MS = DAY_MINUTES * MINUTE_MS
const WEEK_DAYS = 7

/** 1970-01-01 was a Thursday. */
const UNIX_EPOCH_WEEKDAY = 4

/**
 * Reads `Tue 10:00-10:15 UTC`, `daily 10:00-10:15 UTC` or `2027-03-01 10:00-10:15 UTC`. A window
 * whose end is before its start goes past midnight. @returns undefined for anything else
 */
export function parseWindow(text: string): Window | undefined {
  const { day, from, to } = WINDOW.exec(text.trim())?.groups ?? {}
  const on = day === undefined ? undefined : readDay(day.toLowerCase())
  const fromMinute = readMinute(from)
  const toMinute = readMinute(to)
  if (on === undefined || fromMinute === undefined || toMinute === undefined) return undefined
  if (fromMinute === toMinute || fromMinute === DAY_MINUTES) return undefined
  const end = toMinute < fromMinute ? toMinute + DAY_MINUTES : toMinute
  return { on, fromMinute, toMinute: end, text: text.trim() }
}

/** The span that includes a time, or else the next one; undefined if there is none. */
export function nextSpan(window: Window, nowMs: number): Span | undefined {
  const today = Math.floor(nowMs / DAY_MS)
  if ('unixDay' in window.on) {
    const span = spanOn(window, window.on.unixDay)
    return span.endMs > nowMs ? span : undefined
  }
  // From yesterday, whose window may reach past midnight.
  for (let day = today - 1; day <= today + WEEK_DAYS; day++) {
    const span = spanOn(window, day)
    if (isOn(window, day) && span.endMs > nowMs) return span
  }
  return undefined
}

export function isOpen(window: Window, nowMs: number): boolean {
  const span = nextSpan(window, nowMs)
  return span !== undefined && span.startMs <= nowMs
}

function isOn({ on }: Window, unixDay: number): boolean {
  if ('everyDay' in on) return true
  if ('unixDay' in on) return on.unixDay === unixDay
  return on.weekday === (unixDay + UNIX_EPOCH_WEEKDAY) % WEEK_DAYS
}

function spanOn({ fromMinute, toMinute }: Window, unixDay: number): Span {
  const startMs = unixDay * DAY_MS + fromMinute * MINUTE_MS
  return { startMs, endMs: startMs + (toMinute - fromMinute) * MINUTE_MS }
}

function readDay(day: string): Window['on'] | undefined {
  if (day === 'daily') return { everyDay: true }
  const weekday = WEEKDAYS.indexOf(day)
  if (weekday !== -1) return { weekday }
  const ms = Date.parse(`${day}T00:00:00Z`)
  const isDate = !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(day)
  return isDate ? { unixDay: ms / DAY_MS } : undefined
}

function readMinute(text = ''): number | undefined {
  const [hours = Number.NaN, minutes = Number.NaN] = text.split(':').map(Number)
  const minute = hours * 60 + minutes
  return minutes < 60 && minute <= DAY_MINUTES ? minute : undefined
}
