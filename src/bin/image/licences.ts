import type { ShippedPackage } from './shipped-packages.ts'

const INTRODUCTION = `<!-- Made by src/bin/generate.ts from package-lock.json and the packages' own files. -->

# Licences

Herald is under the Apache License 2.0, see LICENSE. Its image holds code of these packages, under their own licences. Besides there is
Node.js, which comes with the base image and has its licences there. What only builds and tests Herald is in package-lock.json and not in the image.`

/** Writes the packages and their licences as Markdown; a text that several have stands there once. */
export function licencesPage(packages: readonly ShippedPackage[]): string {
  const rows = packages.map(({ name, version, licence }) => `| ${name} | ${version} | ${licence} |`)
  const byText = Map.groupBy(packages, ({ text }) => text)
  const texts = [...byText].map(([text, same]) => {
    const names = same.map(({ name }) => name).join(', ')
    return `## ${names}\n\n\`\`\`text\n${text}\n\`\`\``
  })
  return `${[INTRODUCTION, ['| package | version | licence |', '|---|---|---|', ...rows].join('\n'), ...texts].join('\n\n')}\n`
}
