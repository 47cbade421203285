import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import {
  type AdmissionRequest,
  answerAdmission,
  readAdmissionReview,
  type Verdict,
} from '../../admission/admission-review.ts'
import { answerConversion } from '../../admission/conversion-review.ts'
import type { Clock } from '../../io/clock.ts'
import type { Logger } from '../../kubernetes/logger.ts'
import type { CertificateSet } from '../common/certificates.ts'
import { listenOn } from '../common/health-server.ts'

export interface WebhookServerComponents {
  decide: (request: AdmissionRequest) => Verdict
  clock: Pick<Clock, 'setTimer'>
  logger: Logger
}

/** Several objects of the greatest size that the API server keeps, in two versions each. */
const LONGEST_BODY_BYTES = 16 * 1024 * 1024

/**
 * The stores are a watch behind the API server. What seems wrong beside an object that was deleted or changed a moment ago is looked at again
 * before it is refused.
 */
const SECOND_LOOK_MS = 250

/** Where the API server's certificate-checked questions go: POST of reviews to two paths, and a GET for whoever wants to know whether it is there. */
export class WebhookServer {
  readonly #components: WebhookServerComponents
  readonly #init: { host: string; port: number }
  #server: Server | undefined
  #presented: CertificateSet | undefined

  constructor(components: WebhookServerComponents, init: { host: string; port: number }) {
    this.#components = components
    this.#init = init
  }

  /** the certificates that it answers with; undefined while it does not listen */
  get presented(): CertificateSet | undefined {
    return this.#server?.listening ? this.#presented : undefined
  }

  /** the port that it listens on */
  get port(): number | undefined {
    const bound = this.#server?.address()
    return typeof bound === 'object' && bound ? bound.port : undefined
  }

  /**
   * Presents these certificates from the next connection on; begins to listen with the first ones.
   *
   * @throws when the address cannot be bound
   */
  async present(certificates: CertificateSet): Promise<void> {
    const { certificate: cert, key } = certificates
    this.#presented = certificates
    if (this.#server) {
      this.#server.setSecureContext({ cert, key, minVersion: 'TLSv1.2' })
      return
    }
    const server = createServer({ cert, key, minVersion: 'TLSv1.2' }, (request, response) => {
      void this.#answer(request, response)
    })
    server.headersTimeout = 5_000
    server.requestTimeout = 15_000
    server.maxConnections = 256
    const { host, port } = this.#init
    await listenOn(server, port, host)
    this.#server = server
    this.#components.logger.info({ port: this.port }, 'webhook listens')
  }

  async stop(): Promise<void> {
    const server = this.#server
    if (!server?.listening) return
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = ''] = (request.url ?? '').split('?', 1)
    try {
      if (request.method === 'GET' && path === '/readyz') return reply(response, 200, 'ok')
      const review = Object.hasOwn(this.#reviews, path) ? this.#reviews[path] : undefined
      if (!review) return reply(response, 404, 'not found')
      if (request.method !== 'POST') return reply(response, 405, 'method not allowed')
      const body = await readJson(request)
      const answer = 'problem' in body ? body : await review(body.json)
      if ('problem' in answer) return reply(response, 400, `the body ${answer.problem}`)
      reply(response, 200, JSON.stringify(answer.review), 'application/json')
    } catch (err) {
      // A client that went away is no mistake of ours.
      if (response.destroyed) return
      this.#components.logger.error({ path, err }, 'webhook request failed')
      reply(response, 500, 'internal error')
    }
  }

  readonly #reviews: Readonly<Record<string, (body: unknown) => Promise<{ review: object } | { problem: string }>>> = {
    '/validate': async body => {
      const read = readAdmissionReview(body)
      if ('problem' in read) return read
      return { review: answerAdmission(read.request.uid, await this.#decide(read.request)) }
    },
    '/convert': async body => answerConversion(body),
  }

  async #decide(request: AdmissionRequest): Promise<Verdict> {
    const { decide, clock, logger } = this.#components
    const first = decide(request)
    if (first.refusal === undefined) return first
    await new Promise<void>(resolve => void clock.setTimer(resolve, SECOND_LOOK_MS))
    const second = decide(request)
    const { operation, kind, namespace, name } = request
    if (second.refusal !== undefined) {
      logger.info({ operation, kind, namespace, name, refusal: second.refusal }, 'write refused')
    }
    return second
  }
}

function reply(
  response: ServerResponse,
  status: number,
  body: string,
  contentType = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, { 'content-type': contentType })
  response.end(body)
}

async function readJson(request: IncomingMessage): Promise<{ json: unknown } | { problem: string }> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > LONGEST_BODY_BYTES) return { problem: `is longer than ${LONGEST_BODY_BYTES} bytes` }
    chunks.push(chunk)
  }
  try {
    return { json: JSON.parse(Buffer.concat(chunks).toString('utf8')) }
  } catch {
    return { problem: 'is not JSON' }
  }
}
