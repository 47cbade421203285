import assert from 'node:assert/strict'
import { leftoversOf } from '../../../src/cli/migration-leftovers.ts'
import { changedAddresses, readNote, writeNote } from '../../../src/cli/migration-note.ts'
import { ownershipFlags } from '../../../src/cli/migration-plan.ts'
import { type MigrationState, viewMigration } from '../../../src/cli/migration-state.ts'
import { commandText, MIGRATION_STEPS, nextStep, wayBack } from '../../../src/cli/migration-steps.ts'
import { type ApiObject, objectsOf, withObjects } from '../../../src/cli/snapshot.ts'
import { healthyCluster, metallbCluster, movableCluster } from '../../support/cli/clusters.ts'

const ADDRESSES = new Map([['default/web', ['192.0.2.1']]])
const CONTROLLER = {
  name: 'controller',
  stopped: false,
  pods: ['c-1'],
  unreachable: 0,
  selector: 'app=metallb,component=controller',
}
const SPEAKER = {
  name: 'speaker',
  stopped: false,
  pods: ['s-1', 's-2'],
  unreachable: 0,
  selector: 'app=metallb,component=speaker',
}
const SETTINGS = { chart: 'charts/herald', values: [], ownership: ['--take-ownership'] }

const BEFORE: MigrationState = {
  ...{ namespace: 'metallb-system', addresses: ADDRESSES, changed: [], allocator: CONTROLLER, announcers: [SPEAKER] },
  ...{ failing: [{ configuration: 'metallb-webhook-configuration', places: [0, 2] }], silent: [] },
  herald: { isLed: false, waits: false, marked: false },
  ...{ leftovers: ['deployment/controller', 'daemonset/speaker'], secrets: ['memberlist'], deadNodes: 0 },
}
const NOTED = { ...BEFORE, noted: ADDRESSES }
const STOPPED = { ...NOTED, failing: [], allocator: { ...CONTROLLER, stopped: true, pods: [] } }
const workload = (name: string, ready: number, desired = 3) => ({ name, image: 'herald:1', desired, ready })
const WAITING = { isLed: true, waits: true, marked: true, controller: workload('herald-controller', 1, 1) }
const INSTALLED = { ...STOPPED, herald: { ...WAITING, speaker: workload('herald-speaker', 0, 0) } }
const PULLED = { ...INSTALLED, herald: { ...INSTALLED.herald, puller: workload('herald-migration-pull', 3) } }
const SILENCED = { ...PULLED, announcers: [{ ...SPEAKER, stopped: true, pods: [] }] }
const ANNOUNCED = { ...SILENCED, herald: { ...PULLED.herald, waits: false, speaker: workload('herald-speaker', 3) } }
const SETTLED = { ...ANNOUNCED, herald: { ...ANNOUNCED.herald, marked: false, puller: undefined } }
const { allocator: _, ...REST } = SETTLED
const DELETED = { ...REST, announcers: [], leftovers: [] }
const { noted: __, ...FINISHED } = DELETED

/** What is seen, which step comes next, and what it waits for. */
const TABLE: readonly [seen: string, MigrationState, step: number | undefined, missing: string[]][] = [
  ['a MetalLB that runs', BEFORE, 0, ['no address is noted']],
  [
    'a note of another day',
    { ...NOTED, changed: ['the Service default/web had 192.0.2.2 and has 192.0.2.1 now'] },
    0,
    ['the Service default/web had 192.0.2.2 and has 192.0.2.1 now'],
  ],
  [
    'addresses that are noted',
    NOTED,
    1,
    [
      'the Deployment controller is not scaled to 0',
      '1 pod of the Deployment controller still there',
      'the webhook metallb-webhook-configuration turns writes away',
    ],
  ],
  [
    'a controller that is stopping',
    { ...STOPPED, allocator: { ...CONTROLLER, stopped: true, pods: ['c-1'] } },
    1,
    ['1 pod of the Deployment controller still there'],
  ],
  ['a controller that has stopped', STOPPED, 2, ['Herald is not installed']],
  [
    'a controller of Herald that does not start',
    {
      ...INSTALLED,
      herald: { ...INSTALLED.herald, isLed: false, controller: workload('herald-controller', 0, 1) },
    },
    2,
    ['no pod of the Deployment herald-controller is ready', 'no controller of Herald leads'],
  ],
  ['Herald, waiting', INSTALLED, 3, ['the image is not on the nodes yet']],
  [
    'the image on its way',
    { ...INSTALLED, herald: { ...INSTALLED.herald, puller: workload('herald-migration-pull', 1) } },
    3,
    ['the image is on 1 of 3 nodes'],
  ],
  ['the image on all nodes', PULLED, 4, ['the DaemonSet speaker announces', "Herald's speakers wait"]],
  ['nobody who announces', SILENCED, 4, ["Herald's speakers wait"]],
  [
    'speakers that start',
    { ...ANNOUNCED, herald: { ...ANNOUNCED.herald, speaker: workload('herald-speaker', 1) } },
    4,
    ["1 of 3 speakers of Herald's ready"],
  ],
  [
    'speakers on all nodes that are ready',
    { ...ANNOUNCED, deadNodes: 1, herald: { ...ANNOUNCED.herald, speaker: workload('herald-speaker', 2) } },
    5,
    ['the release still has its speakers wait', 'the DaemonSet herald-migration-pull is still there'],
  ],
  [
    'a DaemonSet that nobody has looked at yet',
    { ...INSTALLED, herald: { ...INSTALLED.herald, puller: workload('herald-migration-pull', 0, 0) } },
    3,
    ['the image is on 0 of 0 nodes'],
  ],
  [
    'Services that are not announced yet',
    { ...ANNOUNCED, silent: ['default/web', 'default/api'] },
    4,
    ['nobody announces the Service default/web and 1 other yet'],
  ],
  [
    'everything announced',
    ANNOUNCED,
    5,
    ['the release still has its speakers wait', 'the DaemonSet herald-migration-pull is still there'],
  ],
  [
    'a release that is settled',
    SETTLED,
    6,
    [
      'deployment/controller is still there',
      'daemonset/speaker is still there',
      'the note of the addresses is still there',
    ],
  ],
  ['nothing but the note', DELETED, 6, ['the note of the addresses is still there']],
  ['the end', FINISHED, undefined, []],
]

