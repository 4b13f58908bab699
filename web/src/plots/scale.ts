// Scales and axis marks for the drawings that are made as SVG. Pure.

export interface Scale {
  (value: number): number
  readonly marks: number[]
}

/** Round steps (1, 2 or 5 times a power of ten) that cut the way into about `wanted` parts. */
function step_of(length: number, wanted: number): number {
  const raw = length / wanted
  const power = 10 ** Math.floor(Math.log10(raw))
  const factor = [1, 2, 5, 10].find((f) => f * power >= raw) ?? 10
  return factor * power
}

/** Maps [from, to] to [start, end] in pixels; `marks` are round values inside. */
export function linear(from: number, to: number, start: number, end: number, wanted = 5): Scale {
  const length = to - from || 1
  const step = step_of(length, wanted)
  const first = Math.ceil(from / step - 1e-9)
  const n = Math.floor(to / step + 1e-9) - first + 1
  const marks = Array.from({ length: Math.max(0, n) }, (_, i) => (first + i) * step)
  const scale = (value: number) => start + ((value - from) / length) * (end - start)
  return Object.assign(scale, { marks })
}
