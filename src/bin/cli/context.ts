import type { Cluster } from '../../cli/cluster.ts'
import type { MigrationObjects } from '../../cli/migration-leftovers.ts'
import type { Style } from '../../cli/render/style.ts'
import type { Snapshot } from '../../cli/snapshot.ts'
import type { Invocation } from './arguments.ts'

/** What a command works with; the cluster is read when it is asked for. */
export interface Context {
  readonly invocation: Invocation
  /** of the namespace of Herald, or that of the program whose place it is to take */
  snapshot(of?: 'MetalLB'): Promise<Snapshot>
  cluster(): Promise<Cluster>
  /** in which a Service is looked for when nothing else is said */
  namespace(): Promise<string>
  /** what moving looks at beside a snapshot */
  migrationObjects(namespace: string): Promise<MigrationObjects>
  /** shows lines before the answer */
  say(lines: readonly string[]): void
  /** asks a person; undefined: nobody sits there */
  readonly ask?: (question: string) => Promise<string>
  readonly style: Style
  readonly env: NodeJS.ProcessEnv
}

/** What a command gives back: the report as data, as lines for people, and the exit code. */
export interface Answer {
  readonly report: unknown
  readonly lines: () => readonly string[]
  readonly code: number
}
