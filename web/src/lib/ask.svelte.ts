// A question to the server whose answer stays true: asked again when the question changes and when
// events say that the data did. What was known stays on the page until the new answer is there.
import { failureOf, get, post, type Answer, type ApiError } from './api'
import { live, type Kind } from './live.svelte'

export class Asked<T> {
  answer = $state.raw<Answer<T> | null>(null)
  failure = $state.raw<ApiError | null>(null)
  busy = $state(false)
  #running: AbortController | null = null

  get data(): T | null {
    return this.answer?.data ?? null
  }

  /** The newest question wins; an answer to an older one is dropped. */
  async load(fetch: (signal: AbortSignal) => Promise<Answer<T>>) {
    this.stop()
    const mine = (this.#running = new AbortController())
    this.busy = true
    try {
      const answer = await fetch(mine.signal)
      if (mine.signal.aborted) return
      this.answer = answer
      this.failure = null
    } catch (error) {
      if (mine.signal.aborted) return
      this.failure = failureOf(error)
    }
    this.busy = false
  }

  stop() {
    this.#running?.abort()
    this.busy = false
  }
}

/** Call it while a component is set up; it ends with the component. A null question waits. */
export function ask<T>(question: () => string | null, kinds: readonly Kind[] = []): Asked<T> {
  const asked = new Asked<T>()
  $effect(() => {
    const path = question()
    if (path === null) return
    const load = () => asked.load((signal) => get<T>(path, signal))
    load()
    const deafen = kinds.length ? live.on(kinds, load) : null
    return () => {
      deafen?.()
      asked.stop()
    }
  })
  return asked
}

/** The same for a question with a body, once it has been left alone for `wait_ms`. */
export function askWith<T>(path: string, body: () => unknown, wait_ms: number): Asked<T> {
  const asked = new Asked<T>()
  $effect(() => {
    const said = body()
    if (said === null) {
      asked.answer = null
      asked.failure = null
      return
    }
    const timer = setTimeout(() => asked.load((signal) => post<T>(path, said, signal)), wait_ms)
    return () => {
      clearTimeout(timer)
      asked.stop()
    }
  })
  return asked
}
