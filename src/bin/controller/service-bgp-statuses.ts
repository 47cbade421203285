import type { DesiredBgpStatus } from '../../controller/service-bgp-status.ts'
import { serviceBgpStatuses } from '../../kubernetes/resources.ts'
import type { ServiceStatusKind } from './service-statuses.ts'

/** To which BGP peers a node announces a Service. */
export const BGP_STATUS_KIND: ServiceStatusKind<DesiredBgpStatus> = {
  resource: serviceBgpStatuses,
  prefix: 'bgp',
  details: ({ peers = [] }) => peers,
}
