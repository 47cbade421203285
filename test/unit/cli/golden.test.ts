import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EXIT_CODES } from '../../../src/cli/command.ts'
import {
  brokenCluster,
  emptyCluster,
  healthyCluster,
  metallbCluster,
  upgradingCluster,
} from '../../support/cli/clusters.ts'
import { runKept } from '../../support/cli/run-cli.ts'
import { assertGolden } from '../../support/golden.ts'

const FOLDER = join(import.meta.dirname, 'golden')

const MANIFESTS = join(import.meta.dirname, 'manifests')

/** What each command says of each cluster, and its exit code. */
const RUNS: readonly [name: string, cluster: string, args: string[], code: number][] = [
  ['status-healthy', 'healthy', ['status'], 0],
  ['status-broken', 'broken', ['status'], 1],
  ['status-empty', 'empty', ['status'], 0],
  ['status-upgrading', 'upgrading', ['status'], 0],
  ['status-colour', 'healthy', ['status', '--color', 'always'], 0],
  ['status-json', 'broken', ['status', '-o', 'json'], 1],
  ['explain-layer2', 'healthy', ['explain', 'web'], 0],
  ['explain-bgp', 'healthy', ['explain', 'front', '-n', 'shop'], 0],
  ['explain-pending', 'broken', ['explain', 'waiting'], 1],
  ['explain-unadvertised', 'broken', ['explain', 'quiet'], 1],
  ['explain-conflict', 'broken', ['explain', 'taken'], 1],
  ['explain-no-session', 'broken', ['explain', 'shop/front'], 1],
  ['explain-no-endpoints', 'broken', ['explain', 'crashing'], 1],
  ['explain-no-kube-proxy', 'broken', ['explain', 'web'], 1],
  ['explain-foreign', 'broken', ['explain', 'svc/other', '-n', 'shop'], 0],
  ['explain-empty', 'empty', ['explain', 'web'], 3],
  ['plan-drain', 'healthy', ['plan', '--drain', 'node-c'], 0],
  ['plan-lose', 'healthy', ['plan', '--lose', 'node-a', '--lose', 'node-c'], 1],
  ['plan-drain-broken', 'broken', ['plan', '--drain', 'node-a'], 1],
  ['plan-no-node', 'healthy', ['plan', '--drain', 'node-z'], 3],
  ['plan-nothing', 'empty', ['plan', '--drain', 'node-a'], 0],
  ['plan-file', 'healthy', ['plan', '-f', 'other-pools.yaml'], 1],
  ['plan-file-broken', 'broken', ['plan', '-f', 'other-pools.yaml'], 1],
  ['plan-file-empty', 'empty', ['plan', '-f', 'other-pools.yaml'], 1],
  ['check-healthy', 'healthy', ['check'], 0],
  ['check-broken', 'broken', ['check'], 1],
  ['check-empty', 'empty', ['check'], 0],
  ['check-file', 'empty', ['check', '-f', 'mistakes.yaml'], 1],
  ['check-good-file', 'empty', ['check', '-f', 'good.yaml'], 0],
  ['migrate', 'metallb', ['migrate'], 1],
  ['explain-json', 'healthy', ['explain', 'web', '-o', 'json'], 0],
]

describe('What the commands say', () => {
  const clusters = {
    healthy: healthyCluster(),
    broken: brokenCluster(),
    empty: emptyCluster(),
    metallb: metallbCluster(),
    upgrading: upgradingCluster(),
  }
  let folder: string

  let cwd: string

  before(() => {
    cwd = process.cwd()
    // What is printed names the files as they were given.
    process.chdir(MANIFESTS)
    folder = mkdtempSync(join(tmpdir(), 'herald-cli-'))
    for (const [name, snapshot] of Object.entries(clusters)) {
      writeFileSync(join(folder, `${name}.json`), JSON.stringify(snapshot))
    }
  })
  after(() => {
    process.chdir(cwd)
    rmSync(folder, { recursive: true })
  })

  for (const [name, cluster, args, code] of RUNS) {
    it(`${name} is as kept`, async () => {
      const { code: exitCode, out, err } = await runKept([...args, '--snapshot', join(folder, `${cluster}.json`)])
      assert.equal(exitCode, code)
      // What cannot be answered is said to the terminal, and to it alone: no program takes it for an answer.
      assert.equal(code === EXIT_CODES.unreadable ? out : err, '')
      assertGolden(join(FOLDER, `${name}.txt`), out + err)
    })
  }
})