describe('The steps of a migration', () => {
  for (const [seen, state, expected, missing] of TABLE) {
    it(`after ${seen}: ${expected === undefined ? 'nothing to do' : `step ${expected + 1}`}`, () => {
      const step = nextStep(state)
      assert.equal(step, expected === undefined ? undefined : MIGRATION_STEPS[expected])
      assert.deepEqual(step?.missing(state) ?? [], missing)
    })
  }

  it('stops what announces, waits until it is gone, and only then starts its own', () => {
    const commands = MIGRATION_STEPS[4]!.commands(PULLED, SETTINGS).map(commandText)
    assert.deepEqual(
      commands.map(command => command.split(' ').slice(0, 4).join(' ')),
      [
        'kubectl patch daemonset speaker',
        'kubectl wait pod --selector=app=metallb,component=speaker',
        'kubectl patch daemonset herald-speaker',
      ],
    )
    assert.match(commands[1]!, /--selector=app=metallb,component=speaker /)
  })

  it('never waits for every pod of the namespace', () => {
    const state = { ...PULLED, announcers: [{ ...SPEAKER, selector: '' }] }
    const commands = MIGRATION_STEPS[4]!.commands(state, SETTINGS).map(commandText)
    assert.match(commands[1]!, /^kubectl wait pod\/s-1 pod\/s-2 --for=delete /)
  })

  it('does not wait for pods on nodes that are gone, and says so', () => {
    const state = { ...PULLED, announcers: [{ ...SPEAKER, unreachable: 1 }] }
    const commands = MIGRATION_STEPS[4]!.commands(state, SETTINGS).map(commandText)
    assert.match(commands[1]!, /^kubectl wait pod\/s-1 pod\/s-2 --for=delete /)
    assert.match(MIGRATION_STEPS[4]!.tells(state), / 1 pod on nodes that are not ready: not waited for/)
  })

  it('rehearses the installation before it stops anything, and lets writes past a webhook that is gone', () => {
    const commands = MIGRATION_STEPS[1]!.commands(NOTED, SETTINGS).map(commandText)
    assert.match(commands[0]!, /^helm upgrade --install herald charts\/herald .*--take-ownership.* --dry-run=server$/)
    assert.match(commands[1]!, /"\/webhooks\/0\/failurePolicy","value":"Ignore".*"\/webhooks\/2\/failurePolicy"/)
    assert.match(commands[2]!, /^kubectl scale deployment\/controller --replicas=0/)
  })

  it('leads back in the opposite order', () => {
    assert.deepEqual(
      wayBack(MIGRATION_STEPS[4]!, ANNOUNCED).map(command => command.replace(/ '?--(type|patch).*/, '')),
      [
        'kubectl patch daemonset herald-speaker',
        'kubectl patch daemonset speaker',
        'kubectl delete daemonset herald-migration-pull --ignore-not-found --namespace=metallb-system',
        'helm uninstall herald --namespace=metallb-system',
        'kubectl scale deployment/controller --replicas=1 --namespace=metallb-system',
      ],
    )
  })
})

describe('The note of the addresses', () => {
  it('is read as it was written, Services without address left out', () => {
    const addresses = new Map([
      ['default/web', ['192.0.2.1', '2001:db8::1']],
      ['default/none', []],
    ])
    const note = writeNote('metallb-system', addresses)
    assert.deepEqual(readNote(note), new Map([['default/web', ['192.0.2.1', '2001:db8::1']]]))
  })

  for (const data of [undefined, null, {}, { addresses: 7 }, { addresses: '\n \nx\n' }]) {
    it(`is empty when it holds ${JSON.stringify(data)}`, () =>
      assert.deepEqual(readNote({ data } as ApiObject), new Map()))
  }

  const noted = new Map([['default/web', ['192.0.2.1']]])
  for (const [what, now, changed] of [
    ['nothing when all is as it was', [['default/web', ['192.0.2.1']]], []],
    ['nothing of a Service that is gone', [], []],
    ['nothing of an address that came on top', [['default/web', ['2001:db8::1', '192.0.2.1']]], []],
    [
      'of another address',
      [['default/web', ['192.0.2.2']]],
      ['the Service default/web had 192.0.2.1 and has 192.0.2.2 now'],
    ],
    ['of none', [['default/web', []]], ['the Service default/web had 192.0.2.1 and has no address now']],
  ] as const) {
    it(`tells ${what}`, () => assert.deepEqual(changedAddresses(noted, new Map(now)), changed))
  }
})

describe('What is left of MetalLB', () => {
  const labels = { app: 'metallb' }
  const objects = {
    ClusterRole: [{ metadata: { name: 'metallb-system:speaker', labels } }, { metadata: { name: 'admin' } }],
    ServiceAccount: [{ metadata: { name: 'speaker', namespace: 'metallb-system', labels } }],
  }

  it('is named by label and name, and holds nothing that an operator brought', () => {
    const named = (name: string) => ({ metadata: { name, namespace: 'metallb-system', labels } })
    const snapshot = withObjects(movableCluster(), { ConfigMap: [named('metallb-excludel2'), named('mine')] })
    assert.deepEqual(leftoversOf(snapshot, objects), [
      ...['deployment/metallb-controller', 'daemonset/metallb-speaker', 'configmap/metallb-excludel2'],
      ...['clusterrole/metallb-system:speaker', 'serviceaccount/speaker'],
    ])
  })

  it("leaves what has no namespace while another MetalLB needs it, and what is Herald's", () => {
    const snapshot = metallbCluster()
    const [speaker] = objectsOf(snapshot, 'DaemonSet')
    const other = { ...speaker, metadata: { ...speaker!.metadata, namespace: 'metallb-two' } }
    const ours = {
      metadata: {
        name: 'x',
        namespace: 'metallb-system',
        labels,
        annotations: { 'meta.helm.sh/release-name': 'herald' },
      },
    }
    const both = withObjects(snapshot, { DaemonSet: [speaker!, other], Deployment: [ours], ConfigMap: [] })
    assert.deepEqual(leftoversOf(both, objects), ['daemonset/metallb-speaker', 'serviceaccount/speaker'])
  })
})

describe('What a cluster says of a migration', () => {
  it('before it begins', () => {
    const state = viewMigration(movableCluster())
    assert.equal(state.noted, undefined)
    assert.equal(state.allocator?.name, 'metallb-controller')
    assert.deepEqual([state.allocator.pods.length, state.announcers[0]?.pods.length, state.deadNodes], [1, 3, 0])
    assert.deepEqual(state.secrets, ['metallb-cert', 'metallb-memberlist'])
    assert.deepEqual(
      state.announcers.map(({ name, stopped }) => [name, stopped]),
      [['metallb-speaker', false]],
    )
    assert.deepEqual(state.herald, { isLed: false, waits: false, marked: false })
  })
})

describe('What a cluster says of Services that changed hands', () => {
  const announced = (object: ApiObject, status: string) => {
    const { status: before } = object as { status?: object }
    const condition = { type: 'herald.io/Announced', status, reason: 'Announced', message: '' }
    return { ...object, status: { ...before, conditions: [condition] } } as ApiObject
  }

  for (const status of ['False', 'True']) {
    it(`when the condition Announced is ${status}`, () => {
      const snapshot = healthyCluster()
      const services = objectsOf(snapshot, 'Service')
      const marked = withObjects(snapshot, { Service: services.map(object => announced(object, status)) })
      const { silent } = viewMigration(marked)
      assert.equal(silent.length > 0, status === 'False', silent.join())
    })
  }
})

describe('What a cluster with a node that is gone says', () => {
  it('leaves out pods that nobody can end', () => {
    const snapshot = movableCluster()
    const [first, ...others] = objectsOf(snapshot, 'Node')
    const gone = { ...first, ...{ status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } } }
    const { announcers, deadNodes } = viewMigration(withObjects(snapshot, { Node: [gone, ...others] }))
    assert.deepEqual([announcers[0]?.pods.length, announcers[0]?.unreachable, deadNodes], [2, 1, 1])
  })
})

describe('The flags of Helm', () => {
  for (const [version, flags] of [
    ['v4.3.1', ['--take-ownership', '--force-conflicts']],
    ['v3.17.0', ['--take-ownership']],
    ['v3.16.4', undefined],
    ['', undefined],
  ] as const) {
    it(`of ${version || 'what says no version'}`, () => assert.deepEqual(ownershipFlags(version), flags))
  }
})
