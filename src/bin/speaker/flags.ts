import { CANDIDATE_FLAGS } from '../common/candidate-flags.ts'
import { COMMON_FLAGS, type Flag, LIVENESS_SECRET_FLAG } from '../common/flags.ts'
import { METRICS_FLAGS } from '../common/metrics-flags.ts'

/** The speaker in a sentence, for its help. */
export const WHAT = 'Herald speaker: announces the addresses of Services of type LoadBalancer from this node.'

/** The speaker's flags. */
export const FLAGS = {
  ...COMMON_FLAGS,
  ...METRICS_FLAGS,
  'node-name': {
    type: 'string',
    value: 'NAME',
    env: 'HERALD_NODE_NAME',
    help: 'name of the Node this speaker runs on; required',
  },
  'pod-uid': {
    type: 'string',
    value: 'UID',
    env: 'HERALD_POD_UID',
    help: 'uid of this pod: its Lease goes with it; empty: with the Node',
  },
  'exclude-interfaces': {
    type: 'string',
    multiple: true,
    value: 'REGEX',
    help: "announce nothing on interfaces whose names match; replaces the default, which leaves out the pods' and tunnels'",
  },
  'liveness-port': {
    type: 'string',
    value: 'PORT',
    default: '7946',
    help: 'UDP port on which speakers watch each other; the same on all nodes',
  },
  'liveness-interval-ms': {
    type: 'string',
    value: 'MS',
    default: '100',
    help: 'how often a speaker says that it lives, 10 to 5000',
  },
  'liveness-multiplier': {
    type: 'string',
    value: 'COUNT',
    default: '3',
    help: 'after so many intervals of silence a speaker counts as dead, 2 to 50',
  },
  ...LIVENESS_SECRET_FLAG,
  'probe-count': {
    type: 'string',
    value: 'COUNT',
    default: '2',
    help: 'how often an address is asked for before it is claimed, 1 to 10',
  },
  'probe-interval-ms': {
    type: 'string',
    value: 'MS',
    default: '50',
    help: 'how long an answer is waited for each time, 10 to 1000',
  },
  'bgp-listen-port': {
    type: 'string',
    value: 'PORT',
    default: '0',
    help: 'TCP port on which BGP peers may open a session; 0: this end opens all of them',
  },
  'bgp-graceful-shutdown-seconds': {
    type: 'string',
    value: 'SECONDS',
    default: '2',
    help: 'how long routes stand with the community GRACEFUL_SHUTDOWN before a speaker that ends withdraws them, 0 to 60',
  },
  'bgp-drain-seconds': {
    type: 'string',
    value: 'SECONDS',
    default: '30',
    help: 'the same for a node that is being drained, 0 to 3600',
  },
  ...CANDIDATE_FLAGS,
} as const satisfies Record<string, Flag>
