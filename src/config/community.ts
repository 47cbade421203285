import type { LargeCommunity } from '../bgp/message.ts'
import { createdAtMs, type Fields, isAbsent } from './field-checks.ts'
import type { Problem } from './problem.ts'

/** A community of RFC 1997 (32 bits), or one of RFC 8092. */
export type CommunityValue = { readonly standard: number } | { readonly large: LargeCommunity }

/** A Community object, read and checked by itself: names for values. */
export interface CommunityAliases {
  readonly name: string
  readonly createdAtMs: number
  readonly aliases: ReadonlyMap<string, CommunityValue>
}

export type ParsedCommunity =
  | { readonly community: CommunityAliases }
  | { readonly name: string; readonly problem: Problem }

/** A Community as the API server sends it; nothing in it is trusted. */
export interface CommunityResource {
  metadata?: { name?: string; creationTimestamp?: string | Date }
  spec?: object
}

const LARGE = 'large'

/**
 * Reads `64512:100`, two numbers of 16 bits (RFC 1997), or `large:64512:1:2`, three of 32 bits (RFC 8092).
 *
 * @returns a problem in words; `isAlias` when the text has the form of neither and may be the name of one
 */
export function parseCommunityValue(text: string): CommunityValue | { problem: string; isAlias: boolean } {
  const sections = text.split(':', 5)
  const [first = ''] = sections
  if (sections.length === 4 && first !== LARGE) {
    const problem = `invalid community value: expected community to be of format large, got "${first}" in "${text}"`
    return { problem, isAlias: false }
  }
  if (sections.length !== 2 && sections.length !== 4) {
    return { problem: `invalid community format: ${text}`, isAlias: true }
  }
  const [digits, highest] = sections.length === 2 ? [sections, 0xffff] : [sections.slice(1), 0xffff_ffff]
  const wrong = digits.find(section => !/^\d{1,10}$/.test(section) || Number(section) > highest)
  if (wrong !== undefined) {
    const problem = `invalid community value: invalid section "${wrong}" of community "${text}", must be 0 to ${highest}`
    return { problem, isAlias: false }
  }
  const [a = 0, b = 0, c = 0] = digits.map(Number)
  return sections.length === 2
    ? { standard: a * 0x1_0000 + b }
    : { large: { globalAdministrator: a, localData1: b, localData2: c } }
}

/** Reads one Community by itself. */
export function parseCommunity({ metadata = {}, spec }: CommunityResource): ParsedCommunity {
  const { name = '' } = metadata
  const refuse = (field: string, message: string) => ({ name, problem: { field, message } })
  const list = ((spec ?? {}) as Fields).communities
  if (!isAbsent(list) && !Array.isArray(list)) return refuse('spec.communities', 'must be a list')
  const aliases = new Map<string, CommunityValue>()
  for (const [index, item] of (list ?? []).entries()) {
    const field = `spec.communities[${index}]`
    const { name: alias, value } = (item ?? {}) as Fields
    if (typeof alias !== 'string' || alias === '') return refuse(`${field}.name`, 'must be a name')
    if (aliases.has(alias)) return refuse(`${field}.name`, `duplicate definition of community "${alias}"`)
    if (typeof value !== 'string') return refuse(`${field}.value`, 'must be text')
    const parsed = parseCommunityValue(value)
    if ('problem' in parsed) return refuse(`${field}.value`, parsed.problem)
    aliases.set(alias, parsed)
  }
  return { community: { name, createdAtMs: createdAtMs(metadata), aliases } }
}
