import { type CustomResource, type StructuralSchema, structuralSchema } from './crd.ts'
import { type CelRule, conditionSchema } from './schema.ts'
import { labelSelectorSchema } from './schema-selector.ts'

const INTRODUCTION = `<!-- Made by src/bin/generate.ts from src/resources; change it there. -->

# Custom resources

The API server itself checks everything in the column "checks", so that \`kubectl apply\` refuses a mistake even while
Herald is not running. Fields in bold are required.
`

/**
 * Writes the reference of the custom resources as Markdown: a table of fields and an example for each kind.
 *
 * @param print turns an example into YAML
 */
export function referencePage(resources: readonly CustomResource[], print: (example: unknown) => string): string {
  const selector = [
    '## LabelSelector',
    'Used wherever labels are matched. Both parts must hold; an empty selector (`{}`) matches everything.',
    table(structuralSchema(labelSelectorSchema()), []),
  ]
  const condition = [
    '## Condition',
    'What Herald says of an object, as everywhere in Kubernetes.',
    table(structuralSchema(conditionSchema), []),
  ]
  const sections = resources.map(resource => section(resource, print))
  return `${[INTRODUCTION.trim(), ...sections, ...selector, ...condition].join('\n\n')}\n`
}

function section(resource: CustomResource, print: (example: unknown) => string): string {
  const { group, version, kind, plural, columns, notes, example } = resource
  const schema = structuralSchema(resource.schema)
  const shown = columns.map(({ name, priority }) => (priority ? `${name} (with \`-o wide\`)` : name)).join(', ')
  return [
    `## ${kind}`,
    `\`${group}/${version}\`, namespaced, \`kubectl get ${plural}.${group}\`. ${schema.description ?? ''}`,
    ...(shown === '' ? [] : [`Columns: ${shown}.`]),
    table(schema, ['apiVersion', 'kind', 'metadata']),
    ...(notes.length > 0 ? ['To know:', notes.map(note => `- ${note}`).join('\n')] : []),
    'Example:',
    `\`\`\`yaml\n${print(example).trim()}\n\`\`\``,
  ].join('\n\n')
}

function table(schema: StructuralSchema, leftOut: readonly string[]): string {
  const rows = fields(schema, '', leftOut)
  return ['| field | type | default | checks | meaning |', '|---|---|---|---|---|', ...rows].join('\n')
}

function fields(schema: StructuralSchema, path: string, leftOut: readonly string[] = []): string[] {
  return Object.entries(schema.properties ?? {})
    .filter(([name]) => !leftOut.includes(name))
    .flatMap(([name, field]) => {
      const here = path === '' ? name : `${path}.${name}`
      const shown = schema.required?.includes(name) ? `**\`${here}\`**` : `\`${here}\``
      const value = field.default === undefined ? '' : `\`${JSON.stringify(field.default)}\``
      const row = `| ${[shown, typeName(field), value, checks(field).join('; '), field.description ?? ''].map(cell).join(' | ')} |`
      const inner = field.items ?? field
      return [row, ...(linkOf(inner) ? [] : fields(inner, field.items ? `${here}[]` : here))]
    })
}

function typeName(schema: StructuralSchema): string {
  const link = linkOf(schema)
  if (link) return link
  if (schema.items) return `list of ${typeName(schema.items)}`
  if (schema.additionalProperties) return `map of ${typeName(schema.additionalProperties)}`
  return typeof schema.format === 'string' ? schema.format : schema.type
}

/** Says in words what the schema enforces on a field and, for a list, on its members. */
function checks(schema: StructuralSchema): string[] {
  const found: string[] = []
  const { minimum, maximum, maxItems, minItems, maxLength } = schema
  if (minimum !== undefined || maximum !== undefined) found.push(bounds(minimum, maximum))
  if (Array.isArray(schema.enum)) found.push(schema.enum.map(value => `\`${value}\``).join(', '))
  if (minItems !== undefined) found.push(`at least ${minItems}`)
  if (maxItems !== undefined) found.push(`at most ${maxItems}`)
  if (schema.maxProperties !== undefined) found.push(`at most ${schema.maxProperties}`)
  if (maxLength !== undefined) found.push(`at most ${maxLength} characters`)
  if (schema['x-kubernetes-list-type'] === 'set') found.push('no duplicates')
  const keys = schema['x-kubernetes-list-map-keys'] as string[] | undefined
  if (keys) found.push(`one for each ${keys.map(key => `\`${key}\``).join(' and ')}`)
  const rules = (schema['x-kubernetes-validations'] ?? []) as CelRule[]
  found.push(...rules.map(({ message }) => RULES_IN_WORDS[message] ?? message))
  if (schema.items && !linkOf(schema.items)) found.push(...checks(schema.items))
  return found
}

// A message names a fault; the reference states the rule.
const RULES_IN_WORDS: Record<string, string> = {
  'is neither a CIDR nor a range': 'each a CIDR or a range `start-end` of IP addresses',
  'invalid BGPPeer address': 'an IP address',
  'invalid source address': 'an IP address',
  'ebgpMultiHop has no meaning on an internal session': 'no ebgpMultiHop on an internal session',
}

function bounds(minimum: unknown, maximum: unknown): string {
  if (maximum === undefined) return `at least ${minimum}`
  return minimum === undefined ? `at most ${maximum}` : `${minimum} to ${maximum}`
}

/** Where the fields of a type are told of once for all. */
function linkOf({ properties = {} }: StructuralSchema): string | undefined {
  if (properties.matchLabels) return '[LabelSelector](#labelselector)'
  return properties.lastTransitionTime ? '[Condition](#condition)' : undefined
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}
