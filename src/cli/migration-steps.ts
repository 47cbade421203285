import { HERALD_RELEASE } from './migration-leftovers.ts'
import { NOTE_NAME, writeNote } from './migration-note.ts'
import { pullerManifest } from './migration-puller.ts'
import { type ForeignWorkload, MIGRATION_KEY, type MigrationState, PULLER_NAME } from './migration-state.ts'
import type { Workload } from './settings.ts'
import { counted } from './text.ts'

/** A program to run, with what it reads from its standard input. */
export interface MigrationCommand {
  readonly argv: readonly string[]
  readonly input?: object
}

/** What a person decided on the command line. */
export interface MigrationSettings {
  /** as Helm takes it */
  readonly chart: string
  /** flags of Helm: which values Herald is installed with */
  readonly values: readonly string[]
  /** flags by which this Helm takes over what another release, or kubectl, has made */
  readonly ownership: readonly string[]
}

/** One step of moving. Whether it is done is seen in the cluster, so that a run that was interrupted goes on where it ended. */
export interface MigrationStep {
  readonly title: string
  /** sentences: what it does, and what nobody need fear */
  tells(state: MigrationState): string
  commands(state: MigrationState, settings: MigrationSettings): readonly MigrationCommand[]
  /** what is not so yet; empty: the step is done */
  missing(state: MigrationState): readonly string[]
  /** commands that lead back from here */
  back(state: MigrationState): readonly string[]
}

/** As the chart calls it, before it is there. */
const SPEAKER = `${HERALD_RELEASE}-speaker`

const kubectl = (namespace: string, ...args: string[]): MigrationCommand => ({
  argv: ['kubectl', ...args, `--namespace=${namespace}`],
})
const apply = (namespace: string, input: object): MigrationCommand => ({
  ...kubectl(namespace, 'apply', '--server-side', '--filename=-'),
  input,
})
/** A label in the selector of nodes; null takes it off. */
const selectNodes = (namespace: string, daemonSet: string, value: string | null) => {
  const patch = { spec: { template: { spec: { nodeSelector: { [MIGRATION_KEY]: value } } } } }
  return kubectl(namespace, 'patch', 'daemonset', daemonSet, '--type=merge', `--patch=${JSON.stringify(patch)}`)
}
/** Those on nodes that are not ready may never end, and are not waited for. Without a selector, it would be waited for every pod there is. */
function gone(namespace: string, { pods, unreachable, selector }: ForeignWorkload): MigrationCommand[] {
  if (pods.length === 0) return []
  const which = selector === '' || unreachable > 0 ? pods.map(pod => `pod/${pod}`) : ['pod', `--selector=${selector}`]
  return [kubectl(namespace, 'wait', ...which, '--for=delete', '--timeout=60s')]
}
/** Ready on every node on which it can be. */
const isComplete = ({ ready, desired }: Workload, { deadNodes }: MigrationState) =>
  ready >= Math.max(1, desired - deadNodes)
const text = ({ argv }: MigrationCommand) => argv.map(quoted).join(' ')

function helm({ namespace }: MigrationState, settings: MigrationSettings, ...more: string[]): MigrationCommand {
  const { chart, values, ownership } = settings
  const argv = ['helm', 'upgrade', '--install', HERALD_RELEASE, chart, `--namespace=${namespace}`, ...ownership]
  return { argv: [...argv, ...values, ...more] }
}

/** A DaemonSet that no node suits: its speakers wait until the selector is taken off. The annotation stays until the release forgets it. */
const WAITING = ['nodeSelector', 'annotations'].map(
  field => `--set-string=speaker.${field}.${MIGRATION_KEY.replaceAll('.', '\\.')}=waiting`,
)

const note: MigrationStep = {
  title: 'Note every address',
  tells: ({ addresses }) => {
    const count = [...addresses.values()].filter(ips => ips.length > 0).length
    return `Writes into the ConfigMap ${NOTE_NAME} which addresses ${counted(count, 'Service')} ${count === 1 ? 'has' : 'have'} now, to compare with after each step.`
  },
  commands: ({ namespace, addresses }) => [apply(namespace, writeNote(namespace, addresses))],
  missing: ({ noted, allocator, changed }) => {
    if (!noted) return ['no address is noted']
    // As long as MetalLB gives addresses, an old note may be of another day.
    return allocator && !allocator.stopped ? changed : []
  },
  back: () => [],
}

