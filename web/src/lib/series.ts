// Columns of a series, made to fit a drawing. Pure.
import type { Series } from './types'

function sum(column: number[], from: number, until: number): number {
  return column.slice(from, until).reduce((all, one) => all + one, 0)
}

/** How many neighbours make one bar, so that there are at most `most` bars. */
export function together(series: Series, most: number): number {
  return Math.max(1, Math.ceil(series.at.length / Math.max(1, most)))
}

/** The shares of the rungs in each bar of `size` neighbours; a bar is named by its first. */
export function shares(series: Series, size: number) {
  const bars = Array.from({ length: Math.ceil(series.at.length / size) }, (_, i) => i * size)
  const n = bars.map((from) => sum(series.n, from, from + size))
  return {
    at: bars.map((from) => series.at[from]),
    n,
    rungs: series.rungs.map((rung) => ({
      rung: rung.rung,
      share: bars.map((from, i) => (n[i] > 0 ? sum(rung.n, from, from + size) / n[i] : 0)),
    })),
  }
}
