/**
 * Writes what is made from the sources: the chart's CustomResourceDefinitions and the reference pages.
 *
 *   node src/bin/generate.ts           writes the files
 *   node src/bin/generate.ts --check   writes nothing; exit code 1 when a file is not what it should be
 */
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { stringify } from 'yaml'
import { reasonsPage } from '../allocator/reasons-reference.ts'
import { COMMANDS } from '../cli/commands.ts'
import { cliReferencePage } from '../cli/reference.ts'
import { announcedReasonsSection } from '../controller/announced-reference.ts'
import { type CustomResource, customResourceDefinition } from '../resources/crd.ts'
import { customResources } from '../resources/schema-catalogue.ts'
import { referencePage } from '../resources/schema-reference.ts'
import * as controller from './controller/flags.ts'
import { dashboard } from './generate/dashboard.ts'
import { flagsPage } from './generate/flags-reference.ts'
import { describeMetrics, metricsPage } from './generate/metrics-reference.ts'
import { type ValueSchema, valuesPage } from './generate/values-reference.ts'
import { bundle, repository } from './image/bundles.ts'
import { licencesPage } from './image/licences.ts'
import { shippedPackages } from './image/shipped-packages.ts'
import * as speaker from './speaker/flags.ts'

const USAGE = 'usage: node src/bin/generate.ts [--check] [--root FOLDER]'
const CRD_FOLDER = 'charts/herald/templates/crds'

// Some of YAML 1.1's readers fold long lines differently, and an alias is not resolved by all of them.
const toYaml = (value: unknown) => stringify(value, { lineWidth: 0, aliasDuplicateObjects: false })

function crdTemplate(resource: CustomResource): string {
  const { metadata, ...rest } = customResourceDefinition(resource)
  const [head, body = ''] = toYaml({ apiVersion: rest.apiVersion, kind: rest.kind, metadata, spec: rest.spec }).split(
    /^(?=spec:)/m,
  )
  if (body.includes('{{')) throw new Error(`${resource.kind}: a description must not hold "{{", Helm would read it`)
  // MetalLB's own chart may have brought the kinds of its group; then this release must leave them alone.
  const wanted =
    resource.group === 'metallb.io' ? 'and .Values.crds.enabled .Values.crds.metallb' : '.Values.crds.enabled'
  return `{{- /* Made by src/bin/generate.ts; change src/resources instead. */}}
{{- if ${wanted} }}
${head?.trimEnd()}
  labels:
    {{- include "herald.labels" . | nindent 4 }}
  {{- if .Values.crds.keep }}
  annotations:
    helm.sh/resource-policy: keep
  {{- end }}
${body.trimEnd()}
{{- end }}
`
}

async function wantedFiles(): Promise<Map<string, string>> {
  const files = new Map(
    customResources.map(resource => [`${CRD_FOLDER}/${resource.group}_${resource.plural}.yaml`, crdTemplate(resource)]),
  )
  files.set('charts/herald/files/dashboard.json', `${JSON.stringify(dashboard(), null, 2)}\n`)
  const schema = JSON.parse(readFileSync(join(repository, 'charts/herald/values.schema.json'), 'utf8')) as ValueSchema
  const values = readFileSync(join(repository, 'charts/herald/values.yaml'), 'utf8')
  files.set('docs/reference/values.md', valuesPage(values, schema))
  files.set('docs/reference/metrics.md', metricsPage(describeMetrics()))
  const flags = [
    { process: 'controller', what: controller.WHAT, flags: controller.FLAGS },
    { process: 'speaker', what: speaker.WHAT, flags: speaker.FLAGS },
  ]
  files.set('docs/reference/flags.md', flagsPage(flags))
  files.set('docs/reference/reasons.md', `${reasonsPage()}\n${announcedReasonsSection()}`)
  files.set('docs/licences.md', licencesPage(shippedPackages(repository, await bundle())))
  files.set('docs/reference/cli.md', cliReferencePage(Object.values(COMMANDS)))
  return files.set('docs/reference/resources.md', referencePage(customResources, toYaml))
}

function staleFiles(root: string, wanted: ReadonlyMap<string, string>): string[] {
  const changed = [...wanted].filter(([file, text]) => read(join(root, file)) !== text).map(([file]) => file)
  return [...changed, ...abandonedFiles(root, wanted)]
}

/** Definitions of kinds that are gone. */
function abandonedFiles(root: string, wanted: ReadonlyMap<string, string>): string[] {
  return globSync(join(root, CRD_FOLDER, '*.yaml'))
    .map(file => relative(root, file))
    .filter(file => !wanted.has(file))
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function main(): Promise<number> {
  let flags: { check: boolean; root: string; help: boolean }
  try {
    flags = parseArgs({
      options: {
        check: { type: 'boolean', default: false },
        root: { type: 'string', default: repository },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`)
    return 2
  }
  if (flags.help) {
    console.log(USAGE)
    return 0
  }
  const wanted = await wantedFiles()
  const stale = staleFiles(flags.root, wanted)
  if (flags.check) {
    for (const file of stale) console.error(`${file} is stale: run "sh lab/toolchain.sh node src/bin/generate.ts"`)
    return stale.length > 0 ? 1 : 0
  }
  for (const file of stale) {
    const text = wanted.get(file)
    const path = join(flags.root, file)
    if (text === undefined) rmSync(path)
    else {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, text)
    }
    console.log(`${text === undefined ? 'removed' : 'wrote'} ${file}`)
  }
  return 0
}

process.exitCode = await main()
