import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { COMMANDS } from '../../../../src/cli/commands.ts'
import { healthyCluster } from '../../../support/cli/clusters.ts'
import { runKept } from '../../../support/cli/run-cli.ts'

describe('runCli()', () => {
  let folder: string
  let snapshot: string

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'herald-cli-'))
    snapshot = join(folder, 'cluster.json')
    writeFileSync(snapshot, JSON.stringify(healthyCluster()))
  })
  after(() => rmSync(folder, { recursive: true }))

  for (const [what, options, flags, coloured] of [
    ['on a terminal', { isTerminal: true }, [], true],
    ['into a file', { isTerminal: false }, [], false],
    ['on a terminal with NO_COLOR', { isTerminal: true, env: { NO_COLOR: '1' } }, [], false],
    ['on a terminal that can do nothing', { isTerminal: true, env: { TERM: 'dumb' } }, [], false],
    ['when it shall always be', { isTerminal: false, env: { NO_COLOR: '1' } }, ['--color=always'], true],
    ['when it shall never be', { isTerminal: true }, ['--color=never'], false],
  ] as const) {
    it(`${coloured ? 'is' : 'is not'} coloured ${what}`, async () => {
      const { out } = await runKept(['status', '--snapshot', snapshot, ...flags], options)
      assert.equal(out.includes('\u001b['), coloured)
    })
  }

  it('breaks sentences where the terminal ends', async () => {
    const terminal = { isTerminal: true, columns: 60 }
    const { code, out, err } = await runKept(['explain', 'web', '--snapshot', snapshot], terminal)
    assert.deepEqual([code, err], [0, ''])
    assert.match(out, /externalTrafficPolicy Cluster: any node may announce, and\S*\n {2}forwards/)
  })

  it('writes a snapshot that reads as the one that it was made from', async () => {
    const { out } = await runKept(['snapshot', '--snapshot', snapshot])
    assert.deepEqual(JSON.parse(out), JSON.parse(JSON.stringify(healthyCluster())))
  })

  it('helps with each command: usage, flags, examples, exit codes', async () => {
    const all = await runKept(['--help'])
    for (const [name, { flags, examples }] of Object.entries(COMMANDS)) {
      assert.match(all.out, new RegExp(`^  ${name} `, 'm'))
      const { code, out } = await runKept([name, '--help'])
      assert.equal(code, 0)
      const missing = [...Object.keys(flags).map(flag => `--${flag}`), ...examples.map(({ command }) => command)]
      for (const text of [...missing, 'Exit codes:', '--kubeconfig']) assert.ok(out.includes(text), `${name}: ${text}`)
    }
  })

  it('tells a wrong command line by exit code 2', async () => {
    const { code, out, err } = await runKept(['plan', '--snapshot', snapshot])
    assert.deepEqual([code, out], [2, ''])
    assert.match(err, /^kubectl herald: what is to be planned\? .*\nTry --help\.\n$/)
  })

  for (const [what, args, message] of [
    ['a file that is not there', ['status', '--snapshot', '/nowhere'], /cannot read the snapshot \/nowhere: /],
    ['a node that is not there', ['plan', '--drain', 'node-x'], /no Node "node-x"; there are node-a, node-b, node-c/],
    ['a Service that is elsewhere', ['explain', 'front'], /no Service "default\/front"; there is shop\/front/],
    ['no MetalLB', ['migrate'], /no MetalLB runs in the namespace "herald-system"/],
    ['manifests that are not there', ['check', '-f', '/nowhere'], /cannot read \/nowhere: /],
    ['no kubectl, where it is needed', ['status'], /there is no kubectl in the PATH/],
  ] as const) {
    it(`tells of ${what} in one line`, async () => {
      const needsCluster = !args.includes('--snapshot' as never) && !what.startsWith('no kubectl')
      const more = needsCluster ? ['--snapshot', snapshot] : []
      const { code, out, err } = await runKept([...args, ...more], { env: { KUBECONFIG: '/a:/b', PATH: '/nowhere' } })
      assert.deepEqual([code, out], [3, ''])
      assert.match(err, message)
    })
  }

  it('refuses a file that is no snapshot', async () => {
    const file = join(folder, 'other.json')
    for (const text of ['[]', 'null', '{"objects": {}}', '{"takenAt": "x"}']) {
      writeFileSync(file, text)
      const { code, err } = await runKept(['status', '--snapshot', file])
      assert.equal(code, 3)
      assert.match(err, /is not what the command snapshot writes/)
    }
  })
})
