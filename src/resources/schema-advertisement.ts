import { Type } from 'typebox'
import { options } from './schema.ts'
import { labelSelectorsSchema } from './schema-selector.ts'

/** What an advertisement of either kind applies to. */
export const scopeProperties = {
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
  nodeSelectors: Type.Optional(labelSelectorsSchema('Labels of the nodes that may announce. All nodes when empty.')),
  serviceSelectors: Type.Optional(
    labelSelectorsSchema('Labels of the Services to announce. All Services of the pools when empty.'),
  ),
}
