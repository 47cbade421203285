import { readFile } from 'node:fs/promises'
import { Cluster } from '../../cli/cluster.ts'
import { EXIT_CODES, PROGRAM } from '../../cli/command.ts'
import { COMMANDS } from '../../cli/commands.ts'
import { commandHelp, programHelp } from '../../cli/help.ts'
import type { MigrationObjects } from '../../cli/migration-leftovers.ts'
import { createStyle } from '../../cli/render/style.ts'
import type { Snapshot } from '../../cli/snapshot.ts'
import { isApiError } from '../../kubernetes/api-error.ts'
import { type Invocation, parseArguments, UsageError } from './arguments.ts'
import { connect } from './connect.ts'
import type { Context } from './context.ts'
import { HANDLERS } from './handlers.ts'
import { NotFoundError } from './not-found.ts'
import { readMigrationObjects, readSnapshot } from './read-snapshot.ts'

/** What a command line has to do with the world. */
export interface Environment {
  readonly env: NodeJS.ProcessEnv
  out(text: string): void
  err(text: string): void
  /** standard output is a terminal */
  readonly isTerminal: boolean
  /** how wide it is */
  readonly columns?: number
  /** asks whoever sits before the terminal; undefined: standard input is none */
  readonly ask?: (question: string) => Promise<string>
  now(): Date
}

/** Runs one command line; gives the exit code. */
export async function runCli(args: readonly string[], environment: Environment): Promise<number> {
  const { out, err } = environment
  try {
    const parsed = parseArguments(args, environment.env)
    if ('help' in parsed) {
      out(parsed.help === 'all' ? programHelp(Object.values(COMMANDS)) : commandHelp(COMMANDS[parsed.help]))
      return EXIT_CODES.good
    }
    return await runCommand(parsed, environment)
  } catch (error) {
    if (error instanceof UsageError) {
      err(`${PROGRAM}: ${error.message}\nTry --help.\n`)
      return EXIT_CODES.usage
    }
    if (!isForeseen(error)) throw error
    err(`${PROGRAM}: ${error.message}\n`)
    return EXIT_CODES.unreadable
  }
}

async function runCommand(invocation: Invocation, environment: Environment): Promise<number> {
  let source: Source | undefined
  // Checking files needs no cluster: none is looked for before it is asked for.
  const open = async () => {
    source ??= await openSource(invocation, environment)
    return source
  }
  const snapshot = async (of?: 'MetalLB') => (await open()).snapshot(of)
  try {
    const context: Context = {
      ...{ invocation, snapshot, env: environment.env, ask: environment.ask },
      migrationObjects: async namespace => (await open()).migrationObjects(namespace),
      say: texts => environment.out(texts.map(text => `${text}\n`).join('')),
      cluster: async () => new Cluster(await snapshot()),
      namespace: async () => (await open()).namespace,
      style: createStyle(isColoured(invocation, environment), environment.columns),
    }
    const { report, lines, code } = await HANDLERS[invocation.command](context)
    const texts = invocation.text('output') === 'json' ? [toJson(report)] : lines()
    environment.out(texts.map(text => `${text}\n`).join(''))
    return code
  } finally {
    source?.close()
  }
}

interface Source {
  snapshot: (of?: 'MetalLB') => Promise<Snapshot>
  migrationObjects: (namespace: string) => Promise<MigrationObjects>
  /** in which Services are looked for when nothing else is said */
  namespace: string
  close: () => void
}

async function openSource(invocation: Invocation, { now, env }: Environment): Promise<Source> {
  const file = invocation.text('snapshot')
  if (file !== undefined) {
    return {
      ...{ snapshot: () => readSnapshotFile(file), migrationObjects: async () => ({}) },
      namespace: 'default',
      close: () => {},
    }
  }
  const connection = await connect({
    kubeconfig: invocation.text('kubeconfig'),
    context: invocation.text('context'),
    env,
  })
  const { client, server, namespace } = connection
  return {
    snapshot: of => {
      const given = invocation.text(of === 'MetalLB' ? 'from' : 'herald-namespace')
      const takenAt = now().toISOString()
      return readSnapshot(client, { takenAt, server, ...(given && { namespace: given }), ...(of && { of }) })
    },
    migrationObjects: of => readMigrationObjects(client, of),
    namespace,
    close: () => connection.close(),
  }
}

async function readSnapshotFile(file: string): Promise<Snapshot> {
  let value: Partial<Snapshot> | undefined
  try {
    value = JSON.parse(await readFile(file, 'utf8')) as Partial<Snapshot>
  } catch (error) {
    throw new NotFoundError(`cannot read the snapshot ${file}: ${(error as Error).message}`)
  }
  const { objects, takenAt, namespace, server = '', unread = [] } = value ?? {}
  if (typeof objects !== 'object' || typeof takenAt !== 'string' || typeof namespace !== 'string') {
    throw new NotFoundError(`${file} is not what the command snapshot writes`)
  }
  return { objects, takenAt, namespace, server, unread }
}

/** https://no-color.org */
function isColoured(invocation: Invocation, { env, isTerminal }: Environment): boolean {
  const when = invocation.text('color')
  if (when !== 'auto') return when === 'always'
  return isTerminal && !env.NO_COLOR && env.TERM !== 'dumb'
}

function isForeseen(error: unknown): error is Error {
  const bugs = [TypeError, RangeError, ReferenceError, SyntaxError]
  return isApiError(error) || (error instanceof Error && !bugs.some(kind => error instanceof kind))
}

// JSON.rawJSON (ECMAScript proposal "JSON.parse source text access") is in Node's V8, not yet in TypeScript's library.
const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON

/** Counters of IPv6 pools go beyond what a number holds. */
function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, item) => (typeof item === 'bigint' ? rawJson(String(item)) : item), 2)
}
