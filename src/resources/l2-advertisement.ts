import { type Static, Type } from 'typebox'
import type { CustomResource } from './crd.ts'
import { acceptedStatusSchema, apiVersionSchema, kindSchema, objectMetaSchema, options } from './schema.ts'
import { scopeProperties } from './schema-advertisement.ts'
import { labelSelectorSchema } from './schema-selector.ts'

const preferredNodeSelectorSchema = Type.Object({
  weight: Type.Integer({
    description: 'How much a node that matches is worth.',
    format: 'int32',
    minimum: 1,
    maximum: 100,
  }),
  preference: labelSelectorSchema('Labels of the nodes that are preferred.'),
})

export const l2AdvertisementSchema = Type.Object(
  {
    apiVersion: Type.Optional(apiVersionSchema),
    kind: Type.Optional(kindSchema),
    metadata: objectMetaSchema,
    spec: Type.Optional(
      Type.Object(
        {
          ...scopeProperties,
          interfaces: Type.Optional(
            Type.Array(
              Type.String(),
              options({
                description:
                  'Names of the network interfaces to announce from. All when empty. Several advertisements for the same pool add up.',
                'x-kubernetes-list-type': 'atomic',
              }),
            ),
          ),
          preferredNodeSelectors: Type.Optional(
            Type.Array(
              preferredNodeSelectorSchema,
              options({
                description:
                  'Nodes that should announce before others. The weights of all selectors that match a node are summed; the node with the highest sum comes first.',
                maxItems: 128,
                'x-kubernetes-list-type': 'atomic',
              }),
            ),
          ),
        },
        { description: 'What is announced, and from where.' },
      ),
    ),
    status: acceptedStatusSchema('Whether Herald uses this advertisement.'),
  },
  { description: 'Announces the addresses of pools on the local network segment, by ARP (IPv4) and NDP (IPv6).' },
)

export type L2Advertisement = Static<typeof l2AdvertisementSchema>

export const l2AdvertisementResource: CustomResource<L2Advertisement> = {
  group: 'metallb.io',
  version: 'v1beta1',
  kind: 'L2Advertisement',
  plural: 'l2advertisements',
  singular: 'l2advertisement',
  schema: l2AdvertisementSchema,
  columns: [
    { name: 'IPAddressPools', type: 'string', jsonPath: '.spec.ipAddressPools' },
    { name: 'IPAddressPool Selectors', type: 'string', jsonPath: '.spec.ipAddressPoolSelectors' },
    { name: 'Interfaces', type: 'string', jsonPath: '.spec.interfaces' },
    { name: 'Node Selectors', type: 'string', jsonPath: '.spec.nodeSelectors', priority: 10 },
  ],
  notes: [
    'The API server does not know whether the pools, nodes and interfaces that are named exist.',
    'An advertisement counts only in the namespace that Herald runs in.',
  ],
  example: {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'L2Advertisement',
    metadata: { name: 'web', namespace: 'herald-system' },
    spec: {
      ipAddressPools: ['web'],
      interfaces: ['eth0'],
      nodeSelectors: [
        { matchExpressions: [{ key: 'node-role.kubernetes.io/control-plane', operator: 'DoesNotExist' }] },
      ],
      preferredNodeSelectors: [{ weight: 50, preference: { matchLabels: { rack: 'a' } } }],
    },
  },
}
