import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../../lab/process.ts'

const MODULE = 'github.com/prometheus-operator/prometheus-operator@v0.85.0'

/**
 * The definitions of PodMonitor, ServiceMonitor and PrometheusRule as the Prometheus Operator installs them, in YAML. They come with its Go module,
 * which Go keeps in its cache and checks against the public checksums.
 */
export async function prometheusOperatorDefinitions(): Promise<string[]> {
  const { stdout } = await run(['go', 'mod', 'download', '-json', MODULE])
  const { Dir } = JSON.parse(stdout) as { Dir: string }
  const file = (plural: string) => join(Dir, 'example/prometheus-operator-crd', `monitoring.coreos.com_${plural}.yaml`)
  return await Promise.all(
    ['podmonitors', 'servicemonitors', 'prometheusrules'].map(name => readFile(file(name), 'utf8')),
  )
}
