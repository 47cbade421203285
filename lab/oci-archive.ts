import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { cacheDir } from './paths.ts'
import { run } from './process.ts'

export interface ImageConfig {
  Env?: string[]
  Entrypoint?: string[]
  Cmd?: string[]
  User?: string
  WorkingDir?: string
  ExposedPorts?: Record<string, object>
}

/**
 * Writes an image as an OCI archive: the tar file of an image layout (OCI Image Format 1.0), layers not compressed.
 * Equal folders give equal layers, so that images on the same base share it.
 *
 * @param reference e.g. "herald.lab/web:1"
 * @param layers folders, each of which becomes one layer, the lowest first
 */
export async function writeOciArchive(
  file: string,
  reference: string,
  layers: readonly string[],
  config: ImageConfig,
): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const work = await mkdtemp(join(cacheDir(), `building-${process.pid}-`))
  try {
    const layout = join(work, 'layout')
    await mkdir(join(layout, 'blobs/sha256'), { recursive: true })
    const layerBlobs: Blob[] = []
    for (const layer of layers) {
      const tar = join(work, 'layer.tar')
      await run([
        'tar',
        '--sort=name',
        '--mtime=@0',
        '--numeric-owner',
        '--owner=0',
        '--group=0',
        '-C',
        layer,
        '-cf',
        tar,
        '.',
      ])
      layerBlobs.push(await moveBlob(layout, tar, 'application/vnd.oci.image.layer.v1.tar'))
    }
    const image = {
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config,
      // buildah refuses a base whose history does not count its layers.
      history: layerBlobs.map(() => ({ created: '1970-01-01T00:00:00Z', created_by: 'lab' })),
      rootfs: { type: 'layers', diff_ids: layerBlobs.map(blob => blob.digest) },
    }
    const configBlob = await writeBlob(layout, work, image, 'application/vnd.oci.image.config.v1+json')
    const mediaType = 'application/vnd.oci.image.manifest.v1+json'
    const manifest = await writeBlob(
      layout,
      work,
      { schemaVersion: 2, mediaType, config: configBlob, layers: layerBlobs },
      mediaType,
    )
    // The first name is read by buildah, the second by containerd.
    const annotations = { 'org.opencontainers.image.ref.name': reference, 'io.containerd.image.name': reference }
    await writeFile(
      join(layout, 'index.json'),
      JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }),
    )
    await writeFile(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
    await run(['tar', '-C', layout, '-cf', join(work, 'archive.tar'), '.'])
    await rename(join(work, 'archive.tar'), file)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

interface Blob {
  mediaType: string
  digest: string
  size: number
}

async function writeBlob(layout: string, work: string, content: object, mediaType: string): Promise<Blob> {
  const file = join(work, 'blob.json')
  await writeFile(file, JSON.stringify(content))
  return await moveBlob(layout, file, mediaType)
}

async function moveBlob(layout: string, file: string, mediaType: string): Promise<Blob> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer)
  const digest = hash.digest('hex')
  const { size } = await stat(file)
  await rename(file, join(layout, 'blobs/sha256', digest))
  return { mediaType, digest: `sha256:${digest}`, size }
}
