import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fencedBlocks, shellCommands } from '../support/markdown.ts'

describe('the README, as a new user follows it', function () {
  this.timeout(240_000)
  // Each goes on where the last one ended.
  this.retries(0)
  const page = readFileSync('README.md', 'utf8')
  const shell = fencedBlocks(page, 'sh').flatMap(shellCommands)
  const yamls = fencedBlocks(page, 'yaml').map(({ text }) => text)

  const run = (command: string, input?: string) => {
    const { status, stdout, stderr } = spawnSync('sh', ['-c', command], {
      encoding: 'utf8',
      input: input ?? '',
      maxBuffer: 64 << 20,
    })
    assert.equal(status, 0, `${command}\n${stdout}\n${stderr}`)
    return stdout
  }

  before(() => {
    // Whatever ran before: a new user has no lab yet.
    run('npm run -s lab -- down')
  })

  it('names the two commands', () => {
    assert.ok(shell.includes('npm run lab'))
    assert.ok(shell.includes('npm test'))
  })

  it('starts a cluster whose Service is reached from outside, with the first', () => {
    const out = run('npm run lab')
    const [, address] = /service\/web +LoadBalancer +[\d.]+ +(192\.0\.2\.\d+)/.exec(out) ?? []
    assert.ok(address, out)
    assert.ok(out.includes(`$ curl http://${address}/`), out)
    assert.match(out, /^Hello from web-/m)
    assert.match(out, /Try next:/)
  })

  it('has its further lab commands work as written', () => {
    const further = shell.filter(command => command.startsWith('npm run lab -- ') && !command.endsWith(' down'))
    assert.ok(further.length >= 3)
    for (const command of further) assert.notEqual(run(command).trim(), '', command)
  })

  it('has a pool and an advertisement that the cluster takes', () => {
    const [yaml] = yamls
    assert.ok(yaml)
    // The demo's pool has the same addresses.
    run('npm run -s lab -- kubectl delete -f lab/demo/pool.yaml')
    assert.match(run('npm run -s lab -- kubectl apply -f -', yaml), /ipaddresspool.metallb.io\/web created/)
    run('npm run -s lab -- kubectl wait ipaddresspool/web -n herald-system --for=condition=Accepted --timeout=10s')
  })

  it('has a BGP peer and an advertisement with which the nodes have sessions', () => {
    const [, yaml] = yamls
    assert.ok(yaml)
    assert.match(run('npm run -s lab -- kubectl apply -f -', yaml), /bgppeer.metallb.io\/rack-router created/)
    const sessions = 'npm run -s lab -- kubectl wait bgpsessionstatuses -n herald-system -l herald.io/peer=rack-router'
    const deadlineMs = performance.now() + 20_000
    // The objects come with the sessions, and there is nothing to wait for before.
    while (!run('npm run -s lab -- kubectl get bgpsessionstatuses -n herald-system').includes('rack-router')) {
      assert.ok(performance.now() < deadlineMs, 'no session is told of')
    }
    run(`${sessions} --for=jsonpath={.status.state}=Established --timeout=20s`)
    run('npm run -s lab -- kubectl delete -f -', yaml)
  })

  it('installs by Helm with the values that it names', () => {
    const install = shell.find(command => command.startsWith('helm install'))
    assert.ok(install)
    const values = install.replace('helm install herald charts/herald', 'template herald charts/herald')
    const out = run(`npm run -s lab -- helm ${values}`)
    assert.match(out, /image: "?registry\.example\/herald:0\.1\.0/)
  })

  it('leaves nothing behind, as it says', () => {
    assert.match(run('npm run lab -- down'), /Nothing of the lab is left/)
    assert.equal(spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' }).stdout.match(/^herald-/m), null)
  })
})
