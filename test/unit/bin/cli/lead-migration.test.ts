import assert from 'node:assert/strict'
import { type LeadMigrationComponents, leadMigration } from '../../../../src/bin/cli/lead-migration.ts'
import type { MigrationState } from '../../../../src/cli/migration-state.ts'
import { createStyle } from '../../../../src/cli/render/style.ts'

const ADDRESSES = new Map([['default/web', ['192.0.2.1']]])
const workload = (name: string) => ({ name, image: 'herald:1', desired: 2, ready: 2 })
const foreign = (name: string) => ({ name, stopped: false, pods: ['p'], unreachable: 0, selector: `component=${name}` })

/** A cluster that does what it is told, as far as the steps look at it. */
class ObedientCluster {
  state: MigrationState = {
    ...{ namespace: 'metallb-system', addresses: ADDRESSES, changed: [], failing: [], silent: [] },
    ...{ allocator: foreign('controller'), announcers: [foreign('speaker')], leftovers: ['daemonset/speaker'] },
    ...{ secrets: ['metallb-webhook-cert'], deadNodes: 0 },
    herald: { isLed: false, waits: false, marked: false },
  }
  readonly typed: string[] = []
  readonly inputs: object[] = []
  /** what fails, and how */
  readonly failures = new Map<string, string>()

  async run({ argv, input }: { argv: readonly string[]; input?: object }) {
    const command = argv.slice(0, 4).join(' ')
    this.typed.push(command)
    if (input) this.inputs.push(input)
    const failure = [...this.failures].find(([part]) => argv.join(' ').includes(part))
    if (failure) return { code: 1, out: '', err: failure[1] }
    this.#obey(argv.join(' '), (input as { kind?: string } | undefined)?.kind)
    return { code: 0, out: '', err: '' }
  }

  #obey(line: string, kind: string | undefined): void {
    const { herald, allocator, announcers } = this.state
    const change = (more: Partial<MigrationState>) => {
      this.state = { ...this.state, ...more }
    }
    const ours = (more: Partial<MigrationState['herald']>) => change({ herald: { ...herald, ...more } })
    if (kind === 'ConfigMap') change({ noted: ADDRESSES })
    else if (kind === 'DaemonSet') ours({ puller: workload('pull') })
    else if (line.includes(' scale ') && allocator) change({ allocator: { ...allocator, stopped: true, pods: [] } })
    else if (line.startsWith('helm') && line.includes('=waiting') && !line.includes('--dry-run'))
      ours({ isLed: true, waits: true, marked: true, controller: workload('c'), speaker: workload('herald-speaker') })
    else if (line.startsWith('helm') && !line.includes('--dry-run')) ours({ marked: false })
    else if (line.includes('patch daemonset speaker'))
      change({ announcers: announcers.map(one => ({ ...one, stopped: true, pods: [] })) })
    else if (line.includes('patch daemonset herald-speaker')) ours({ waits: false })
    else if (line.includes('delete daemonset herald-migration-pull')) ours({ puller: undefined })
    else if (line.includes('delete daemonset/speaker')) {
      const { allocator: _, ...rest } = this.state
      this.state = { ...rest, announcers: [], leftovers: [] }
    } else if (line.includes('delete configmap')) {
      const { noted: _, ...rest } = this.state
      this.state = rest
    }
  }
}

const lead = async (cluster: ObedientCluster, more: Partial<LeadMigrationComponents> = {}) => {
  const said: string[] = []
  let nowMs = 0
  const code = await leadMigration(
    {
      read: async () => cluster.state,
      runner: cluster,
      say: lines => said.push(...lines),
      style: createStyle(false),
      monotonicMs: () => nowMs,
      sleep: async ms => {
        nowMs += ms
      },
      ...more,
    },
    { settings: { chart: 'c', values: [], ownership: [] }, timeoutMs: 5_000 },
  )
  return { code, text: said.join('\n'), nowMs }
}

