import { CANDIDATE_FLAGS } from '../common/candidate-flags.ts'
import { COMMON_FLAGS, type Flag, LIVENESS_SECRET_FLAG } from '../common/flags.ts'
import { METRICS_FLAGS } from '../common/metrics-flags.ts'
import { WEBHOOK_FLAGS } from './webhook-flags.ts'

/** The controller in a sentence, for its help. */
export const WHAT = 'Herald controller: gives Services of type LoadBalancer their addresses.'

/** The controller's flags. */
export const FLAGS = {
  ...COMMON_FLAGS,
  ...METRICS_FLAGS,
  ...LIVENESS_SECRET_FLAG,
  ...CANDIDATE_FLAGS,
  ...WEBHOOK_FLAGS,
  'no-service-statuses': {
    type: 'boolean',
    help: 'write no ServiceL2Status and ServiceBGPStatus objects, and remove those that there are',
  },
  'cleanup-finalizer': {
    type: 'boolean',
    help: 'keep a Service that is deleted from going before its address is given back',
  },
  'remove-finalizers': {
    type: 'boolean',
    help: "do nothing but take Herald's finalizers off all Services, and end; for an uninstall",
  },
  deployment: {
    type: 'string',
    value: 'NAME',
    default: '',
    help: "the controller's Deployment: with it go the objects that the controller makes for itself",
  },
} as const satisfies Record<string, Flag>