const stopAllocator: MigrationStep = {
  title: "Stop MetalLB's controller",
  tells: () =>
    'Rehearses the installation on the API server first. From then on nobody gives addresses: a new Service waits. The speakers go on announcing, and writes that the webhook would check are let through.',
  commands: (state, settings) => [
    ...(state.herald.controller ? [] : [helm(state, settings, ...WAITING, '--dry-run=server')]),
    ...state.failing.map(({ configuration, places }) => ({
      argv: [
        'kubectl',
        'patch',
        'validatingwebhookconfiguration',
        configuration,
        '--type=json',
        failurePolicy(places, 'Ignore'),
      ],
    })),
    ...(state.allocator
      ? [kubectl(state.namespace, 'scale', `deployment/${state.allocator.name}`, '--replicas=0')]
      : []),
  ],
  missing: ({ allocator, failing }) => [
    ...(allocator && !allocator.stopped ? [`the Deployment ${allocator.name} is not scaled to 0`] : []),
    ...(allocator && allocator.pods.length > 0
      ? [`${counted(allocator.pods.length, 'pod')} of the Deployment ${allocator.name} still there`]
      : []),
    ...failing.map(({ configuration }) => `the webhook ${configuration} turns writes away`),
  ],
  back: ({ namespace, allocator }) =>
    allocator ? [text(kubectl(namespace, 'scale', `deployment/${allocator.name}`, '--replicas=1'))] : [],
}

function failurePolicy(places: readonly number[], value: string): string {
  return `--patch=${JSON.stringify(places.map(place => ({ op: 'replace', path: `/webhooks/${place}/failurePolicy`, value })))}`
}

const install: MigrationStep = {
  title: "Install Herald; its controller takes over MetalLB's objects",
  tells: ({ namespace }) =>
    `Installs the chart into ${namespace}, where the pools are. It adopts the definitions of the custom resources and leaves all objects. The controller takes every Service as it is; the speakers wait.`,
  commands: (state, settings) => [helm(state, settings, ...WAITING)],
  missing: ({ herald: { controller, speaker, isLed } }) => {
    if (!controller || !speaker) return ['Herald is not installed']
    return [
      ...(controller.ready < 1 ? [`no pod of the Deployment ${controller.name} is ready`] : []),
      ...(isLed ? [] : ['no controller of Herald leads']),
    ]
  },
  back: ({ namespace }) => [`helm uninstall ${HERALD_RELEASE} --namespace=${namespace}`],
}

const pull: MigrationStep = {
  title: "Bring Herald's image to every node",
  tells: () =>
    'Runs a pod that does nothing on every node that will announce, so that nobody waits for a download in the next step.',
  commands: ({ namespace, herald: { speakerObject } }) => [
    apply(namespace, pullerManifest(namespace, speakerObject ?? {})),
  ],
  missing: state => {
    const { waits, puller } = state.herald
    if (!waits) return []
    if (!puller) return ['the image is not on the nodes yet']
    if (isComplete(puller, state)) return []
    return [`the image is on ${puller.ready} of ${counted(puller.desired, 'node')}`]
  },
  back: ({ namespace }) => [text(kubectl(namespace, 'delete', 'daemonset', PULLER_NAME, '--ignore-not-found'))],
}

const HAND_OVER_TELLS =
  'All at once: two that announce would be two answers for one address. On layer 2 clients go on with the MAC address that they know, and the node forwards; who asks in these seconds waits. With BGP, routes are withdrawn for that long.'

