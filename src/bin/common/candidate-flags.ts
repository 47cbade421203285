import type { CandidateRules } from '../../speaker/candidate-index.ts'
import { type Flag, FlagError, type FlagValues } from './flags.ts'

/** The flags that say which nodes may announce. All processes of a cluster must have the same. */
export const CANDIDATE_FLAGS = {
  'ignore-exclude-lb': {
    type: 'boolean',
    help: 'announce also from nodes labelled node.kubernetes.io/exclude-from-external-load-balancers',
  },
  'drain-on-cordon': {
    type: 'boolean',
    help: 'a cordoned node hands its addresses over, as one with the annotation herald.io/drain: "true" does',
  },
  'drain-on-taint': {
    type: 'string',
    multiple: true,
    value: 'KEY',
    help: 'so does a node with a taint of this key',
  },
} as const satisfies Record<string, Flag>

/** @throws FlagError for what is no key of a taint */
export function candidateRules(flags: FlagValues): CandidateRules {
  const drainOnTaints = flags.list('drain-on-taint')
  for (const key of drainOnTaints) {
    // https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
    if (!/^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-\w.]*[A-Za-z0-9])?$/.test(key)) {
      throw new FlagError(`--drain-on-taint: "${key}" is not the key of a taint (without its value and effect)`)
    }
  }
  return {
    ignoreExcludeLabel: flags.on('ignore-exclude-lb'),
    drainOnCordon: flags.on('drain-on-cordon'),
    drainOnTaints,
  }
}
