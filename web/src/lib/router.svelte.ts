// Where the page is: path and query of the address bar, and how to go elsewhere without a reload.

class Route {
  path = $state(location.pathname)
  query = $state.raw(new URLSearchParams(location.search))

  #read() {
    this.path = location.pathname
    this.query = new URLSearchParams(location.search)
  }

  go(to: string) {
    history.pushState(null, '', to)
    this.#read()
    scrollTo(0, 0)
  }

  /** The same page with another query; typing in a filter leaves no trail of history. */
  refine(query: Record<string, string>) {
    const kept = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== ''))
    history.replaceState(null, '', kept.size ? `${this.path}?${kept}` : this.path)
    this.#read()
  }

  /** Follows links inside the page and the browser's own buttons, for as long as the page lives. */
  listen() {
    addEventListener('popstate', () => this.#read())
    addEventListener('click', (event) => {
      const link = event.target instanceof Element ? event.target.closest('a') : null
      if (!link || link.origin !== location.origin || link.target || link.hash) return
      if (event.defaultPrevented || event.button !== 0) return
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
      event.preventDefault()
      this.go(link.pathname + link.search)
    })
  }
}

export const route = new Route()
