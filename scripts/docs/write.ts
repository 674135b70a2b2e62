import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildApp } from '../../src/app.ts'
import { configOf } from '../../src/config/config.ts'
import { readSettings } from '../../src/config/read.ts'
import { createContext } from '../../src/context.ts'
import { createLog } from '../../src/log.ts'
import {
  configurationPage,
  endpointsPage,
  environmentExample,
  errorsPage,
  eventsPage,
  permissionsPage,
  type OpenApi,
} from './pages.ts'

/** Every generated file, by its path in the project. */
export async function generatedPages(): Promise<Record<string, string>> {
  return {
    '.env.example': environmentExample(),
    'docs/configuration.md': configurationPage(),
    'docs/errors.md': errorsPage(),
    'docs/permissions.md': permissionsPage(),
    'docs/events.md': eventsPage(),
    'docs/endpoints.md': endpointsPage(await openApiDocument()),
  }
}

async function openApiDocument(): Promise<OpenApi> {
  const folder = await mkdtemp(join(tmpdir(), 'cartwright-docs-'))
  try {
    await using ctx = await createContext({
      config: configOf(readSettings({ DATA_DIR: folder })),
      secrets: { jwt: '', cookie: '' },
      log: createLog('silent'),
    })
    const { app } = await buildApp(ctx)
    const document = app.swagger() as unknown as OpenApi
    await app.close()
    return document
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

if (process.argv[1] === import.meta.filename) {
  const root = join(import.meta.dirname, '..', '..')
  for (const [path, text] of Object.entries(await generatedPages())) {
    await writeFile(join(root, path), text)
    process.stdout.write(`${path}\n`)
  }
}
