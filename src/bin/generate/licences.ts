import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface LockedPackage {
  readonly version: string
  readonly license?: string
  readonly dev?: boolean
  readonly optional?: boolean
}

/** A package of which code is in Herald's image. */
export interface ShippedPackage {
  readonly name: string
  readonly version: string
  readonly licence: string
  /** of its file LICENSE */
  readonly text: string
}

/** Stands among the development dependencies, and its code is in the bundles all the same: schemas are made with it. */
const BUNDLED_TOOLS = ['typebox']

const INTRODUCTION = `<!-- Made by src/bin/generate.ts from package-lock.json and the packages' own files. -->

# Licences

Herald is under the Apache License 2.0, see LICENSE. Its image holds code of these packages, under their own licences. Besides there is
Node.js, which comes with the base image and has its licences there. What only builds and tests Herald is in package-lock.json and not in the image.`

/** The packages that the processes need at run time, by name. */
export function shippedPackages(repository: string): ShippedPackage[] {
  const lock = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, LockedPackage>
  }
  return Object.entries(lock.packages)
    .map(([path, locked]) => ({ path, name: path.replace(/^.*node_modules\//, ''), ...locked }))
    .filter(({ path, name, dev, optional }) => path !== '' && ((!dev && !optional) || BUNDLED_TOOLS.includes(name)))
    .map(({ path, name, version, license }) => {
      if (!license) throw new Error(`${name}: package-lock.json names no licence`)
      return { name, version, licence: license, text: licenceText(join(repository, path)) }
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

function licenceText(folder: string): string {
  const file = existsSync(folder) && readdirSync(folder).find(name => /^licen[cs]e/i.test(name))
  return file ? readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n').trim() : ''
}

/** Writes the packages and their licences as Markdown; a text that several have stands there once. */
export function licencesPage(packages: readonly ShippedPackage[]): string {
  const rows = packages.map(({ name, version, licence }) => `| ${name} | ${version} | ${licence} |`)
  const byText = Map.groupBy(packages, ({ text }) => text)
  const texts = [...byText].map(([text, same]) => {
    const names = same.map(({ name }) => name).join(', ')
    return `## ${names}\n\n${text === '' ? `No file with the licence's text comes with it: ${same[0]?.licence}.` : `\`\`\`text\n${text}\n\`\`\``}`
  })
  return `${[INTRODUCTION, ['| package | version | licence |', '|---|---|---|', ...rows].join('\n'), ...texts].join('\n\n')}\n`
}
