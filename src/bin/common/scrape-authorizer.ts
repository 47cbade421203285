import { createHash } from 'node:crypto'
import type { Clock } from '../../io/clock.ts'
import type { ApiClient } from '../../kubernetes/client.ts'
import type { Logger } from '../../kubernetes/logger.ts'
import type { KubernetesObject, Resource } from '../../kubernetes/resources.ts'
import type { Answer } from './health-server.ts'

const review = (group: string, plural: string, kind: string): Resource => ({
  ...{ group: `${group}.k8s.io`, version: 'v1', plural, kind, namespaced: false },
})
const tokenReviews = review('authentication', 'tokenreviews', 'TokenReview')
const subjectAccessReviews = review('authorization', 'subjectaccessreviews', 'SubjectAccessReview')

interface TokenReview extends KubernetesObject {
  spec: { token: string }
  status?: { authenticated?: boolean; user?: { username?: string; uid?: string; groups?: string[]; extra?: object } }
}

interface SubjectAccessReview extends KubernetesObject {
  spec: object
  status?: { allowed?: boolean }
}

/** How long an answer of the API server counts. A right that is taken away ends after the first. */
const ALLOWED_FOR_MS = 60_000
const REFUSED_FOR_MS = 10_000

/** While the API server does not answer, metrics are wanted most: who was allowed last goes on reading for so long. */
const ALLOWED_WITHOUT_API_SERVER_MS = 600_000

/** Somebody without any right must not make us ask the API server over and over. */
const CONCURRENT_QUESTIONS = 4
const ANSWERS_KEPT = 128

export interface ScrapeAuthorizerComponents {
  client: Pick<ApiClient, 'create'>
  clock: Pick<Clock, 'monotonicMs'>
  logger: Logger
}

interface Known {
  /** undefined: allowed */
  readonly refusal: Answer | undefined
  readonly atMs: number
}

/**
 * Lets those read who may: whose bearer token the API server knows (TokenReview), and who has the right to `get` the path
 * (SubjectAccessReview), as the control plane's own components do it.
 */
export class ScrapeAuthorizer {
  readonly #components: ScrapeAuthorizerComponents
  readonly #path: string
  /** by the hash of the token: no token is kept */
  readonly #known = new Map<string, Known>()
  readonly #questions = new Map<string, Promise<Answer | undefined>>()

  constructor(components: ScrapeAuthorizerComponents, { path }: { path: string }) {
    this.#components = components
    this.#path = path
  }

  /**
   * Why a request is turned away; undefined: it is not.
   *
   * @param authorization the request's header of that name
   */
  async refusal(authorization: string | undefined): Promise<Answer | undefined> {
    // RFC 6750 §2.1
    const token = /^Bearer +([\w.~+/-]+=*)$/i.exec(authorization ?? '')?.[1]
    if (!token) return UNAUTHENTICATED
    const key = createHash('sha256').update(token).digest('base64')
    const known = this.#known.get(key)
    const ageMs = known ? this.#components.clock.monotonicMs() - known.atMs : Number.POSITIVE_INFINITY
    if (known && ageMs < (known.refusal ? REFUSED_FOR_MS : ALLOWED_FOR_MS)) return known.refusal
    try {
      return await this.#question(key, token)
    } catch (error) {
      if (known && !known.refusal && ageMs < ALLOWED_WITHOUT_API_SERVER_MS) return undefined
      if (error instanceof TooManyQuestions) return UNDECIDED
      this.#components.logger.warn({ error }, 'cannot check who reads the metrics')
      return UNDECIDED
    }
  }

  async #question(key: string, token: string): Promise<Answer | undefined> {
    const underWay = this.#questions.get(key)
    if (underWay) return await underWay
    if (this.#questions.size >= CONCURRENT_QUESTIONS) throw new TooManyQuestions()
    const question = this.#ask(token)
    this.#questions.set(key, question)
    try {
      const refusal = await question
      this.#remember(key, { refusal, atMs: this.#components.clock.monotonicMs() })
      return refusal
    } finally {
      this.#questions.delete(key)
    }
  }

  async #ask(token: string): Promise<Answer | undefined> {
    const { client } = this.#components
    const { status } = await client.create<TokenReview>(tokenReviews, { spec: { token } })
    const user = status?.authenticated ? status.user : undefined
    if (!user) return UNAUTHENTICATED
    const spec = {
      ...{ user: user.username, uid: user.uid, groups: user.groups, extra: user.extra },
      nonResourceAttributes: { path: this.#path, verb: 'get' },
    }
    const answer = await client.create<SubjectAccessReview>(subjectAccessReviews, { spec })
    if (answer.status?.allowed) return undefined
    return { status: 403, body: `${user.username} has no right to get the nonResourceURL ${this.#path}\n` }
  }

  #remember(key: string, answer: Known): void {
    this.#known.delete(key)
    this.#known.set(key, answer)
    // A map gives its keys in the order in which they were set.
    const [oldest] = this.#known.keys()
    if (this.#known.size > ANSWERS_KEPT && oldest !== undefined) this.#known.delete(oldest)
  }
}

class TooManyQuestions extends Error {}

const UNAUTHENTICATED: Answer = {
  status: 401,
  body: 'a bearer token is needed that the API server knows\n',
  headers: { 'www-authenticate': 'Bearer' },
}
const UNDECIDED: Answer = { status: 503, body: 'the API server cannot be asked who you are; try again\n' }
