// The server's events: one stream for the whole page, which goes on where it broke off.

export const KINDS = ['decision', 'experiment', 'attempt', 'alarm'] as const
export type Kind = (typeof KINDS)[number]

const RETRY_MS = 2000
const REACT_MS = 900 // at most one look at the server for a listener in this time

interface Listener {
  kinds: readonly Kind[]
  react: () => void
}

class Live {
  state = $state<'connecting' | 'live' | 'lost'>('connecting')
  #source: EventSource | null = null
  #position = ''
  #listeners = new Set<Listener>()

  /** A hidden page gives its connection back: browsers grant a site only six. */
  listen() {
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) this.#close()
      else if (!this.#source) this.#open()
    })
    if (!document.hidden) this.#open()
  }

  #close() {
    this.#source?.close()
    this.#source = null
  }

  #open() {
    const resume = this.#position && `?last_event_id=${encodeURIComponent(this.#position)}`
    const source = new EventSource(`/api/events${resume}`)
    this.#source = source
    source.onopen = () => (this.state = 'live')
    source.onerror = () => {
      this.state = 'lost'
      if (source.readyState !== EventSource.CLOSED || this.#source !== source) return
      this.#close()
      setTimeout(() => {
        if (!this.#source && !document.hidden) this.#open()
      }, RETRY_MS)
    }
    source.addEventListener('hello', (event) => (this.#position = event.lastEventId))
    for (const kind of KINDS)
      source.addEventListener(kind, (event) => {
        this.#position = event.lastEventId
        for (const listener of this.#listeners)
          if (listener.kinds.includes(kind)) listener.react()
      })
  }

  /** Calls `react` at the first of such events, then at most once in REACT_MS while more come. */
  on(kinds: readonly Kind[], react: () => void): () => void {
    let last = 0
    let timer = 0
    const run = () => {
      timer = 0
      last = performance.now()
      react()
    }
    const listener: Listener = {
      kinds,
      react: () => {
        if (!timer) timer = window.setTimeout(run, Math.max(0, last + REACT_MS - performance.now()))
      },
    }
    this.#listeners.add(listener)
    return () => {
      clearTimeout(timer)
      this.#listeners.delete(listener)
    }
  }
}

export const live = new Live()
