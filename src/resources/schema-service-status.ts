import { type TProperties, Type } from 'typebox'
import { apiVersionSchema, immutableTextSchema, kindSchema, objectMetaSchema } from './schema.ts'

/**
 * The schema of a kind that tells of one Service on one node.
 *
 * @param told what the status says beside the two
 */
export function serviceStatusSchema<Told extends TProperties>(description: string, told: Told) {
  return Type.Object(
    {
      apiVersion: Type.Optional(apiVersionSchema),
      kind: Type.Optional(kindSchema),
      metadata: objectMetaSchema,
      spec: Type.Optional(Type.Object({}, { description: 'Empty: there is nothing to ask for.' })),
      status: Type.Optional(
        Type.Object(
          {
            node: immutableTextSchema('The node that announces the Service.'),
            serviceName: immutableTextSchema('Name of the Service.'),
            serviceNamespace: immutableTextSchema('Namespace of the Service.'),
            ...told,
          },
          { description: 'Written by the controller, from what the speakers report.' },
        ),
      ),
    },
    { description },
  )
}
