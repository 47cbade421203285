import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findMetalLB } from '../../../src/cli/metallb.ts'
import { reviewMigration } from '../../../src/cli/migrate.ts'
import { objectsOf, withObjects } from '../../../src/cli/snapshot.ts'
import { movableCluster } from '../../support/cli/clusters.ts'
import { runKept } from '../../support/cli/run-cli.ts'
import { assertGolden } from '../../support/golden.ts'

const FOLDER = join(import.meta.dirname, 'golden')

describe('kubectl herald migrate', () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'herald-cli-'))
    writeFileSync(join(folder, 'cluster.json'), JSON.stringify(movableCluster()))
  })
  after(() => rmSync(folder, { recursive: true }))

  const run = (...args: string[]) =>
    runKept(['migrate', ...args], { env: { PATH: '/nowhere', KUBECONFIG: '/nowhere' } })

  for (const [name, args] of [
    ['migrate-plan', ['--dry-run', '-f', 'values.yaml']],
    ['migrate-json', ['-o', 'json', '--set', 'image.tag=1']],
  ] as const) {
    it(`says as kept: ${name}`, async () => {
      const { code, out, err } = await run(...args, '--snapshot', join(folder, 'cluster.json'))
      assert.deepEqual([code, err], [0, ''])
      assertGolden(join(FOLDER, `${name}.txt`), out)
    })
  }

  for (const [what, args, message] of [
    [
      'nobody can be asked',
      [],
      /standard input is no terminal, so nobody can be asked before each step: --dry-run shows/,
    ],
    ['it is to take steps and to show them only', ['--yes', '--dry-run'], /--yes takes the steps; --dry-run, -o json/],
    ['it is to take steps in a file', ['--yes', '--snapshot', 'x'], /--yes takes the steps; --dry-run, -o json/],
    ['a time is none', ['--yes', '--timeout', 'soon'], /--timeout: a whole number of seconds is wanted/],
  ] as const) {
    it(`refuses, before it looks at anything, when ${what}`, async () => {
      const { code, out, err } = await run(...args)
      assert.deepEqual([code, out], [2, ''])
      assert.match(err, message)
    })
  }

  it('does not begin where it may not look', () => {
    const unread = [
      { kind: 'Service', why: 'you may not list services' },
      { kind: 'SpeakerStatus', why: 'the API server does not know speakerstatuses' },
    ] as const
    const cluster = { ...movableCluster(), unread }
    const errors = reviewMigration(cluster, findMetalLB(cluster)!).findings.filter(({ level }) => level === 'error')
    assert.deepEqual(errors, [{ level: 'error', subject: 'Service', message: 'you may not list services' }])
  })

  for (const [mark, program] of [
    ['argocd.argoproj.io/tracking-id', 'Argo CD'],
    ['helm.toolkit.fluxcd.io/name', 'Flux'],
  ] as const) {
    it(`does not begin what ${program} would undo`, () => {
      const snapshot = movableCluster()
      const guarded = objectsOf(snapshot, 'Deployment').map(object => ({
        ...object,
        metadata: { ...object.metadata, annotations: { [mark]: 'x' } },
      }))
      const cluster = withObjects(snapshot, { Deployment: guarded })
      const { findings } = reviewMigration(cluster, findMetalLB(cluster)!)
      const [first] = findings
      assert.equal(first?.level, 'error')
      assert.equal(first.message, `is managed by ${program}, which would undo every step`)
    })
  }
})
