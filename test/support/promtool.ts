import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { programOfPackage } from '../../lab/prerequisites.ts'
import { type RunResult, run } from '../../lab/process.ts'

/** A time series as promtool's unit tests write it: `1+2x3` means 1 3 5 7. */
export type Series = Readonly<Record<string, string>>

/** Which alerts fire after so many minutes; each with the labels that tell them apart. */
export interface AlertCase {
  readonly series: Series
  /** between two values, and between two evaluations; default 1 */
  readonly stepMinutes?: number
  readonly atMinutes: number
  readonly firing: readonly string[]
}

/** `promtool`, or undefined where it cannot be had. Debian has it in the package `prometheus`, which would start a server, too. */
export async function findPromtool(): Promise<string | undefined> {
  return await programOfPackage('prometheus', '/usr/bin/promtool')
}

/** Evaluates the rules of a PrometheusRule on the series of a case. */
export async function testAlerts(promtool: string, ruleSpec: unknown, alertCase: AlertCase): Promise<RunResult> {
  const { series, stepMinutes = 1, atMinutes, firing } = alertCase
  const folder = await mkdtemp(join(tmpdir(), 'herald-alerts-'))
  try {
    await writeFile(join(folder, 'rules.yaml'), stringify(ruleSpec))
    const expr = 'count by (alertname, family, pool, reason, pod) (ALERTS{alertstate="firing"})'
    const test = {
      rule_files: ['rules.yaml'],
      evaluation_interval: `${stepMinutes}m`,
      tests: [
        {
          interval: `${stepMinutes}m`,
          input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
          promql_expr_test: [
            {
              expr,
              eval_time: `${atMinutes}m`,
              exp_samples: firing.map(labels => ({ labels: `{${labels}}`, value: 1 })),
            },
          ],
        },
      ],
    }
    await writeFile(join(folder, 'test.yaml'), stringify(test))
    return await run([promtool, 'test', 'rules', join(folder, 'test.yaml')], { check: false })
  } finally {
    await rm(folder, { recursive: true })
  }
}
