import type { TSchema } from 'typebox'

export interface PrinterColumn {
  readonly name: string
  readonly type: 'string' | 'boolean' | 'integer' | 'date'
  readonly jsonPath: string
  /** columns above 0 are shown by `kubectl get -o wide` alone */
  readonly priority?: number
}

/** A version that is served beside the stored one. The API server changes `apiVersion` alone between them. */
export interface OlderVersion {
  readonly version: string
  readonly schema: TSchema
  readonly columns: readonly PrinterColumn[]
  /** what clients that use it are told */
  readonly deprecationWarning: string
}

/** Everything that is said of one kind: its definition, its types and its reference page are made from this. */
export interface CustomResource<T = unknown> {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly plural: string
  readonly singular: string
  /** the whole object, with apiVersion, kind and metadata */
  readonly schema: TSchema
  readonly columns: readonly PrinterColumn[]
  /** what a reader of the reference must know and no schema can say */
  readonly notes: readonly string[]
  readonly example: T
  readonly olderVersions?: readonly OlderVersion[]
}

/** JSON Schema as the API server wants it: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema */
export interface StructuralSchema {
  type: string
  description?: string
  default?: unknown
  required?: string[]
  properties?: Record<string, StructuralSchema>
  items?: StructuralSchema
  additionalProperties?: StructuralSchema
  [keyword: string]: unknown
}

const COPIED = [
  'description',
  'format',
  'default',
  'nullable',
  'enum',
  'pattern',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
]
const CONVERTED = ['type', 'required', 'properties', 'items', 'additionalProperties', 'patternProperties']

/**
 * Turns a typebox schema into a structural one.
 *
 * @throws Error on what no structural schema may hold (anyOf, const, tuples …), naming where it stands
 */
export function structuralSchema(schema: TSchema, path = ''): StructuralSchema {
  const source = schema as unknown as Record<string, unknown>
  const result: StructuralSchema = { type: typeOf(source, path) }
  for (const [key, value] of Object.entries(source)) {
    if (key.startsWith('~') || CONVERTED.includes(key)) continue
    if (!COPIED.includes(key) && !key.startsWith('x-kubernetes-')) {
      throw new Error(`${path || 'the schema'}: "${key}" has no place in a structural schema`)
    }
    result[key] = value
  }
  const { required, properties, items } = source as { required?: string[]; properties?: Schemas; items?: TSchema }
  if (required && required.length > 0) result.required = [...required]
  if (properties && Object.keys(properties).length > 0) {
    result.properties = mapValues(properties, (child, name) => structuralSchema(child, `${path}.${name}`))
  }
  if (items) result.items = structuralSchema(items, `${path}[]`)
  const values = mapValueSchema(source, path)
  if (values) result.additionalProperties = structuralSchema(values, `${path}[key]`)
  return result
}

/** Makes the CustomResourceDefinition of a kind: namespaced, its newest version stored, each with a status subresource. */
export function customResourceDefinition(resource: CustomResource) {
  const { group, version, kind, plural, singular, schema, columns, olderVersions = [] } = resource
  const older = olderVersions.map(({ deprecationWarning, ...rest }) => ({
    ...versionOf(rest, false),
    deprecated: true,
    deprecationWarning,
  }))
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: { kind, listKind: `${kind}List`, plural, singular },
      scope: 'Namespaced',
      versions: [versionOf({ version, schema, columns }, true), ...older],
    },
  }
}

function versionOf(
  { version, schema, columns }: Pick<CustomResource, 'version' | 'schema' | 'columns'>,
  storage: boolean,
) {
  const openAPIV3Schema = structuralSchema(schema)
  // The API server keeps metadata to itself: only name and generateName may be restricted here.
  if (openAPIV3Schema.properties) openAPIV3Schema.properties.metadata = { type: 'object' }
  const required = openAPIV3Schema.required?.filter(name => name !== 'metadata') ?? []
  if (required.length > 0) openAPIV3Schema.required = required
  else delete openAPIV3Schema.required
  return {
    name: version,
    served: true,
    storage,
    subresources: { status: {} },
    additionalPrinterColumns: columns.map(column => ({ ...column })),
    schema: { openAPIV3Schema },
  }
}

type Schemas = Record<string, TSchema>

function typeOf(source: Record<string, unknown>, path: string): string {
  if (typeof source.type === 'string') return source.type
  if (Array.isArray(source.enum) && source.enum.every(value => typeof value === 'string')) return 'string'
  throw new Error(`${path || 'the schema'}: a structural schema needs a type`)
}

/** A typebox Record is written with patternProperties, which structural schemas lack; Kubernetes' maps take any key. */
function mapValueSchema(source: Record<string, unknown>, path: string): TSchema | undefined {
  const patterns = Object.values((source.patternProperties ?? {}) as Schemas)
  if (patterns.length > 1) throw new Error(`${path || 'the schema'}: a map has one schema for all its values`)
  return patterns[0] ?? (source.additionalProperties as TSchema | undefined)
}

function mapValues<T, U>(object: Record<string, T>, change: (value: T, key: string) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value, key)]))
}