const handOver: MigrationStep = {
  title: "Stop MetalLB's speakers and start Herald's",
  tells: ({ announcers }) => {
    const lost = announcers.reduce((sum, { unreachable }) => sum + unreachable, 0)
    const ofLost = ` ${counted(lost, 'pod')} on nodes that are not ready: not waited for, as Herald asks before it claims.`
    return HAND_OVER_TELLS + (lost > 0 ? ofLost : '')
  },
  commands: ({ namespace, announcers, herald: { speaker } }) => [
    ...announcers.map(({ name }) => selectNodes(namespace, name, 'stopped')),
    ...announcers.flatMap(announcer => gone(namespace, announcer)),
    selectNodes(namespace, speaker?.name ?? SPEAKER, null),
  ],
  missing: state => {
    const { announcers, silent } = state
    const { speaker, waits } = state.herald
    const theirs = announcers.flatMap(({ name, stopped, pods }) => {
      if (!stopped) return [`the DaemonSet ${name} announces`]
      return pods.length > 0 ? [`${counted(pods.length, 'pod')} of the DaemonSet ${name} still there`] : []
    })
    if (!speaker || waits) return [...theirs, "Herald's speakers wait"]
    if (!isComplete(speaker, state))
      return [...theirs, `${speaker.ready} of ${counted(speaker.desired, 'speaker')} of Herald's ready`]
    const [first] = silent
    const others = silent.length > 1 ? ` and ${counted(silent.length - 1, 'other')}` : ''
    return first ? [...theirs, `nobody announces the Service ${first}${others} yet`] : theirs
  },
  back: ({ namespace, announcers, herald: { speaker } }) => [
    ...(speaker ? [text(selectNodes(namespace, speaker.name, 'waiting'))] : []),
    ...announcers.map(({ name }) => text(selectNodes(namespace, name, null))),
  ],
}

const settleRelease: MigrationStep = {
  title: 'Let the release of Herald forget that its speakers waited',
  tells: () => 'Changes nothing that runs.',
  commands: (state, settings) => [
    helm(state, settings),
    kubectl(state.namespace, 'delete', 'daemonset', PULLER_NAME, '--ignore-not-found'),
  ],
  missing: ({ herald: { marked, puller } }) => [
    ...(marked ? ['the release still has its speakers wait'] : []),
    ...(puller ? [`the DaemonSet ${PULLER_NAME} is still there`] : []),
  ],
  back: () => [],
}

const cleanUp: MigrationStep = {
  title: 'Remove what is left of MetalLB',
  tells: ({ leftovers, release }) =>
    `Deletes ${counted(leftovers.length, 'object')} of MetalLB's${release ? `, and what Helm knows of the release ${release}: never by helm uninstall, which would delete every pool with the definitions` : ''}. Definitions, pools and all other objects of yours stay. After this, the way back is to install MetalLB again.`,
  commands: ({ namespace, leftovers, release, secrets }) => [
    // The workloads, which name these, go after them: so an interruption loses sight of nothing.
    ...(secrets.length > 0 ? [kubectl(namespace, 'delete', 'secret', ...secrets, '--ignore-not-found')] : []),
    ...(release ? [kubectl(namespace, 'delete', 'secret', `--selector=owner=helm,name=${release}`)] : []),
    ...(leftovers.length > 0 ? [kubectl(namespace, 'delete', ...leftovers, '--ignore-not-found')] : []),
    kubectl(namespace, 'delete', 'configmap', NOTE_NAME),
  ],
  missing: ({ noted, leftovers }) => [
    ...leftovers.map(name => `${name} is still there`),
    ...(noted ? ['the note of the addresses is still there'] : []),
  ],
  back: () => [],
}

/** The steps of docs/moving-from-metallb.md, in order. */
export const MIGRATION_STEPS: readonly MigrationStep[] = [
  ...[note, stopAllocator, install, pull, handOver, settleRelease, cleanUp],
]

/** The first step that is not done; undefined when all are: nothing of MetalLB is left, nor the note that a migration is under way. */
export function nextStep(state: MigrationState): MigrationStep | undefined {
  const { noted, allocator, announcers, leftovers } = state
  if (!noted && !allocator && announcers.length + leftovers.length === 0) return undefined
  return MIGRATION_STEPS.find(step => step.missing(state).length > 0)
}

/** The way back from a step, to a MetalLB that works as before: its own, and those of the steps before it, the last first. */
export function wayBack(step: MigrationStep, state: MigrationState): string[] {
  return MIGRATION_STEPS.slice(0, MIGRATION_STEPS.indexOf(step) + 1)
    .toReversed()
    .flatMap(each => each.back(state))
}

/** A command as one would type it. */
export function commandText({ argv, input }: MigrationCommand): string {
  const { kind, metadata } = (input ?? {}) as { kind?: string; metadata?: { name?: string } }
  return argv.map(quoted).join(' ') + (input ? `   # ${kind} ${metadata?.name}` : '')
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
