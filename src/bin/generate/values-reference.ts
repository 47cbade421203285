import { isMap, isNode, isScalar, type Pair, parseDocument, type YAMLMap } from 'yaml'

/** The part of JSON Schema that the chart's values are described in. */
export interface ValueSchema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly minimum?: number
  readonly maximum?: number
  readonly pattern?: string
  readonly properties?: Readonly<Record<string, ValueSchema>>
  readonly definitions?: Readonly<Record<string, ValueSchema>>
}

/** One value of the chart, or a group of them. */
export interface ChartValue {
  /** such as `speaker.bgp.listenPort` */
  readonly path: string
  /** the comment above it in values.yaml */
  readonly meaning: string
  /** none for a group */
  readonly default?: unknown
  readonly schema: ValueSchema | undefined
}

const INTRODUCTION = `<!-- Made by src/bin/generate.ts from charts/herald/values.yaml and values.schema.json; change it there. -->

# Values of the chart

Values have the names that they have in MetalLB's chart, where both have them, so that a file of values moves over. What is misspelt or out of
range is refused before anything is installed. The values of MetalLB's chart that nothing here corresponds to are accepted and left alone, and
the notes after an install name them.`

/**
 * Writes the reference of the chart's values as Markdown: a table for each part.
 *
 * @param valuesText values.yaml, of which the comments are used too
 */
export function valuesPage(valuesText: string, schema: ValueSchema): string {
  const parts = new Map<string, ChartValue[]>()
  for (const value of chartValues(valuesText, schema)) {
    const [top = ''] = value.path.split('.', 1)
    parts.set(top, [...(parts.get(top) ?? []), value])
  }
  const single = [...parts.values()].filter(values => values.length === 1).flat()
  const sections = [...parts].filter(([, values]) => values.length > 1)
  const tables = sections.map(([top, [group, ...values]]) =>
    [`## ${top}`, ...(group?.meaning ? [group.meaning] : []), table(values)].join('\n\n'),
  )
  return `${[INTRODUCTION, '## All together', table(single), ...tables].join('\n\n')}\n`
}

/** All values and groups of values, in the order of the file. */
export function chartValues(valuesText: string, schema: ValueSchema): ChartValue[] {
  const { contents, commentBefore } = parseDocument(valuesText)
  if (!isMap(contents)) throw new Error('values.yaml holds no map')
  return valuesOf(contents, { path: '', schema, definitions: schema.definitions ?? {}, firstComment: commentBefore })
}

interface Place {
  readonly path: string
  readonly schema: ValueSchema | undefined
  readonly definitions: Readonly<Record<string, ValueSchema>>
  /** YAML's reader keeps the comment above the first key with the map */
  readonly firstComment?: string | null
}

function valuesOf(map: YAMLMap, { path, schema, definitions, firstComment }: Place): ChartValue[] {
  return map.items.flatMap((item, index) => {
    const { key, value } = item as Pair
    if (!isScalar(key)) throw new Error(`values.yaml: ${path} has a key that is no name`)
    const own = schema?.properties?.[String(key.value)]
    const resolved = own?.$ref ? definitions[own.$ref.replace('#/definitions/', '')] : own
    const comment = key.commentBefore ?? (index === 0 ? (map.commentBefore ?? firstComment) : undefined)
    const common = { path: [path, key.value].filter(Boolean).join('.'), meaning: prose(comment), schema: resolved }
    // What may hold anything is one value, whatever it holds by default.
    if (!isMap(value) || value.items.length === 0 || resolved?.properties === undefined) {
      return [{ ...common, default: isNode(value) ? value.toJSON() : value }]
    }
    return [common, ...valuesOf(value, { path: common.path, schema: resolved, definitions })]
  })
}

const prose = (comment: string | null | undefined) =>
  (comment ?? '')
    .split('\n')
    .map(line => line.trim())
    .filter(Boolean)
    .join(' ')

function table(values: readonly ChartValue[]): string {
  const rows = values.map(value => {
    const shown = 'default' in value ? `\`${JSON.stringify(value.default)}\`` : ''
    return `| ${[`\`${value.path}\``, shown, limits(value.schema), value.meaning].map(cell).join(' | ')} |`
  })
  return ['| value | default | may be | meaning |', '|---|---|---|---|', ...rows].join('\n')
}

function limits({ type, enum: choices, minimum, maximum, properties }: ValueSchema = {}): string {
  if (choices) return choices.map(choice => `\`${choice}\``).join(', ')
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`
  if (minimum !== undefined) return `${minimum} or more`
  if (properties !== undefined) return ''
  return [type ?? []]
    .flat()
    .filter(name => name !== 'null')
    .join(' or ')
}

const cell = (text: string) => text.replaceAll('|', '\\|')
