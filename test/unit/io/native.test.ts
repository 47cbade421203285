import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { addressFromBytes, addressToBytes } from '../../../src/io/address-bytes.ts'
import { MissingCapabilityError, withCapability } from '../../../src/io/capability-error.ts'
import { native } from '../../../src/io/native.ts'
import { parseAddress } from '../../../src/ip/address.ts'

const source = JSON.stringify(fileURLToPath(new URL('../../../src/io/native.ts', import.meta.url)))

// loading happens once in a process, so each case has its own
function loadWith(file: string): string {
  const script = `import { native } from ${source}; try { native(); console.log('loaded') } catch (error) { console.log(error.code, error.message) }`
  const env = { ...process.env, HERALD_NATIVE: file }
  return spawnSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8', env }).stdout
}

describe('native addon', () => {
  it('says where it was looked for', () => {
    assert.match(
      loadWith('/nowhere/herald.node'),
      /^ERR_HERALD_NATIVE the native addon is missing: looked for \/nowhere\/herald\.node \(named by HERALD_NATIVE\)/,
    )
  })

  it('says why it does not load', () => {
    const folder = mkdtempSync(join(tmpdir(), 'herald-'))
    const file = join(folder, 'herald.node')
    writeFileSync(file, 'made for another machine')
    const output = loadWith(file)
    rmSync(folder, { recursive: true })
    assert.match(output, /^ERR_HERALD_NATIVE the native addon .*herald\.node does not load on linux \S+ with Node \d+/)
  })

  it('refuses what is no handle, and options that do not fit', () => {
    const addon = native()
    const wrong = {} as unknown as Parameters<typeof addon.close>[0]
    assert.throws(() => addon.close(wrong), /not a native handle/)
    assert.throws(() => addon.packetSend(wrong, []), /not a native handle/)
    const memory = {
      slots: 64,
      slotSize: 512,
      rx: new Uint8Array(10),
      info: new Uint8Array(10),
      counters: new Uint8Array(12),
    }
    const open = (options: object) => () =>
      addon.udpOpen({ ...memory, family: 4, receiveBufferBytes: 0, onBatch: () => 0, onError: () => {}, ...options })
    assert.throws(open({}), /the buffers do not fit the slots/)
    assert.throws(open({ slots: 65 }), /the buffers do not fit the slots/)
    assert.throws(open({ slots: 0 }), /the buffers do not fit the slots/)
    assert.throws(open({ rx: 'text' }), /a Uint8Array was expected/)
    assert.throws(open({ device: 'much-too-long-a-name' }), /a string is missing or too long/)
    assert.throws(open({ localAddress: new Uint8Array(16) }), /of another family/)
  })
})

describe('a missing capability', () => {
  const refuse = (code: string) => () => {
    throw Object.assign(new Error(`${code}: not permitted, socket`), { code, syscall: 'socket' })
  }

  it('is named, with what gives it', () => {
    for (const code of ['EPERM', 'EACCES']) {
      assert.throws(
        () => withCapability('opening it', 'NET_RAW', refuse(code)),
        (error: unknown) => {
          assert.ok(error instanceof MissingCapabilityError)
          assert.equal(error.capability, 'NET_RAW')
          assert.ok(
            error.message.startsWith(`opening it needs the capability CAP_NET_RAW (${code}: not permitted, socket): `),
          )
          return true
        },
      )
    }
  })

  const remedies: [capability: 'NET_RAW' | 'NET_BIND_SERVICE', userId: number, remedy: RegExp][] = [
    ['NET_RAW', 0, /: add NET_RAW to securityContext\.capabilities\.add .* a policy or a patch/],
    ['NET_BIND_SERVICE', 0, /: add NET_BIND_SERVICE to .* speaker\.bgp\.listenPort is below 1024/],
    ['NET_RAW', 65532, /: this process is user 65532, .* speaker\.securityContext\.runAsUser, .* to 0$/],
    ['NET_BIND_SERVICE', 65532, /: this process is user 65532, /],
  ]
  for (const [capability, userId, remedy] of remedies) {
    it(`${capability}, of user ${userId}, is told of in one line that says what to change`, () => {
      const { message } = new MissingCapabilityError('opening it', capability, new Error('EPERM'), userId)
      assert.match(message, remedy)
      assert.ok(!message.includes('\n'))
    })
  }

  it('is not blamed for other errors', () => {
    assert.throws(() => withCapability('opening it', 'NET_RAW', refuse('ENODEV')), { code: 'ENODEV' })
    assert.equal(
      withCapability('opening it', 'NET_RAW', () => 7),
      7,
    )
  })
})

describe('addresses in bytes', () => {
  const table: [text: string, hex: string][] = [
    ['192.0.2.1', 'c0000201'],
    ['255.255.255.255', 'ffffffff'],
    ['2001:db8::1', '20010db8000000000000000000000001'],
    ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'f'.repeat(32)],
  ]
  for (const [text, hex] of table) {
    it(`${text} is ${hex}`, () => {
      const address = parseAddress(text)!
      assert.equal(Buffer.from(addressToBytes(address)).toString('hex'), hex)
      const padded = Buffer.concat([
        Buffer.from('aabb', 'hex'),
        Buffer.from(hex, 'hex'),
        Buffer.from('cc', 'hex'),
      ]).subarray(2)
      assert.deepEqual(addressFromBytes(address.family, padded), address)
    })
  }
})
