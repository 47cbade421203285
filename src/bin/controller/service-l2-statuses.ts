import type { DesiredL2Status } from '../../controller/service-l2-status.ts'
import { serviceL2Statuses } from '../../kubernetes/resources.ts'
import type { ServiceStatusKind } from './service-statuses.ts'

/** Which node announces a Service on the local network segment. */
export const L2_STATUS_KIND: ServiceStatusKind<DesiredL2Status> = {
  resource: serviceL2Statuses,
  prefix: 'l2',
  details: ({ interfaces = [] }) => interfaces.map(({ name }) => name),
}
