import { convertBgpPeer } from '../admission/convert-bgp-peer.ts'
import type { Problem } from '../config/problem.ts'
import { readRequest } from '../controller/request.ts'
import { deprecatedAnnotations } from '../resources/annotations.ts'
import { PASSWORD_SECRET_TYPE } from '../resources/password-secret.ts'
import { customResources } from '../resources/schema-catalogue.ts'
import { viewService } from '../resources/service.ts'
import { Cluster } from './cluster.ts'
import type { FileObject } from './manifests.ts'
import { type ApiObject, nameOf, type Snapshot, type SnapshotKind } from './snapshot.ts'
import { unknownFields } from './unknown-fields.ts'

/** What is wrong with an object in a file. */
export interface FileProblem extends Problem {
  readonly source: string
  /** `IPAddressPool web` */
  readonly object: string
  readonly level: 'error' | 'warning'
}

export interface FileReport {
  /** how many objects were looked at */
  readonly checked: number
  /** how many say nothing to Herald */
  readonly others: number
  readonly problems: readonly FileProblem[]
}

const OUR_GROUPS = /^(metallb|herald)\.io\//

/** Reads the objects of some files as Herald would, each by itself and all together, without any cluster. */
export function checkFiles(
  files: readonly FileObject[],
  unreadable: readonly { source: string; message: string }[],
): FileReport {
  const problems: FileProblem[] = unreadable.map(({ source, message }) => {
    return { source, object: 'document', level: 'error', field: '', message }
  })
  const known: FileObject[] = []
  for (const file of files) {
    const { object } = file
    const isOurs = OUR_GROUPS.test(object.apiVersion ?? '')
    if (!isOurs && !['Service', 'Secret'].includes(object.kind ?? '')) continue
    known.push(file)
    problems.push(...problemsAlone(file, isOurs))
  }
  problems.push(...duplicates(known))
  problems.push(...problemsTogether(known))
  // In the order of the files, as whoever mends them goes through them.
  const places = new Map(files.map(({ source }, index) => [source, index]))
  problems.sort((a, b) => (places.get(a.source) ?? -1) - (places.get(b.source) ?? -1))
  return { checked: known.length, others: files.length - known.length, problems }
}

function problemsAlone({ source, object }: FileObject, isOurs: boolean): FileProblem[] {
  const label = labelOf(object)
  const problem = (field: string, message: string, level: FileProblem['level'] = 'error') => {
    return { source, object: label, field, message, level }
  }
  if (!isOurs)
    return object.kind === 'Service'
      ? serviceProblems(object).map(([field, message, level]) => problem(field, message, level))
      : []
  const resource = customResources.find(
    ({ kind, group }) => kind === object.kind && object.apiVersion?.startsWith(`${group}/`),
  )
  if (!resource) return [problem('kind', `Herald has no kind ${object.kind} in ${object.apiVersion}`)]
  const versions = [resource.version, ...(resource.olderVersions ?? []).map(({ version }) => version)]
  const [group, version = ''] = object.apiVersion!.split('/')
  if (!versions.includes(version))
    return [problem('apiVersion', `must be ${versions.map(one => `${group}/${one}`).join(' or ')}`)]
  const fields = unknownFields(object, resource).map(field => problem(field, 'there is no such field'))
  const older = resource.olderVersions?.find(one => one.version === version && one.version !== resource.version)
  if (older) fields.push(problem('apiVersion', older.deprecationWarning, 'warning'))
  return nameOf(object) ? fields : [problem('metadata.name', 'is missing'), ...fields]
}

function serviceProblems(object: ApiObject): [field: string, message: string, level: FileProblem['level']][] {
  // The API server gives cluster IPs; of what is asked for by annotation alone can be judged before.
  const { ipFamilies = ['IPv4'] } = (object.spec ?? {}) as { ipFamilies?: string[] }
  const clusterIPs = ipFamilies.map(family => (family === 'IPv6' ? '2001:db8::1' : '192.0.2.1'))
  const service = viewService({ ...object, spec: { ...object.spec, clusterIPs, ipFamilies } })
  if (service.type !== 'LoadBalancer') return []
  const read = readRequest(service, {})
  return [
    ...('reason' in read && read.reason === 'InvalidRequest'
      ? [['spec', read.message, 'error'] as [string, string, 'error']]
      : []),
    ...deprecatedAnnotations(service.annotations).map((name): [string, string, 'warning'] => {
      return [`metadata.annotations["${name}"]`, 'is deprecated: use the prefix metallb.io/', 'warning']
    }),
  ]
}

function duplicates(files: readonly FileObject[]): FileProblem[] {
  const groups = Map.groupBy(files, ({ object }) => `${labelOf(object)} ${object.metadata?.namespace ?? ''}`)
  return [...groups.values()].flatMap(([first, ...others]) =>
    others.map(({ source, object }) => {
      const message = `stands in ${first!.source} too: the one that is applied last counts`
      return { source, object: labelOf(object), field: 'metadata.name', message, level: 'warning' as const }
    }),
  )
}

/** What the product itself refuses when it reads all of them, in a cluster of one node that every selector may or may not match. */
function problemsTogether(files: readonly FileObject[]): FileProblem[] {
  const namespaces = files.flatMap(({ object }) => (object.kind === 'Service' ? [] : [object.metadata?.namespace]))
  const namespace = namespaces.find(name => name !== undefined) ?? 'herald-system'
  const objects = files.map(({ object }) => inStoredVersion(object))
  const kinds = Object.groupBy(objects, ({ kind = '' }) => kind) as Snapshot['objects']
  const cluster = new Cluster({
    ...{ takenAt: '', server: '', namespace, unread: [] },
    objects: { ...kinds, Node: [{ kind: 'Node', metadata: { name: 'any' } }], Secret: secretsFor(kinds) },
  })
  return cluster.refused.map(({ kind, name, problem, partly }) => {
    const file = files.find(({ object }) => object.kind === kind && nameOf(object) === name)
    return { source: file?.source ?? '', object: `${kind} ${name}`, level: partly ? 'warning' : 'error', ...problem }
  })
}

function inStoredVersion(object: ApiObject): ApiObject {
  return object.kind === 'BGPPeer' ? (convertBgpPeer({ ...object }, 'v1beta2') as ApiObject) : object
}

/** Secrets are rarely kept in files: those that are not there are taken to be right. */
function secretsFor(objects: Partial<Record<SnapshotKind, readonly ApiObject[]>>): ApiObject[] {
  const given = (objects.Secret ?? []).map(withData)
  const named = (objects.BGPPeer ?? []).flatMap(({ spec }) => {
    const { passwordSecret } = (spec ?? {}) as { passwordSecret?: { name?: string } }
    return passwordSecret?.name ? [passwordSecret.name] : []
  })
  const missing = named.filter(name => !given.some(secret => nameOf(secret) === name))
  const assumed = missing.map(name => ({
    metadata: { name },
    type: PASSWORD_SECRET_TYPE,
    data: { password: 'aGlkZGVu' },
  }))
  return [...given, ...assumed]
}

/** `stringData` is what the API server makes `data` of. */
function withData(secret: ApiObject): ApiObject {
  const { stringData, data = {} } = secret as { stringData?: Record<string, string>; data?: Record<string, string> }
  const { password } = stringData ?? {}
  return password === undefined ? secret : ({ ...secret, data: { ...data, password: base64(password) } } as ApiObject)
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)))
}

function labelOf(object: ApiObject): string {
  return `${object.kind ?? 'object without kind'} ${nameOf(object)}`
}
