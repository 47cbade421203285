import { type Static, Type } from 'typebox'
import type { CustomResource } from './crd.ts'
import { apiVersionSchema, conditionsSchema, kindSchema, objectMetaSchema, options } from './schema.ts'
import { labelSelectorSchema, labelSelectorsSchema } from './schema-selector.ts'

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
          ipAddressPools: Type.Optional(
            Type.Array(
              Type.String(),
              options({
                description:
                  'Names of the pools to announce, beside those that `ipAddressPoolSelectors` finds. All pools when both are empty.',
                'x-kubernetes-list-type': 'set',
              }),
            ),
          ),
          ipAddressPoolSelectors: Type.Optional(labelSelectorsSchema('Labels of the pools to announce.')),
          nodeSelectors: Type.Optional(
            labelSelectorsSchema('Labels of the nodes that may announce. All nodes when empty.'),
          ),
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
          serviceSelectors: Type.Optional(
            labelSelectorsSchema('Labels of the Services to announce. All Services of the pools when empty.'),
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
    status: Type.Optional(
      Type.Object(
        { conditions: Type.Optional(conditionsSchema('Whether Herald uses this advertisement.')) },
        { description: 'Written by the controller.' },
      ),
    ),
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
