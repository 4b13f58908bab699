// One clock for all relative times: it ticks for as long as the page lives.
const TICK_MS = 10_000

class Clock {
  now_ms = $state(Date.now())

  start() {
    setInterval(() => (this.now_ms = Date.now()), TICK_MS)
  }
}

export const clock = new Clock()
