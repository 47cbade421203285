import { CONTROL_FAULTS } from './faults/control-faults.ts'
import type { Fault } from './faults/fault.ts'
import { NODE_FAULTS } from './faults/node-faults.ts'
import { PLANNED_CHANGES } from './faults/planned-changes.ts'
import { SEGMENT_FAULTS } from './faults/segment-faults.ts'
import type { Plot } from './plots.ts'
import type { Random } from './random.ts'

/** Everything that goes wrong, or is merely changed, in a simulated cluster. Their order decides what a seed draws. */
export const FAULTS: readonly Fault[] = [...NODE_FAULTS, ...CONTROL_FAULTS, ...PLANNED_CHANGES, ...SEGMENT_FAULTS]

/** The faults that a story of this kind may have. */
export function faultsOf(plot: Plot): Fault[] {
  return FAULTS.filter(fault => suits(fault, plot))
}

/** One of these, by weight. */
export function drawFault(random: Random, faults: readonly Fault[]): Fault {
  let drawn = random.next() * faults.reduce((sum, { weight }) => sum + weight, 0)
  for (const fault of faults) {
    drawn -= fault.weight
    if (drawn < 0) return fault
  }
  return faults[0]!
}

function suits(fault: Fault, plot: Plot): boolean {
  switch (plot) {
    case 'gentle':
      return fault.gentle
    case 'lasting':
      return fault.lasting
    case 'harmless':
      return fault.harmless === true
    case 'failure':
      return fault.failure === true
    case 'rough':
      return true
    case 'calm':
      return false
  }
}
