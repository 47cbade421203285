import type { LargeCommunity } from '../bgp/message.ts'
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
