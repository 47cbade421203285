interface FigureKind {
  readonly what: string
  readonly unit: string
}

/** What the guard looks at, each measured by a suite that runs anyway. Less is better of all. */
export const FIGURES = {
  unitSeconds: { what: 'unit tests', unit: 's' },
  allocationRatio: { what: 'Service created → address seen, in writes to the API server', unit: '×' },
  failoverP99Ms: { what: 'layer 2 failover, p99 of the short run', unit: 'ms' },
  controllerMemoryMb: { what: 'controller: memory (RSS) in the lab', unit: 'MB' },
  speakerMemoryMb: { what: 'speaker: memory (RSS) in the lab', unit: 'MB' },
  controllerBundleKb: { what: 'controller: bundle', unit: 'kB' },
  speakerBundleKb: { what: 'speaker: bundles of both threads', unit: 'kB' },
  imageMb: { what: 'image, compressed', unit: 'MB' },
} as const satisfies Record<string, FigureKind>

export type FigureName = keyof typeof FIGURES

/** What one run of the suites measured; a suite that did not run leaves its figures out. */
export type Figures = Partial<Record<FigureName, number>>

/** Committed, to be compared with. */
export interface CommittedFigures {
  readonly date: string
  readonly machine: string
  readonly figures: Figures
}

/** Reads what tests have noted, a line of JSON each; of a figure that was noted more than once the worst counts. */
export function readNotes(text: string): Figures {
  const figures: Figures = {}
  for (const line of text.split('\n').filter(Boolean)) {
    const { figure, value } = JSON.parse(line) as { figure: FigureName; value: number }
    figures[figure] = Math.max(figures[figure] ?? Number.NEGATIVE_INFINITY, value)
  }
  return figures
}
