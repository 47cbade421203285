import type { Random } from './random.ts'

/** What kinds of stories seeds tell. */
export const PLOTS = [
  /** nothing happens after the start */
  'calm',
  /** what happens concerns no owner: no address may move */
  'harmless',
  /** one node fails, and later comes back */
  'failure',
  /** faults come, overlap and heal; the segment itself works all the time */
  'gentle',
  /** the same with everything that can go wrong */
  'rough',
  /** up to three faults come and stay */
  'lasting',
] as const
export type Plot = (typeof PLOTS)[number]

/** What must never be in a story of a kind. */
export interface Limits {
  /** two owners that hear each other, at most for so long */
  readonly bothMs: number
  /** the same where frames get lost or others do not know a node's hardware address */
  readonly excusedBothMs: number
  /** frames that all nodes together may send for one address on one segment within a second */
  readonly framesPerSecond: number
  /** claims of one address on one segment within ten seconds */
  readonly claimsInTenSeconds: number
  /** once all is healed and nothing changes, an address has no owner at most for so long */
  readonly unownedMs: number
  /** and at most for so long, healed or not, once it has been owned */
  readonly everUnownedMs: number
  /** and at most for so long, healed or not, while some node wants it */
  readonly wantedMs: number
  /** and after this time addresses stay where they are */
  readonly settledMs: number
}

/** Where nothing stands in the way of the protocol. */
const STRICT: Limits = {
  bothMs: 0,
  excusedBothMs: 0,
  unownedMs: 500,
  everUnownedMs: Number.POSITIVE_INFINITY,
  // While a cluster starts, each node that registers may be the first for a moment.
  wantedMs: 800,
  settledMs: 1_000,
  framesPerSecond: 50,
  claimsInTenSeconds: 8,
}

export const LIMITS: Readonly<Record<Plot, Limits>> = {
  calm: STRICT,
  harmless: STRICT,
  // Two that know of different orders ask at most every 400 ms in the meantime.
  failure: { ...STRICT, unownedMs: 700, everUnownedMs: 1_200 },
  // One that waits for an owner that lives asks every 2 s whether it still does.
  gentle: { ...STRICT, bothMs: 25, unownedMs: 2_200, wantedMs: 2_500, settledMs: 3_000, claimsInTenSeconds: 25 },
  // Two owners that were parted tell each other four times a second. For a foreign host one looks every 5 s.
  rough: {
    ...STRICT,
    bothMs: 2_500,
    excusedBothMs: 10_000,
    unownedMs: 5_500,
    wantedMs: 9_000,
    settledMs: 6_000,
    claimsInTenSeconds: 25,
  },
  lasting: {
    ...STRICT,
    bothMs: 2_500,
    excusedBothMs: 2_500,
    unownedMs: Number.POSITIVE_INFINITY,
    wantedMs: Number.POSITIVE_INFINITY,
    settledMs: Number.POSITIVE_INFINITY,
    claimsInTenSeconds: 25,
  },
}

/** The kind of story that a seed tells. */
export function drawPlot(random: Random): Plot {
  const drawn = random.next()
  if (drawn < 0.02) return 'calm'
  if (drawn < 0.07) return 'harmless'
  if (drawn < 0.12) return 'failure'
  if (drawn < 0.5) return 'gentle'
  return drawn < 0.87 ? 'rough' : 'lasting'
}
