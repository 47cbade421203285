import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, it } from 'mocha'
import { machineKubeconfig } from '../../../lab/api-port.ts'
import { daemon, daemonNames, isRunning } from '../../../lab/daemons.ts'
import { findRemains, isEmpty, takeDown } from '../../../lab/down.ts'
import { loadLab } from '../../../lab/lab.ts'
import { repository, stateDir } from '../../../lab/paths.ts'
import { type RunResult, run, waitFor } from '../../../lab/process.ts'

// A lab of its own beside the one that may be up.
const name = 'herald-test'
const program = [process.execPath, join(repository, 'lab/main.ts'), '--name', name]
const upCommand = [...program, 'up', '--no-herald', '--nodes', '1']

const labCommand = (...args: string[]): Promise<RunResult> => run([...program, ...args], { check: false })

function assertNothingLeft(): void {
  assert.deepEqual(findRemains(name), { processes: [], namespaces: [], mounts: [], cgroups: [], folders: [] })
  assert.equal(existsSync(`${stateDir(name)}.lock`), false)
}

describe('lab', function () {
  this.timeout(120_000)
  afterEach(() => takeDown(name))

  it('comes up, is used again as it is, and goes without a trace', async () => {
    await run(upCommand)
    const found = loadLab(name)
    assert.ok(found?.complete)
    const { lab } = found
    const daemons = daemonNames(lab).map(each => daemon(lab, each))
    assert.ok(daemons.some(each => each.name === 'kubelet-node1'))

    const status = await labCommand('status')
    assert.equal(status.code, 0, status.stdout + status.stderr)
    assert.match(status.stdout, /node1 +Ready/)
    const nodes = await labCommand('kubectl', 'get', 'nodes', '--output=name')
    assert.equal(nodes.stdout, 'node/node1\n')
    const kubectl = [
      lab.kubernetes,
      'kubectl',
      `--kubeconfig=${machineKubeconfig(lab)}`,
      `--cache-dir=${lab.folder}/cache`,
    ]
    const fromMachine = await run([...kubectl, 'get', 'nodes', '--output=name'])
    assert.equal(fromMachine.stdout, 'node/node1\n')
    const refused = await labCommand('kubectl', 'get', 'nonsense')
    assert.equal(refused.code, 1)
    const reached = await labCommand('client', 'arping', '-r', '-c', '1', '-w', '2', '-I', 'eth0', '192.0.2.11')
    assert.equal(reached.stdout.trim(), '02:00:00:00:0a:0b')
    const routed = await labCommand(
      'outside',
      'curl',
      '--silent',
      '--insecure',
      '--max-time',
      '2',
      'https://192.0.2.11:10250/',
    )
    assert.equal(routed.code, 0, 'the node is reached through the router')

    await run(upCommand)
    assert.deepEqual(
      daemonNames(lab).map(each => daemon(lab, each).pid),
      daemons.map(each => each.pid),
    )

    const down = await labCommand('down')
    assert.equal(down.code, 0, down.stderr)
    assertNothingLeft()
    assert.deepEqual(daemons.filter(isRunning), [])
    assert.equal((await labCommand('status')).code, 1)
  })

  // The moments are those when much is half done: namespaces without cards, a node without its kubelet.
  for (const [moment, reached] of [
    ['while it makes the network', () => findRemains(name).namespaces.length > 2],
    ['while nodes start', () => existsSync(join(stateDir(name), 'daemons', 'containerd-node1.json'))],
  ] as const) {
    it(`recovers from being killed ${moment}`, async () => {
      await killDuringUp(reached)
      assert.ok(!isEmpty(findRemains(name)), 'there is something to recover from')
      assert.equal((await labCommand('kubectl', 'get', 'nodes')).code, 1, 'a half lab is not taken for a lab')
      await run(upCommand)
      assert.equal((await labCommand('status')).code, 0)

      await takeDown(name)
      await killDuringUp(reached)
      const down = await labCommand('down')
      assert.equal(down.code, 0, down.stderr)
      assertNothingLeft()
    })
  }

  it('starts anew when a component has died', async () => {
    await run(upCommand)
    const { lab } = loadLab(name)!
    const kubelet = daemon(lab, 'kubelet-node1')
    process.kill(kubelet.pid, 'SIGKILL')
    await waitFor(() => !isRunning(kubelet), { what: 'kubelet to end', timeoutMs: 5000 })
    assert.equal((await labCommand('status')).code, 1)
    await run(upCommand)
    assert.equal((await labCommand('status')).code, 0)
    await takeDown(name)
    assertNothingLeft()
  })

  it('touches no folder that is not its own', async () => {
    // A lab of another name than the default has its name appended.
    const chosen = `/tmp/herald-foreign-${process.pid}`
    const folder = `${chosen}-${name}`
    mkdirSync(folder)
    writeFileSync(join(folder, 'precious'), 'do not lose')
    try {
      for (const command of [upCommand, [...program, 'down']]) {
        const { code, stderr } = await run(command, { env: { ...process.env, HERALD_LAB_DIR: chosen }, check: false })
        assert.equal(code, 1)
        assert.match(stderr, /has other things than a lab in it/)
        assert.equal(readFileSync(join(folder, 'precious'), 'utf8'), 'do not lose')
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  const mistakes = [
    [['--nodes', '0'], /--nodes takes a number from 1 to/],
    [['up', '--kubernetes', 'latest'], /"latest" is no Kubernetes version/],
    [['up', '--nonsense'], /--nonsense/],
    [['upp'], /no such command: upp/],
    [['kubectl', 'get', 'nodes'], /no lab is running/],
  ] as const
  for (const [args, message] of mistakes) {
    it(`explains the mistake in "lab ${args.join(' ')}"`, async () => {
      const { code, stderr } = await labCommand(...args)
      assert.notEqual(code, 0)
      assert.match(stderr, message)
      assert.doesNotMatch(stderr, / at .*\.ts:\d+/, 'no stack')
    })
  }
})

async function killDuringUp(reached: () => boolean): Promise<void> {
  const child = spawn(upCommand[0]!, upCommand.slice(1), { stdio: 'ignore' })
  const exited = once(child, 'exit')
  await waitFor(reached, { what: 'the moment to kill', timeoutMs: 60_000, everyMs: 5 })
  child.kill('SIGKILL')
  await exited
}
