// Light, dark, or as the system has it; the choice is kept in this browser.
const KEY = 'rung.theme'
export const THEMES = ['system', 'dark', 'light'] as const
export type Theme = (typeof THEMES)[number]

class Look {
  theme = $state<Theme>('system')
  /** Counts changes of what is drawn, for canvases, which follow no style sheet. */
  version = $state(0)

  start() {
    const kept = localStorage.getItem(KEY) as Theme | null
    this.choose(kept && THEMES.includes(kept) ? kept : 'system')
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.version++)
  }

  choose(theme: Theme) {
    this.theme = theme
    this.version++
    if (theme === 'system') {
      delete document.documentElement.dataset.theme
      localStorage.removeItem(KEY)
      return
    }
    document.documentElement.dataset.theme = theme
    localStorage.setItem(KEY, theme)
  }
}

export const look = new Look()

/** A token such as "--data-1" as a canvas takes it: tokens may hold two themes' colours. */
export function colour(token: string): string {
  const probe = document.createElement('span')
  probe.style.color = `var(${token})`
  document.body.append(probe)
  const resolved = getComputedStyle(probe).color
  probe.remove()
  return resolved
}
