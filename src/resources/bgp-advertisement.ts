import { type Static, Type } from 'typebox'
import type { CustomResource } from './crd.ts'
import { acceptedStatusSchema, apiVersionSchema, kindSchema, objectMetaSchema, options } from './schema.ts'
import { scopeProperties } from './schema-advertisement.ts'
import { communityRules } from './schema-community.ts'

export const bgpAdvertisementSchema = Type.Object(
  {
    apiVersion: Type.Optional(apiVersionSchema),
    kind: Type.Optional(kindSchema),
    metadata: objectMetaSchema,
    spec: Type.Optional(
      Type.Object(
        {
          ...scopeProperties,
          aggregationLength: Type.Optional(
            Type.Integer({
              description:
                'Announce the IPv4 prefix of this length that an address is in. Not shorter than the prefixes of the pool.',
              format: 'int32',
              minimum: 1,
              maximum: 32,
              default: 32,
            }),
          ),
          aggregationLengthV6: Type.Optional(
            Type.Integer({
              description: 'The same for IPv6.',
              format: 'int32',
              minimum: 1,
              maximum: 128,
              default: 128,
            }),
          ),
          localPref: Type.Optional(
            Type.Integer({
              description:
                'LOCAL_PREF of the routes, told on internal sessions alone. Routers take the highest. Without it, or with 0, the 100 that routers assume.',
              format: 'int64',
              minimum: 0,
              maximum: 4_294_967_295,
            }),
          ),
          communities: Type.Optional(
            Type.Array(
              Type.String(options({ minLength: 1, maxLength: 256, 'x-kubernetes-validations': communityRules })),
              options({
                description:
                  'Communities of the routes: `64512:100` (RFC 1997), `large:64512:1:2` (RFC 8092), or an alias that a Community object defines.',
                maxItems: 63,
                'x-kubernetes-list-type': 'set',
              }),
            ),
          ),
          peers: Type.Optional(
            Type.Array(
              Type.String(),
              options({
                description: 'Names of the BGPPeers to announce to. All when empty; names of none are passed over.',
                'x-kubernetes-list-type': 'set',
              }),
            ),
          ),
        },
        options({
          description: 'What is announced, from where, to whom.',
          'x-kubernetes-validations': [
            {
              rule: '!has(self.serviceSelectors) || size(self.serviceSelectors) == 0 || ((!has(self.aggregationLength) || self.aggregationLength == 32) && (!has(self.aggregationLengthV6) || self.aggregationLengthV6 == 128))',
              message: 'serviceSelectors and aggregationLength are mutually exclusive',
            },
          ],
        }),
      ),
    ),
    status: acceptedStatusSchema('Whether Herald uses this advertisement.'),
  },
  { description: 'Announces the addresses of pools to routers, by BGP.' },
)

export type BgpAdvertisementObject = Static<typeof bgpAdvertisementSchema>

export const bgpAdvertisementResource: CustomResource<BgpAdvertisementObject> = {
  group: 'metallb.io',
  version: 'v1beta1',
  kind: 'BGPAdvertisement',
  plural: 'bgpadvertisements',
  singular: 'bgpadvertisement',
  schema: bgpAdvertisementSchema,
  columns: [
    { name: 'IPAddressPools', type: 'string', jsonPath: '.spec.ipAddressPools' },
    { name: 'IPAddressPool Selectors', type: 'string', jsonPath: '.spec.ipAddressPoolSelectors' },
    { name: 'Peers', type: 'string', jsonPath: '.spec.peers' },
    { name: 'Node Selectors', type: 'string', jsonPath: '.spec.nodeSelectors', priority: 10 },
  ],
  notes: [
    'An advertisement counts only in the namespace that Herald runs in.',
    'The annotation `herald.io/weight: endpoints` tells with each route how many ready endpoints are behind it on the node (link bandwidth community), so that routers that know it share traffic by pods, not by nodes.',
    'Several advertisements of one address add up: communities are united. Two that give different LOCAL_PREFs to the same routes for the same peer and node cannot stand together: for the pool in question the elder stands.',
    'Services that share an address are each asked for: it is announced while one of them is.',
  ],
  example: {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'BGPAdvertisement',
    metadata: {
      name: 'web',
      namespace: 'herald-system',
      annotations: { 'herald.io/weight': 'endpoints' },
    },
    spec: { ipAddressPools: ['web'], peers: ['rack-a'], communities: ['64512:100', 'no-export'] },
  },
}
