export type Json = string | number | boolean | null | Json[] | { [name: string]: Json }

/** RFC 7386: null removes, objects are merged, all else is replaced. */
export function applyMergePatch(target: Json, patch: Json): Json {
  if (!isObject(patch)) return patch
  const result = isObject(target) ? { ...target } : {}
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name]
    else result[name] = applyMergePatch(result[name] ?? null, value)
  }
  return result
}

/** RFC 6902, only `test` and `replace`; undefined when an operation fails. */
export function applyJsonPatch(target: Json, patch: Json): Json | undefined {
  const result = structuredClone(target)
  for (const operation of patch as { op: string; path: string; value: Json }[]) {
    const steps = operation.path.split('/').slice(1)
    const last = steps.pop() ?? ''
    let parent: Json | undefined = result
    for (const step of steps) parent = isObject(parent) ? parent[step] : undefined
    if (!isObject(parent) || !(last in parent)) return undefined
    if (operation.op === 'test' && JSON.stringify(parent[last]) !== JSON.stringify(operation.value)) return undefined
    if (operation.op === 'replace') parent[last] = operation.value
  }
  return result
}

function isObject(value: Json | undefined): value is { [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
