import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

// Nobody listens there: what these tests look at comes before the API server is asked.
const kubeconfig = `apiVersion: v1
kind: Config
current-context: none
clusters: [{name: none, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: none, user: {}}]
contexts: [{name: none, context: {cluster: none, user: none}}]
`

async function ended(child: ChildProcess): Promise<{ code: number | null; stderr: string }> {
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  await once(child, 'close')
  return { code: child.exitCode, stderr }
}

describe('speaker process', function () {
  this.timeout(20_000)
  let folder: string
  let args: string[]

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'herald-speaker-'))
    const file = join(folder, 'kubeconfig')
    writeFileSync(file, kubeconfig)
    const ports = ['--port', '0', '--health-probe-port', '17499', '--health-probe-host', '127.0.0.1']
    args = ['src/bin/speaker.ts', '--node-name', 'node-a', '--namespace', 'herald', '--kubeconfig', file, ...ports]
  })

  after(() => rmSync(folder, { recursive: true }))

  it('refuses patterns that are no regular expressions, and one that leaves no interface', async () => {
    for (const [pattern, message] of [
      ['eth[', /--exclude-interfaces "eth\[": Invalid regular expression/],
      ['', /--exclude-interfaces: an empty pattern matches every interface/],
    ] as const) {
      const command = [...args, `--exclude-interfaces=${pattern}`]
      const { code, stderr } = await ended(spawn(process.execPath, command, { stdio: ['ignore', 'ignore', 'pipe'] }))
      assert.equal(code, 2)
      assert.match(stderr, message)
    }
  })
})
