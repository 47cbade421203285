import type { BfdParameters } from '../bgp/peer-config.ts'
import type { Problem } from './problem.ts'

/** A BFDProfile, read and checked. */
export interface BfdProfile {
  readonly name: string
  readonly parameters: BfdParameters
  /** The profile asks for the echo function, which Herald does not have: sessions are held without it. */
  readonly echoMode: boolean
}

export type ParsedBfdProfile = { readonly profile: BfdProfile } | { readonly name: string; readonly problem: Problem }

/** A BFDProfile as the API server sends it; nothing in it is trusted. */
export interface BfdProfileResource {
  metadata?: { name?: string }
  spec?: object
}
