import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, Server } from 'node:net'
import sinon from 'sinon'
import { type HttpServer, readiness, startHttp } from '../../../../src/bin/common/health-server.ts'

describe('health server', () => {
  let server: HttpServer
  let synced = false
  const get = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${server.port}${path}`, { method })

  before(async () => {
    const routes = {
      '/readyz': readiness({ 'stores have synced': () => synced, 'link thread lives': () => true }),
      '/broken': () => {
        throw new Error('out of order')
      },
    }
    server = await startHttp({ host: '127.0.0.1', port: 0, routes })
  })
  after(() => server.stop())

  it('says what is not ready, until it is', async () => {
    const before = await get('/readyz')
    assert.equal(before.status, 503)
    assert.equal(await before.text(), 'not ready: stores have synced\n')
    synced = true
    const after = await get('/readyz?verbose')
    assert.equal(after.status, 200)
    assert.equal(await after.text(), 'ok\n')
  })

  const rows: [what: string, path: string, method: string, status: number][] = [
    ['an unknown path', '/metrics', 'GET', 404],
    ['the name of an inherited property', '/constructor', 'GET', 404],
    ['another method', '/readyz', 'POST', 405],
    ['a route that fails', '/broken', 'GET', 500],
  ]
  for (const [what, path, method, status] of rows) {
    it(`answers ${what} with ${status}`, async () => assert.equal((await get(path, method)).status, status))
  }

  it('answers whatever path a client sends, and lives on', async () => {
    for (const path of ['//', '//%', '/?//', '*', 'http://', '/healthz#']) {
      const socket = connect(server.port, '127.0.0.1')
      socket.end(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)
      const [head] = await once(socket, 'data')
      assert.match(String(head), /^HTTP\/1\.1 404 /, path)
    }
    assert.equal((await get('/readyz')).status, 200)
  })

  it('listens by IPv4 where the kernel has no IPv6', async () => {
    const { listen } = Server.prototype
    const hosts: unknown[] = []
    const stub = sinon.stub(Server.prototype, 'listen').callsFake(function (this: Server, ...args: unknown[]) {
      hosts.push(args[1])
      if (args[1] !== '::') return listen.apply(this, args as Parameters<typeof listen>)
      const error = Object.assign(new Error('address family not supported'), { code: 'EAFNOSUPPORT' })
      setImmediate(() => this.emit('error', error))
      return this
    } as typeof listen)
    try {
      await (await startHttp({ host: '::', port: 0, routes: {} })).stop()
    } finally {
      stub.restore()
    }
    assert.deepEqual(hosts, ['::', '0.0.0.0'])
  })

  it('names the address that it cannot listen on', async () => {
    await assert.rejects(
      startHttp({ host: '127.0.0.1', port: server.port, routes: {} }),
      new RegExp(`cannot listen on 127.0.0.1, port ${server.port}: .*EADDRINUSE`),
    )
  })

  it('frees the port when stopped, also while a client holds a connection open', async () => {
    const other = await startHttp({ host: '127.0.0.1', port: 0, routes: { '/': () => ({ status: 200, body: '' }) } })
    await fetch(`http://127.0.0.1:${other.port}/`)
    await other.stop()
    await assert.rejects(fetch(`http://127.0.0.1:${other.port}/`))
  })
})
