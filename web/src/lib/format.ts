// Numbers, times and foreign text as a person reads them. Pure.
import type { Interval } from './types'

const UNKNOWN = '–'

/** Dollars with as many digits as tell something: $1,234, $12.34, $0.0052, $0.00007. */
export function money(usd: number | null | undefined): string {
  if (usd == null) return UNKNOWN
  const size = Math.abs(usd)
  const digits = size === 0 || size >= 1000 ? 0 : size >= 1 ? 2 : size >= 0.001 ? 4 : 6
  const text = size.toLocaleString('en-US', {
    minimumFractionDigits: digits === 6 ? 0 : digits,
    maximumFractionDigits: digits,
  })
  return `${usd < 0 ? '−' : ''}$${text}`
}

/** Dollars beside an axis: $0.2, $1,500. */
export function moneyMark(usd: number): string {
  return `$${Number(usd.toPrecision(3)).toLocaleString('en-US', { maximumFractionDigits: 6 })}`
}

export function percent(fraction: number | null | undefined, digits = 0): string {
  if (fraction == null) return UNKNOWN
  const text = (100 * Math.abs(fraction)).toFixed(digits)
  return `${fraction < 0 && Number(text) !== 0 ? '−' : ''}${text} %`
}

export function count(n: number | null | undefined): string {
  return n == null ? UNKNOWN : n.toLocaleString('en-US')
}

/** "1 task", "2 tasks" */
export function counted(n: number, noun: string): string {
  return `${count(n)} ${noun}${n === 1 ? '' : 's'}`
}

export function decimal(value: number | null | undefined, digits = 2): string {
  return value == null ? UNKNOWN : value.toFixed(digits).replace('-', '−')
}

export function seconds(value: number | null | undefined): string {
  if (value == null) return UNKNOWN
  if (value < 0.0995) return `${Math.round(value * 1000)} ms`
  if (value < 59.95) return `${value.toFixed(1)} s`
  const whole = Math.round(value)
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.round((whole % 3600) / 60)} min`
}

/** "[79 %, 88 %]", or nothing where no interval is known. */
export function range(interval: Interval | null | undefined, show: (x: number) => string): string {
  if (interval == null || interval[0] == null || interval[2] == null) return ''
  return `[${show(interval[0])}, ${show(interval[2])}]`
}

const AGES: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 365.25 * 86400],
  ['month', 30.44 * 86400],
  ['day', 86400],
  ['hour', 3600],
  ['minute', 60],
]
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'always', style: 'short' })

export function ago(then_ms: number, now_ms: number): string {
  const age_s = (now_ms - then_ms) / 1000
  for (const [unit, size_s] of AGES)
    if (Math.abs(age_s) >= size_s) return relative.format(-Math.trunc(age_s / size_s), unit)
  return Math.abs(age_s) < 10 ? 'just now' : relative.format(-Math.trunc(age_s), 'second')
}

const exact_format = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'long' })

export function exact(at_ms: number): string {
  return exact_format.format(at_ms)
}

// Control characters move cursors, directional ones swap letters around: both could make text
// show something else than it says.
const HIDDEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]/g

/** Foreign text with what cannot be seen made visible: ESC as ^[, others by their number. */
export function visible(text: string | null | undefined): string {
  return (text ?? '').replaceAll('\r\n', '\n').replace(HIDDEN, (sign) => {
    const code = sign.codePointAt(0) ?? 0
    if (code < 0x20) return `^${String.fromCodePoint(0x40 + code)}`
    return `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`
  })
}

/** The first line, which is a task's title. */
export function title(description: string): string {
  return description.split('\n', 1)[0]
}
