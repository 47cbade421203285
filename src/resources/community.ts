import { type Static, Type } from 'typebox'
import type { CustomResource } from './crd.ts'
import { acceptedStatusSchema, apiVersionSchema, kindSchema, objectMetaSchema, options } from './schema.ts'
import { communityRules } from './schema-community.ts'

export const communitySchema = Type.Object(
  {
    apiVersion: Type.Optional(apiVersionSchema),
    kind: Type.Optional(kindSchema),
    metadata: objectMetaSchema,
    spec: Type.Optional(
      Type.Object(
        {
          communities: Type.Optional(
            Type.Array(
              Type.Object({
                name: Type.Optional(Type.String({ description: 'The name that advertisements use.', maxLength: 256 })),
                value: Type.Optional(
                  Type.String(
                    options({
                      description: 'What it stands for: `64512:100` (RFC 1997) or `large:64512:1:2` (RFC 8092).',
                      maxLength: 64,
                      'x-kubernetes-validations': [
                        ...communityRules,
                        {
                          rule: "size(self.split(':', 5)) in [2, 4]",
                          message: 'invalid community format',
                          messageExpression: `'invalid community format: ' + self`,
                        },
                      ],
                    }),
                  ),
                ),
              }),
              options({
                description: 'Names, which no other Community object may define, and their values.',
                maxItems: 1000,
                'x-kubernetes-list-type': 'atomic',
              }),
            ),
          ),
        },
        { description: 'Names for communities.' },
      ),
    ),
    status: acceptedStatusSchema('Whether advertisements can use these names.'),
  },
  { description: 'Gives names to BGP communities, for use in advertisements.' },
)

export type CommunityObject = Static<typeof communitySchema>

export const communityResource: CustomResource<CommunityObject> = {
  group: 'metallb.io',
  version: 'v1beta1',
  kind: 'Community',
  plural: 'communities',
  singular: 'community',
  schema: communitySchema,
  columns: [],
  notes: [
    'An object counts only in the namespace that Herald runs in.',
    'Of two objects that define one name, the elder counts for it.',
  ],
  example: {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'Community',
    metadata: { name: 'well-known', namespace: 'herald-system' },
    spec: {
      communities: [
        { name: 'no-export', value: '65535:65281' },
        { name: 'blackhole', value: '65535:666' },
      ],
    },
  },
}
