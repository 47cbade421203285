import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fencedBlocks, shellCommands } from '../support/markdown.ts'

const PAGE = 'docs/first-service.md'
const name = process.env.HERALD_TEST_LAB ?? 'herald'
const lab = `npm run -s lab -- --name ${name}`

/** What the page itself says of following it in the lab, with the files of a folder. */
const inLab = (command: string, folder: string) =>
  command
    .replace(/^kubectl /, `${lab} kubectl `)
    .replace(/^curl /, `${lab} client curl --fail --max-time 5 `)
    .replace('--image=nginx', '--image=herald.lab/web:1')
    .replace('--target-port=80', '--target-port=8080')
    .replace(/ -f (\S+)/, (_, file: string) => ` -f '${join(folder, file)}'`)

describe('the page on the first Service, as a new user follows it in the lab', function () {
  this.timeout(240_000)
  // Each goes on where the last one ended.
  this.retries(0)
  const page = readFileSync(PAGE, 'utf8')
  let folder: string
  /** The node that the Service names when the page drains it. */
  let drained: string | undefined

  const type = (command: string) => {
    const { status, stdout, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8', input: '' })
    assert.equal(status, 0, `${command}\n${stdout}\n${stderr}`)
    return stdout
  }

  before(async function () {
    this.timeout(3_600_000)
    folder = await mkdtemp(join(tmpdir(), 'herald-docs-'))
    for (const { text } of fencedBlocks(page, 'yaml')) {
      const [, file] = /^# (\S+\.yaml)$/m.exec(text) ?? []
      if (file) await writeFile(join(folder, file), text)
    }
    // Whatever ran before: a new user has no lab yet.
    type(`${lab} down`)
    assert.ok(page.includes('npm run lab -- up --no-demo'))
    type(`${lab} up --no-demo`)
  })
  after(async () => {
    type(`${lab} down`)
    await rm(folder, { recursive: true })
  })

  for (const [index, { text, line }] of fencedBlocks(page, 'sh').entries()) {
    it(`has commands that work, at line ${line}`, () => {
      const out = shellCommands({ text }).map(command => {
        if (command.includes(' node2 ')) drained ??= announcingNode()
        const meant = inLab(command.replace(' node2 ', ` ${drained} `), folder)
        const deadlineMs = performance.now() + 10_000
        for (;;) {
          try {
            return type(meant)
          } catch (error) {
            // kube-proxy has its rules a moment after the address is announced; nothing else may need a second try.
            if (!command.startsWith('curl ') || performance.now() > deadlineMs) throw error
          }
        }
      })
      if (index === 0) assert.match(out[0] ?? '', /ipaddresspool\.metallb\.io\/first created/)
      if (text.startsWith('kubectl get service web\n'))
        assert.match(out[0] ?? '', /LoadBalancer +[\d.]+ +192\.0\.2\.100/)
      if (text.includes('jsonpath')) {
        assert.match(
          out[1] ?? '',
          /^herald\.io\/AddressAllocated\tTrue\tAllocated\t192\.0\.2\.100 from the IPAddressPool "first"\.$/m,
        )
        assert.match(
          out[1] ?? '',
          /^herald\.io\/Announced\tTrue\tAnnounced\t192\.0\.2\.100 from node "node\d" on eth0/m,
        )
      }
      if (text.includes('curl'))
        assert.ok(
          out.some(printed => printed.includes('Hello from ')),
          out.join('\n'),
        )
    })
  }

  function announcingNode(): string {
    const conditions = type(inLab("kubectl get service web -o jsonpath='{.status.conditions}'", folder))
    const [, node] = /from node \\"(node\d)\\"/.exec(conditions) ?? []
    assert.ok(node, conditions)
    return node
  }
})
