/** What a command noticed, with what to do about it. */
export interface Finding {
  /** `error`: something does not work. `warning`: it will not, or not as wished. `note`: worth knowing. */
  readonly level: FindingLevel
  /** what it is about, as `Service default/web` */
  readonly subject: string
  readonly message: string
  readonly advice?: string
}

export const FINDING_LEVELS = ['error', 'warning', 'note'] as const
export type FindingLevel = (typeof FINDING_LEVELS)[number]

/** Errors first; within a level in the order in which they were found. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  return findings.toSorted((a, b) => FINDING_LEVELS.indexOf(a.level) - FINDING_LEVELS.indexOf(b.level))
}

export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some(({ level }) => level === 'error')
}
