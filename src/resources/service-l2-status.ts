import { type Static, Type } from 'typebox'
import type { CustomResource } from './crd.ts'
import { options } from './schema.ts'
import { serviceStatusSchema } from './schema-service-status.ts'

export const serviceL2StatusSchema = serviceStatusSchema(
  'Which node announces a Service on the local network segment: one object for each Service and node.',
  {
    interfaces: Type.Optional(
      Type.Array(
        Type.Object({ name: Type.Optional(Type.String({ description: 'Name of the interface.' })) }),
        options({
          description: 'The network interfaces on which the node announces it.',
          'x-kubernetes-list-type': 'atomic',
        }),
      ),
    ),
  },
)

export type ServiceL2Status = Static<typeof serviceL2StatusSchema>

export const serviceL2StatusResource: CustomResource<ServiceL2Status> = {
  group: 'metallb.io',
  version: 'v1beta1',
  kind: 'ServiceL2Status',
  plural: 'servicel2statuses',
  singular: 'servicel2status',
  schema: serviceL2StatusSchema,
  columns: [
    { name: 'Allocated Node', type: 'string', jsonPath: '.status.node' },
    { name: 'Service Name', type: 'string', jsonPath: '.status.serviceName' },
    { name: 'Service Namespace', type: 'string', jsonPath: '.status.serviceNamespace' },
  ],
  notes: [
    'Herald writes these objects, in its own namespace, for tools that read them from MetalLB. The condition `herald.io/Announced` on the Service says more.',
    'Their labels are `metallb.io/node`, `metallb.io/service-name` and `metallb.io/service-namespace`.',
    'The chart value `controller.serviceStatuses: false` leaves them out.',
  ],
  example: {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'ServiceL2Status',
    metadata: {
      name: 'l2-0d2e9a5c1f7b4836',
      namespace: 'herald-system',
      labels: {
        'metallb.io/node': 'node-a',
        'metallb.io/service-name': 'web',
        'metallb.io/service-namespace': 'default',
      },
    },
    status: { node: 'node-a', serviceName: 'web', serviceNamespace: 'default', interfaces: [{ name: 'eth0' }] },
  },
}
