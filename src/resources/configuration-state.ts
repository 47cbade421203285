import { type Static, Type } from 'typebox'
import type { CustomResource } from './crd.ts'
import { apiVersionSchema, conditionsSchema, kindSchema, objectMetaSchema } from './schema.ts'

export const configurationStateSchema = Type.Object(
  {
    apiVersion: Type.Optional(apiVersionSchema),
    kind: Type.Optional(kindSchema),
    metadata: objectMetaSchema,
    status: Type.Optional(
      Type.Object(
        {
          result: Type.Optional(
            Type.Enum(['Valid', 'Invalid', 'Unknown'], {
              description: '`Invalid`: at least one object is refused. All others are in force all the same.',
            }),
          ),
          errorSummary: Type.Optional(
            Type.String({ description: 'What is refused and why, one line for each object; empty when nothing is.' }),
          ),
          conditions: Type.Optional(conditionsSchema('The same as conditions.')),
        },
        { description: 'Written by the controller.' },
      ),
    ),
  },
  { description: 'Whether the custom resources that one component reads are right.' },
)

export type ConfigurationState = Static<typeof configurationStateSchema>

export const configurationStateResource: CustomResource<ConfigurationState> = {
  group: 'metallb.io',
  version: 'v1beta1',
  kind: 'ConfigurationState',
  plural: 'configurationstates',
  singular: 'configurationstate',
  schema: configurationStateSchema,
  columns: [
    { name: 'Result', type: 'string', jsonPath: '.status.result' },
    { name: 'ErrorSummary', type: 'string', jsonPath: '.status.errorSummary' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
  notes: [
    'Herald writes these objects: `controller` with all that is refused, and `speaker-NODE` for each speaker with what that one reads. An edit is undone, and one that is deleted comes back.',
    'Each refused object says the same on itself; here it stands in one place, for monitoring.',
  ],
  example: {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'ConfigurationState',
    metadata: { name: 'controller', namespace: 'herald-system' },
    status: {
      result: 'Invalid',
      errorSummary:
        'configuration error: IPAddressPool "b": spec.addresses[0]: 192.0.2.8-192.0.2.15 overlaps with already defined CIDR 192.0.2.0-192.0.2.15 of the IPAddressPool "a"',
    },
  },
}
