import type { Problem } from './problem.ts'

/** One object that is refused, or of which a part is not in force. */
export interface RefusedObject {
  /** kind of the custom resource */
  readonly kind: string
  readonly name: string
  readonly problem: Problem
  /** The words of the ConfigurationState where tools match those of MetalLB; without them kind, name and problem are told. */
  readonly summary?: string
  /** All of it is in force but for what the problem names. */
  readonly partly?: boolean
}
