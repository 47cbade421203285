import { type Static, type TSchemaOptions, Type } from 'typebox'

/** A rule of x-kubernetes-validations: what the API server checks when Herald is not even running. */
export interface CelRule {
  readonly rule: string
  readonly message: string
  readonly messageExpression?: string
  readonly reason?: 'FieldValueInvalid' | 'FieldValueForbidden' | 'FieldValueRequired' | 'FieldValueDuplicate'
  readonly fieldPath?: string
}

/** What a structural schema may carry beside plain JSON Schema. */
export interface KubernetesOptions extends TSchemaOptions {
  readonly 'x-kubernetes-validations'?: readonly CelRule[]
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map'
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]
  readonly 'x-kubernetes-map-type'?: 'atomic' | 'granular'
}

/** Lets the compiler check the options: typebox itself takes any key. */
export const options = (value: KubernetesOptions): KubernetesOptions => value

/**
 * metav1.ObjectMeta, cut to what Herald uses. The API server checks metadata by itself, so that the definition says no
 * more than `type: object`.
 */
export const objectMetaSchema = Type.Object(
  {
    name: Type.Optional(Type.String()),
    namespace: Type.Optional(Type.String()),
    uid: Type.Optional(Type.String()),
    resourceVersion: Type.Optional(Type.String()),
    generation: Type.Optional(Type.Integer()),
    creationTimestamp: Type.Optional(Type.String()),
    labels: Type.Optional(Type.Record(Type.String(), Type.String())),
    annotations: Type.Optional(Type.Record(Type.String(), Type.String())),
    ownerReferences: Type.Optional(
      Type.Array(
        Type.Object({
          apiVersion: Type.String(),
          kind: Type.String(),
          name: Type.String(),
          uid: Type.String(),
          controller: Type.Optional(Type.Boolean()),
          blockOwnerDeletion: Type.Optional(Type.Boolean()),
        }),
      ),
    ),
  },
  { description: "Standard object's metadata." },
)

export const apiVersionSchema = Type.String({ description: 'The version of this schema that the object follows.' })
export const kindSchema = Type.String({ description: 'The kind of this object.' })

export type ObjectMeta = Static<typeof objectMetaSchema>

/** metav1.Condition, with the bounds of k8s.io/apimachinery. */
export const conditionSchema = Type.Object({
  type: Type.String({
    description: 'What the condition is about.',
    maxLength: 316,
    pattern:
      '^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$',
  }),
  status: Type.Enum(['True', 'False', 'Unknown'], { description: 'Whether it holds.' }),
  observedGeneration: Type.Optional(
    Type.Integer({ description: 'The `metadata.generation` that was judged.', format: 'int64', minimum: 0 }),
  ),
  lastTransitionTime: Type.String({ description: 'When `status` changed last.', format: 'date-time' }),
  reason: Type.String({
    description: 'Why, as one stable word.',
    minLength: 1,
    maxLength: 1024,
    pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$',
  }),
  message: Type.String({ description: 'Why, as a sentence.', maxLength: 32768 }),
})

export function conditionsSchema(description: string) {
  return Type.Array(
    conditionSchema,
    options({ description, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] }),
  )
}

/** The status of an object of the configuration that the controller judges and says nothing else of. */
export function acceptedStatusSchema(description: string) {
  return Type.Optional(
    Type.Object(
      { conditions: Type.Optional(conditionsSchema(description)) },
      { description: 'Written by the controller.' },
    ),
  )
}

/** A text that stays as it was first written. */
export function immutableTextSchema(description: string) {
  const rule: CelRule = { rule: 'self == oldSelf', message: 'Value is immutable' }
  return Type.Optional(Type.String(options({ description, 'x-kubernetes-validations': [rule] })))
}
