// How a row that comes while one looks on makes itself seen; still where motion is not wanted.
import type { TransitionConfig } from 'svelte/transition'

const GLOW_MS = 1618

export function arrive(_row: Element): TransitionConfig {
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches
  return {
    duration: still ? 0 : GLOW_MS,
    css: (t) => `background: color-mix(in srgb, var(--data-1) ${Math.round(16 * (1 - t))}%, transparent)`,
  }
}
