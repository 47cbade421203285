import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { renewCertificates } from '../../../src/bin/common/certificates.ts'
import type { Credentials } from '../../../src/kubernetes/credentials.ts'
import { HttpTransport } from '../../../src/kubernetes/http-transport.ts'

describe('HttpTransport over TLS', () => {
  let server: Server
  let transport: HttpTransport

  afterEach(async () => {
    transport.close()
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  })

  /** Calls a server at an address of loopback, whose certificate is for these hosts. */
  async function call(address: string, hosts: readonly string[]): Promise<number | undefined> {
    const { authorities, certificate, key } = renewCertificates(undefined, hosts, Date.now())
    server = createServer({ cert: certificate, key }, (_request, response) => void response.end())
    server.listen(0, address)
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const credentials: Credentials = {
      server: new URL(`https://${address.includes(':') ? `[${address}]` : address}:${port}`),
      namespace: 'default',
      tls: async () => tls,
      authorization: async () => undefined,
      expire: () => {},
    }
    const tls = { ca: authorities }
    transport = new HttpTransport({ credentials })
    const request = { method: 'GET', path: '/readyz', headers: {} }
    const response = await transport.send(request, new AbortController().signal)
    response.resume()
    return response.statusCode
  }

  for (const address of ['127.0.0.1', '::1']) {
    it(`takes a certificate for ${address}`, async () => {
      assert.equal(await call(address, ['api.example', '192.0.2.1', '2001:db8::1', address]), 200)
    })

    it(`takes none for others than ${address}`, async () => {
      await assert.rejects(call(address, ['api.example', '192.0.2.1', '2001:db8::1']), {
        code: 'ERR_TLS_CERT_ALTNAME_INVALID',
        message: new RegExp(`${address}.*api\\.example|${address}.*192\\.0\\.2\\.1`),
      })
    })
  }
})
