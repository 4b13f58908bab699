// What every page needs: the summary, and from it how each rung is drawn.
import { getContext, setContext } from 'svelte'
import { ask, type Asked } from './ask.svelte'
import type { RungSummary, Summary } from './types'

const KEY = Symbol('summary')

/** The lowest rung, the middle and the top have colours of their own, others one of the rest. */
const TONES = { lowest: 1, middle: 3, top: 4, others: [2, 5, 6] }

export interface Step {
  rung: string
  place: number // from 1 at the bottom; 0: not on today's ladder
  tone: number // 0: not on today's ladder
  facts: RungSummary | null // null: nothing is known of it
}

function steps(rungs: RungSummary[]): Step[] {
  const listed = rungs
    .filter((facts) => facts.colour_index !== null)
    .sort((a, b) => (a.colour_index ?? 0) - (b.colour_index ?? 0))
  let others = 0
  return listed.map((facts, i) => {
    let tone = TONES.others[others % TONES.others.length]
    if (facts.is_top) tone = TONES.top
    else if (facts.is_middle) tone = TONES.middle
    else if (i === 0) tone = TONES.lowest
    else others++
    return { rung: facts.rung, place: i + 1, tone, facts }
  })
}

/** Rungs that tasks began on and that today's policy does not list. */
function bygone(rungs: RungSummary[]): Step[] {
  return rungs
    .filter((facts) => facts.colour_index === null)
    .map((facts) => ({ rung: facts.rung, place: 0, tone: 0, facts }))
}

class Known {
  constructor(readonly asked: Asked<Summary>) {}
  readonly ladder = $derived.by(() => steps(this.asked.data?.rungs ?? []))
  readonly bygone = $derived.by(() => bygone(this.asked.data?.rungs ?? []))

  get summary(): Summary | null {
    return this.asked.data
  }

  step(rung: string | null | undefined): Step {
    const found = this.ladder.find((step) => step.rung === rung)
    return found ?? { rung: rung ?? '', place: 0, tone: 0, facts: null }
  }
}

export function provideSummary(): Known {
  const asked = ask<Summary>(
    () => '/api/routing/summary',
    ['decision', 'experiment', 'alarm'],
  )
  return setContext(KEY, new Known(asked))
}

export function useSummary(): Known {
  return getContext<Known>(KEY)
}
