import type { BfdParameters } from '../bgp/peer-config.ts'
import { checkInteger, checkSwitch, type Fields } from './field-checks.ts'
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

/** What FRR takes where a profile says nothing: those who wrote one had FRR in mind. */
const DEFAULTS: BfdParameters = {
  receiveIntervalMs: 300,
  transmitIntervalMs: 300,
  detectMultiplier: 3,
  passive: false,
  // RFC 5883 §5: one router in between at most.
  minimumTtl: 254,
}

const [SHORTEST_MS, LONGEST_MS] = [10, 60_000]

/** Reads one BFDProfile by itself. */
export function parseBfdProfile({ metadata = {}, spec }: BfdProfileResource): ParsedBfdProfile {
  const { name = '' } = metadata
  const fields = (spec ?? {}) as Fields
  const problem =
    checkInteger('spec.receiveInterval', fields.receiveInterval, SHORTEST_MS, LONGEST_MS) ??
    checkInteger('spec.transmitInterval', fields.transmitInterval, SHORTEST_MS, LONGEST_MS) ??
    checkInteger('spec.echoInterval', fields.echoInterval, SHORTEST_MS, LONGEST_MS) ??
    checkInteger('spec.detectMultiplier', fields.detectMultiplier, 2, 255) ??
    checkInteger('spec.minimumTtl', fields.minimumTtl, 1, 254) ??
    checkSwitch('spec.echoMode', fields.echoMode) ??
    checkSwitch('spec.passiveMode', fields.passiveMode)
  if (problem) return { name, problem }
  return {
    profile: {
      name,
      parameters: {
        receiveIntervalMs: (fields.receiveInterval ?? DEFAULTS.receiveIntervalMs) as number,
        transmitIntervalMs: (fields.transmitInterval ?? DEFAULTS.transmitIntervalMs) as number,
        detectMultiplier: (fields.detectMultiplier ?? DEFAULTS.detectMultiplier) as number,
        passive: fields.passiveMode === true,
        minimumTtl: (fields.minimumTtl ?? DEFAULTS.minimumTtl) as number,
      },
      echoMode: fields.echoMode === true,
    },
  }
}
