import type { AnnouncedReason } from './announced-reasons.ts'

/** What one protocol does for one address. */
export interface ProtocolState {
  readonly reason: AnnouncedReason
  /** what stands behind the address, without a space or colon before it */
  readonly text: string
  /** `text` without what changes often and on many Services at once; the same as `text` where it is left out */
  readonly outline?: string
}

/** A message must stay readable with a thousand nodes. */
export function shortList(names: readonly string[], { separator = ', ', longest = 5 } = {}): string {
  const more = names.length - longest
  return more > 0 ? `${names.slice(0, longest).join(separator)} and ${more} more` : names.join(separator)
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`
}

/** `node "a"`, `nodes "a", "b"` */
export function named(one: string, names: readonly string[]): string {
  return `${names.length === 1 ? one : `${one}s`} ${shortList(names.map(name => JSON.stringify(name)))}`
}

/** Reasons of nodes, those with the same reason together: `noPeer (a, b), speakerNotRegistered (c)`. */
export function describeReasons(reasons: Iterable<readonly [node: string, reason: string]>): string {
  const nodes = Map.groupBy(reasons, ([, reason]) => reason)
  const texts = [...nodes]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([reason, list]) => `${reason} (${shortList(list.map(([node]) => node).sort())})`)
  return texts.join(', ') || 'there is no node'
}
