import { type Static, Type } from 'typebox'
import type { CustomResource } from './crd.ts'
import { options } from './schema.ts'
import { serviceStatusSchema } from './schema-service-status.ts'

export const serviceBgpStatusSchema = serviceStatusSchema(
  'To which BGP peers a node announces a Service: one object for each Service and node.',
  {
    peers: Type.Optional(
      Type.Array(
        Type.String(),
        options({
          description: 'Names of the BGPPeers to which the node announces it, sorted.',
          'x-kubernetes-list-type': 'atomic',
        }),
      ),
    ),
  },
)

export type ServiceBgpStatus = Static<typeof serviceBgpStatusSchema>

export const serviceBgpStatusResource: CustomResource<ServiceBgpStatus> = {
  group: 'metallb.io',
  version: 'v1beta1',
  kind: 'ServiceBGPStatus',
  plural: 'servicebgpstatuses',
  singular: 'servicebgpstatus',
  schema: serviceBgpStatusSchema,
  columns: [
    { name: 'Node', type: 'string', jsonPath: '.status.node' },
    { name: 'Service Name', type: 'string', jsonPath: '.status.serviceName' },
    { name: 'Service Namespace', type: 'string', jsonPath: '.status.serviceNamespace' },
  ],
  notes: [
    'Herald writes these objects, in its own namespace, for tools that read them from MetalLB. The condition `herald.io/Announced` on the Service says more, and `BGPSessionStatus` whether the sessions are up.',
    'Their labels are `metallb.io/node`, `metallb.io/service-name` and `metallb.io/service-namespace`.',
    'The chart value `controller.serviceStatuses: false` leaves them out.',
  ],
  example: {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'ServiceBGPStatus',
    metadata: {
      name: 'bgp-0d2e9a5c1f7b4836',
      namespace: 'herald-system',
      labels: {
        'metallb.io/node': 'node-a',
        'metallb.io/service-name': 'web',
        'metallb.io/service-namespace': 'default',
      },
    },
    status: { node: 'node-a', serviceName: 'web', serviceNamespace: 'default', peers: ['rack-a'] },
  },
}
