import { type Static, Type } from 'typebox'
import type { CustomResource } from './crd.ts'
import { apiVersionSchema, conditionsSchema, kindSchema, objectMetaSchema, options } from './schema.ts'
import { addressRangeSchema } from './schema-address-range.ts'
import { labelSelectorsSchema } from './schema-selector.ts'

// What the budget of the CEL rules on each entry allows, rounded down to a number that is easy to remember.
const MAX_ADDRESSES = 1000

const serviceAllocationSchema = Type.Object(
  {
    priority: Type.Optional(
      Type.Integer({
        description:
          'Order among the pools whose `serviceAllocation` matches a Service: the lowest number first. 0 or unset comes last.',
        format: 'int64',
      }),
    ),
    namespaces: Type.Optional(
      Type.Array(
        Type.String(),
        options({
          description: 'Namespaces whose Services may use this pool.',
          'x-kubernetes-list-type': 'set',
        }),
      ),
    ),
    namespaceSelectors: Type.Optional(
      labelSelectorsSchema(
        'Labels of namespaces whose Services may use this pool, beside those named in `namespaces`.',
      ),
    ),
    serviceSelectors: Type.Optional(
      labelSelectorsSchema(
        'Labels of the Services that may use this pool. One of the selectors must match, and so must the namespace.',
      ),
    ),
  },
  {
    description:
      'Which Services may use this pool. Pools that have this field and match a Service come before pools without it.',
  },
)

const count = (what: string) =>
  Type.Optional(Type.Integer({ description: `${what} A count beyond 2^63 - 1 is given as that.`, format: 'int64' }))

export const ipAddressPoolSchema = Type.Object(
  {
    apiVersion: Type.Optional(apiVersionSchema),
    kind: Type.Optional(kindSchema),
    metadata: objectMetaSchema,
    spec: Type.Object(
      {
        addresses: Type.Array(
          addressRangeSchema,
          options({
            description:
              'The addresses, as CIDRs (`192.0.2.0/24`: the whole prefix, whatever its host bits) or ranges (`192.0.2.10-192.0.2.20`, both ends included). IPv4 and IPv6 entries may stand side by side.',
            minItems: 1,
            maxItems: MAX_ADDRESSES,
            'x-kubernetes-list-type': 'atomic',
          }),
        ),
        autoAssign: Type.Optional(
          Type.Boolean({
            description:
              'false: the pool serves only Services that ask for it or for one of its addresses. Turning this off takes no address away.',
            default: true,
          }),
        ),
        avoidBuggyIPs: Type.Optional(
          Type.Boolean({
            description:
              'true: IPv4 addresses that end in .0 or .255 are never given out, because some old devices drop their packets.',
            default: false,
          }),
        ),
        serviceAllocation: Type.Optional(serviceAllocationSchema),
      },
      { description: 'The addresses, and who may use them.' },
    ),
    status: Type.Optional(
      Type.Object(
        {
          assignedIPv4: count('IPv4 addresses in use.'),
          assignedIPv6: count('IPv6 addresses in use.'),
          availableIPv4: count('IPv4 addresses still free.'),
          availableIPv6: count('IPv6 addresses still free.'),
          conditions: Type.Optional(
            conditionsSchema('What Herald thinks of this pool, for instance whether it is in use.'),
          ),
        },
        { description: 'Written by the controller.' },
      ),
    ),
  },
  { description: 'Addresses that Herald may give to Services of type LoadBalancer.' },
)

export type IPAddressPool = Static<typeof ipAddressPoolSchema>

export const ipAddressPoolResource: CustomResource<IPAddressPool> = {
  group: 'metallb.io',
  version: 'v1beta1',
  kind: 'IPAddressPool',
  plural: 'ipaddresspools',
  singular: 'ipaddresspool',
  schema: ipAddressPoolSchema,
  columns: [
    { name: 'Auto Assign', type: 'boolean', jsonPath: '.spec.autoAssign' },
    { name: 'Avoid Buggy IPs', type: 'boolean', jsonPath: '.spec.avoidBuggyIPs' },
    { name: 'Addresses', type: 'string', jsonPath: '.spec.addresses' },
  ],
  notes: [
    'The API server sees one pool at a time. That addresses of two pools, or two entries of one, overlap is found by the controller, which reports it on the pool.',
    'A pool that is edited into such a mistake gives out no address until it is mended, and the Services that hold its addresses keep them.',
    'A pool counts only in the namespace that Herald runs in.',
  ],
  example: {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'IPAddressPool',
    metadata: { name: 'web', namespace: 'herald-system' },
    spec: {
      addresses: ['192.0.2.0/26', '198.51.100.10-198.51.100.20', '2001:db8:0:1::/64'],
      serviceAllocation: {
        priority: 10,
        namespaces: ['shop'],
        serviceSelectors: [{ matchExpressions: [{ key: 'tier', operator: 'In', values: ['web', 'edge'] }] }],
      },
    },
  },
}