describe('Leading through a migration', () => {
  it('takes all steps in order, and none twice', async () => {
    const cluster = new ObedientCluster()
    const { code, text } = await lead(cluster)
    assert.equal(code, 0, text)
    assert.deepEqual(cluster.typed, [
      'kubectl apply --server-side --filename=-',
      'helm upgrade --install herald',
      'kubectl scale deployment/controller --replicas=0',
      'helm upgrade --install herald',
      'kubectl apply --server-side --filename=-',
      'kubectl patch daemonset speaker',
      'kubectl wait pod --selector=component=speaker',
      'kubectl patch daemonset herald-speaker',
      'helm upgrade --install herald',
      'kubectl delete daemonset herald-migration-pull',
      'kubectl delete secret metallb-webhook-cert',
      'kubectl delete daemonset/speaker --ignore-not-found',
      'kubectl delete configmap herald-migration',
    ])
    for (let step = 1; step <= 7; step++) assert.match(text, new RegExp(`✓ ${step}/7 `))
  })

  it('goes on where an interrupted run ended', async () => {
    const whole = new ObedientCluster()
    await lead(whole)
    for (let taken = 1; taken < whole.typed.length; taken++) {
      const cluster = new ObedientCluster()
      let count = 0
      const interrupted = {
        run: (command: Parameters<ObedientCluster['run']>[0]) => {
          if (count++ === taken) throw new Error('interrupted')
          return cluster.run(command)
        },
      }
      await assert.rejects(lead(cluster, { runner: interrupted }), /interrupted/)
      const { code, text } = await lead(cluster)
      assert.equal(code, 0, text)
      assert.equal(cluster.state.noted, undefined)
      // No step that was done is taken again, so hardly more is typed than without the interruption.
      assert.ok(cluster.typed.length <= whole.typed.length + 3, cluster.typed.join('\n'))
    }
  })

  it('asks before each step, and ends when the answer is not yes', async () => {
    const cluster = new ObedientCluster()
    const answers = ['y', 'yes', 'no']
    const { code, text } = await lead(cluster, { ask: async () => answers.shift() ?? '' })
    assert.equal(code, 1)
    assert.equal(cluster.typed.length, 3)
    assert.match(text, /Stopped\. The same command goes on from here\.$/)
  })

  it('looks again when it was told to go on', async () => {
    const cluster = new ObedientCluster()
    const answers = ['y', 'n']
    const { text } = await lead(cluster, {
      ask: async () => {
        // Somebody made a Service while the question stood.
        cluster.state = { ...cluster.state, addresses: new Map([...ADDRESSES, ['default/new', ['192.0.2.2']]]) }
        return answers.shift() ?? ''
      },
    })
    assert.match(JSON.stringify(cluster.inputs[0]), /default\/new 192\.0\.2\.2/)
    assert.match(text, /✓ 1\/7 /)
  })

  it('ends at a command that fails, says why, and how to go back', async () => {
    const cluster = new ObedientCluster()
    cluster.failures.set('=waiting --dry-run', 'Error: chart "c" not found')
    cluster.failures.set('--dry-run', 'Error: chart "c" not found')
    const { code, text } = await lead(cluster)
    assert.equal(code, 1)
    assert.match(text, /✗ helm upgrade --install … failed: Error: chart "c" not found/)
    assert.match(text, /To go back:\n +\$ kubectl scale deployment\/controller --replicas=1/)
    assert.equal(cluster.state.allocator?.stopped, false)
  })

  it('ends at a step that does not come true in time, before the next one', async () => {
    const cluster = new ObedientCluster()
    const read = async (): Promise<MigrationState> => ({
      ...cluster.state,
      herald: { ...cluster.state.herald, isLed: false },
    })
    const { code, text, nowMs } = await lead(cluster, { read })
    assert.equal(code, 1)
    assert.equal(nowMs, 5_000)
    assert.match(text, /^ {6}… no controller of Herald leads$/m)
    assert.equal(text.match(/…/g)?.length, 1, 'what is waited for is said once')
    assert.match(text, /✗ no controller of Herald leads/)
    assert.match(text, /\$ helm uninstall herald --namespace=metallb-system/)
    assert.ok(!cluster.typed.some(command => command.includes('patch daemonset')))
  })

  it('ends at once when a Service has another address', async () => {
    const cluster = new ObedientCluster()
    const changed = ['the Service default/web had 192.0.2.1 and has no address now']
    const read = async (): Promise<MigrationState> =>
      cluster.state.herald.isLed ? { ...cluster.state, changed } : cluster.state
    const { code, text, nowMs } = await lead(cluster, { read })
    assert.deepEqual([code, nowMs], [1, 0])
    assert.match(text, /✗ the Service default\/web had 192\.0\.2\.1 and has no address now/)
  })

  it('does not fight what undoes a step', async () => {
    const cluster = new ObedientCluster()
    const read = async (): Promise<MigrationState> => {
      const { state } = cluster
      return state.herald.puller ? { ...state, allocator: foreign('controller') } : state
    }
    const { code, text } = await lead(cluster, { read })
    assert.equal(code, 1)
    assert.match(text, /✗ the Deployment controller is not scaled to 0\n.*\n.*✗ This was done: something undoes it\./)
  })
})
