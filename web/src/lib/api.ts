// Asks the server; receives paths and bodies, hands on data or an ApiError with its sentence.

export interface Answer<T> {
  data: T
  count: number
  next: string | null
}

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message)
  }
}

/** What was thrown, as what can be shown. */
export function failureOf(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(0, 'broken', String(error))
}

async function call<T>(path: string, init: RequestInit): Promise<Answer<T>> {
  let response: Response
  try {
    response = await fetch(path, { ...init, credentials: 'same-origin' })
  } catch (error) {
    if (init.signal?.aborted) throw error
    throw new ApiError(0, 'unreachable', 'rung serve does not answer; is it still running?')
  }
  const body = await response.json().catch(() => null)
  if (!response.ok || body?.success !== true)
    throw new ApiError(
      response.status,
      body?.error ?? 'broken',
      body?.message ?? `the server answered ${response.status} without a reason`,
    )
  return body
}

export function get<T>(path: string, signal?: AbortSignal): Promise<Answer<T>> {
  return call<T>(path, { signal })
}

/** What writes needs X-Rung: a form on another site cannot send it. */
export function post<T>(path: string, body: unknown, signal?: AbortSignal): Promise<Answer<T>> {
  return call<T>(path, {
    method: 'POST',
    signal,
    headers: { 'content-type': 'application/json', 'x-rung': '1' },
    body: JSON.stringify(body),
  })
}

/** "/a" and {b: 'c', d: ''} → "/a?b=c": what is empty is left out. */
export function withQuery(path: string, query: Record<string, string | number | null>): string {
  const words = new URLSearchParams()
  for (const [name, value] of Object.entries(query))
    if (value !== '' && value !== null) words.set(name, String(value))
  return words.size ? `${path}?${words}` : path
}
