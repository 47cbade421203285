import type { Finding } from './finding.ts'

/** One thing that was looked at. */
export interface Check {
  readonly name: string
  /** `unknown`: it could not be looked at; `summary` says why, and how it can be */
  readonly result: 'good' | 'bad' | 'unknown'
  readonly summary: string
  readonly findings: readonly Finding[]
}

export function good(name: string, summary: string): Check {
  return { name, result: 'good', summary, findings: [] }
}

export function unknown(name: string, summary: string): Check {
  return { name, result: 'unknown', summary, findings: [] }
}

/** A check that is good when it has found nothing. */
export function judged(name: string, findings: readonly Finding[], summary: string): Check {
  if (findings.length === 0) return good(name, summary)
  return { name, result: 'bad', summary: '', findings }
}
