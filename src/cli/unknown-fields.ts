import type { CustomResource } from '../resources/crd.ts'
import type { ApiObject } from './snapshot.ts'

/** JSON Schema, as far as it says which fields there are. */
interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly additionalProperties?: unknown
  readonly patternProperties?: unknown
}

/** Paths of the fields that the definition of a kind does not have: kubectl refuses them, and controllers never see them. */
export function unknownFields(object: ApiObject, { schema, version, olderVersions = [] }: CustomResource): string[] {
  const written = object.apiVersion?.split('/')[1]
  const older = olderVersions.find(one => one.version === written && one.version !== version)
  const { spec } = ((older?.schema ?? schema) as Schema).properties ?? {}
  return spec ? fieldsOutside(object.spec, spec, 'spec') : []
}

function fieldsOutside(value: unknown, schema: Schema, path: string): string[] {
  if (Array.isArray(value)) {
    return schema.items ? value.flatMap((item, index) => fieldsOutside(item, schema.items!, `${path}[${index}]`)) : []
  }
  const { properties } = schema
  const isMap = schema.additionalProperties !== undefined || schema.patternProperties !== undefined
  if (typeof value !== 'object' || value === null || !properties || isMap) return []
  return Object.entries(value).flatMap(([name, child]) => {
    const known = Object.hasOwn(properties, name) ? properties[name] : undefined
    return known ? fieldsOutside(child, known, `${path}.${name}`) : [`${path}.${name}`]
  })
}
