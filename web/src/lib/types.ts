// What the server answers: the shapes of /openapi.json. `test/web/types.test.mjs` holds them to it.

/** Low, mean and high end at 95 %; an end is null where only a mean is assumed. */
export type Interval = [number | null, number | null, number | null]
export type Basis = 'assumed' | 'measured' | null

export interface Tokens {
  input?: number
  output?: number
  cacheRead?: number
  cacheWrite5m?: number
  cacheWrite1h?: number
}

export interface Gate {
  name: string
  verdict: string
  seconds?: number | null
  reason?: string
}

export interface Attempt {
  rung?: string
  model?: string
  effort?: string
  phase?: string
  success?: boolean | null
  gates?: Gate[]
  tokens?: Tokens
  cost?: number | null
  seconds?: number | null
  session?: string
  agentVersion?: string
  error?: string
  ending?: string
  turns?: number
}

export interface Experiment {
  id: string
  timestamp: number
  taskId: string
  description: string
  modelUsed: string
  routingStrategy: string
  routingConfidence: number | null
  success: boolean | null
  cost: number | null
  timeToComplete?: number | null
  qualityScore?: number | null
  notes?: string
  source?: string
  project?: string
  labels?: string[]
  rung?: string
  effort?: string
  requested?: string | null
  decided?: string | null
  served?: string | null
  propensities?: Record<string, number>
  policy?: string | null
  evidence?: string | null
  explored?: boolean
  costSource?: 'measured' | 'assumed'
  outcomeSource?: string
  pending?: boolean
  attempts?: Attempt[]
}

export interface Alternative {
  rung: string
  success: Interval | null
  cost_usd: Interval | null
  why_not: string
}

export interface Decision {
  task?: string
  title?: string
  rung: string
  model: string
  effort: string | null
  strategy: string
  base_strategy: string
  confidence: number | null
  success: Interval | null
  cost_usd: Interval | null
  cost_basis: Basis
  why: string
  matched: string[]
  warnings: string[]
  climb: string[]
  alternatives: Alternative[]
  note?: string | null
}

export interface Output {
  attempt: number
  text: string
  truncated: boolean
}

export interface Story {
  experiment: Experiment
  decision: Decision | null
  output: Output[]
}

export interface RungSummary {
  rung: string
  model: string | null
  effort: string | null
  colour_index: number | null // null: not on today's ladder
  is_middle: boolean
  is_top: boolean
  n: number
  accepted: number
  success: Interval | null
  cost_usd: number | null
  cost_basis: Basis
  cost_per_task: number | null
  cost_per_accepted: number | null
  assumed_usd: number | null
}

export interface Group {
  key: string
  n: number
  accepted: number
  success: Interval | null
  cost_usd: number | null
  cost_basis: Basis
  cost_per_task: number | null
  cost_per_accepted: number | null
  seconds: number | null
  quality: number | null
  stated?: number | null
}

export interface Saving {
  baseline: string
  baseline_usd: number | null
  usd: number | null
  percent: number | null
  interval: Interval | null
  basis: Basis
}

export interface Projection {
  tasks: number
  against: string
  actual: number | null
  baseline: number | null
  saved: number | null
  interval: Interval | null
  basis: Basis
}

export interface Alarm {
  rung: string
  text: string
  at: number
}

export interface Bin {
  from: number
  to: number
  n: number
  stated: number | null
  observed: Interval | null
}

/** Where a ledger is long: how many of its latest experiments the figures rest on. */
export interface Looked {
  latest: number
  note: string
}

export interface Summary {
  n: number
  period: [string, string] | null
  all: Group
  by_strategy: Group[]
  warnings: string[]
  notes: string[]
  savings: Saving[]
  projection: Projection[]
  rungs: RungSummary[]
  budget: {
    task_usd: number | null
    day_usd: number | null
    spent_today_usd: number
    left_today_usd: number | null
  }
  pending: number
  rejected: number
  evidence: { id: string; made_at: number; outcomes: number } | null
  policy: { path: string | null; hash: string | null; trusted: boolean }
  alarms: Alarm[]
  looked: Looked | null
  version: string
}

export interface Series {
  by: 'day' | 'hour'
  at: number[]
  rungs: { rung: string; n: number[]; accepted: number[]; cost_usd: (number | null)[] }[]
  n: number[]
  accepted: number[]
  cost_usd: (number | null)[]
}

export interface CurvePoint {
  name: string
  kind: 'policy' | 'control'
  cost_usd: number | null
  success: number | null
}

export interface Earner {
  key: string
  n: number
  accepted: number
  success: Interval | null
  note: string
}

export interface Suggestion {
  number: number
  kind: string
  text: string
  rung: string
  because: string
  n: number
  accepted: number
  success: Interval | null
  other_n: number
  other_accepted: number
  p: number
  adjusted: number
  moves: number
  saved_usd: Interval | null
}

export interface Misrouted {
  id: string
  taskId: string
  title: string
  rung: string
  why: string
}

export interface Calibration {
  stated: number | null
  observed: number | null
  n: number
  ece: number | null
  ece_null: Interval | null
  bins: Bin[]
  curve: { points: CurvePoint[]; note: string | null }
  labels: Earner[]
  patterns: Earner[]
  suggestions: Suggestion[]
  misrouted: Misrouted[]
  looked: Looked | null
}

export type VerdictName = 'SUPPORTED' | 'REFUTED' | 'INSUFFICIENT'

export interface Criterion {
  id: string
  claim?: string
  verdict: VerdictName
  estimate: number | null
  lower: number | null
  e: number | null
  n: number
  k: number
  more_needed: number | null
  reason: string
}

export interface Validation {
  verdict: VerdictName
  criteria: Criterion[]
}

export interface PolicyProblem {
  line: number
  column: number
  key: string
  message: string
}

export interface Policy {
  path: string | null
  hash: string | null
  trusted: boolean
  text: string
  problems: PolicyProblem[]
  refused: string[]
}

export interface PolicyCheck {
  ok: boolean
  problems: PolicyProblem[]
}

export type TriedDecision = Decision & { policy_problems?: PolicyProblem[] }

export interface ReplayMove {
  id: string
  taskId: string
  title: string
  from: string
  to: string
  why: string
}

export interface ReplayEstimate {
  logged: Interval | null
  estimate: Interval | null
  change: Interval | null
  refused: string | null
}

export interface Replay {
  decisions: number
  latest_only: boolean
  moves: number
  by_move: { from: string; to: string; tasks: number; tried: number }[]
  success: ReplayEstimate
  cost_usd: ReplayEstimate
  expected_cost_usd: { n: number; logged: number | null; new: number | null; basis: Basis }
  rows: ReplayMove[]
}

export interface Run {
  id: string
  kind: 'run' | 'swarm'
  started: number
  live: boolean
  tasks: number
  done: number
  accepted: number
  failed: number
  running: number
  queued: number
  stopped: number
  spent_usd: number
  expected_usd: number | null // of the baseline, for the tasks that are done
  saved_usd: number | null
  baseline: string
  stopped_because: string | null
}

export interface RunTask {
  index: number
  taskId: string
  title: string
  experiment: string // its id; a row of the ledger once the task is over
  rung: string
  attempt: number
  phase: string
  state: 'queued' | 'running' | 'accepted' | 'failed' | 'stopped'
  spent_usd: number
  seconds: number
  why: string
  branch: string
}

export interface RunStory {
  run: Run
  tasks: RunTask[]
}
