import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { parseAllDocuments } from 'yaml'
import type { FileObject } from '../../cli/manifests.ts'
import type { ApiObject } from '../../cli/snapshot.ts'
import { NotFoundError } from './not-found.ts'

const EXTENSIONS = /\.(ya?ml|json)$/

/** What a document that is no object is left out for. */
export interface UnreadableDocument {
  readonly source: string
  readonly message: string
}

/**
 * Reads all objects of YAML and JSON files, and of folders of such; `-` is standard input.
 *
 * @throws NotFoundError for a file that cannot be opened
 */
export async function readFiles(
  paths: readonly string[],
): Promise<{ objects: FileObject[]; unreadable: UnreadableDocument[] }> {
  const objects: FileObject[] = []
  const unreadable: UnreadableDocument[] = []
  for (const file of (await Promise.all(paths.map(filesIn))).flat()) {
    const content = file === '-' ? await text(process.stdin) : await open(file, readFile(file, 'utf8'))
    // Aliases are expanded with care: a few lines could stand for gigabytes.
    const documents = parseAllDocuments(content)
    for (const [index, document] of ('length' in documents ? [...documents] : []).entries()) {
      const source = documents.length > 1 ? `${file}#${index + 1}` : file
      const [error] = document.errors
      if (error) {
        unreadable.push({ source, message: (error.message.split('\n', 1)[0] ?? '').replace(/:$/, '') })
        continue
      }
      const value: unknown = document.toJS({ maxAliasCount: 100 })
      if (value === null || value === undefined) continue
      if (typeof value !== 'object' || Array.isArray(value)) {
        unreadable.push({ source, message: 'is no object' })
        continue
      }
      for (const object of itemsOf(value)) objects.push({ source, object })
    }
  }
  return { objects, unreadable }
}

async function filesIn(path: string): Promise<string[]> {
  if (path === '-') return [path]
  const found = await open(path, stat(path))
  if (!found.isDirectory()) return [path]
  const names = await open(path, readdir(path))
  return names
    .filter(name => EXTENSIONS.test(name))
    .sort()
    .map(name => join(path, name))
}

async function open<T>(path: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading
  } catch (error) {
    throw new NotFoundError(`cannot read ${path}: ${(error as Error).message}`)
  }
}

/** A `List`, as kubectl writes it, stands for its items. */
function itemsOf(value: ApiObject & { items?: unknown }): ApiObject[] {
  if (!value.kind?.endsWith('List') || !Array.isArray(value.items)) return [value]
  return value.items.filter(item => typeof item === 'object' && item !== null)
}
