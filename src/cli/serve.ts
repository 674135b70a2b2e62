import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { buildApp } from '../app.ts'
import { configOf } from '../config/config.ts'
import { ConfigError, type RawSettings } from '../config/read.ts'
import { readSecrets } from '../config/secrets.ts'
import { createContext, type Context } from '../context.ts'
import { startJobs } from '../jobs.ts'
import { createLog } from '../log.ts'
import { prepareShop } from '../shop.ts'
import { setupCode } from '../domains/customer/setup.ts'
import { declineDemoData, demoCustomer, hasDemoData } from '../demo/load.ts'

/** Runs the shop until a signal stops it; everything opened is closed again before it returns. */
export async function serve(raw: RawSettings, args: readonly string[]): Promise<void> {
  const config = configOf(raw)
  const log = createLog(config.logLevel)
  const parts = { config, secrets: readSecrets(raw), log }
  await using ctx = await createContext(parts)
  await prepareShop(ctx)
  await chooseDemoData(ctx, args.includes('--empty') || !config.data.demo)
  const { app, health } = await buildApp(ctx)
  await using _jobs = startJobs(ctx)
  const stopped = stopSignal(ctx)
  await listen(app, ctx)
  await printWelcome(ctx)
  await stopped
  health.stopping = true
  await app.close()
  log.info('stopped')
}

async function chooseDemoData(ctx: Context, empty: boolean): Promise<void> {
  if ((await hasDemoData(ctx)) !== undefined) return
  if (empty) await declineDemoData(ctx)
  else await runDemoCommand()
}

/** In a process of its own: what loading takes of memory would stay with the server for good. */
async function runDemoCommand(): Promise<void> {
  process.stdout.write('Loading the demo catalogue …\n')
  const program = fileURLToPath(new URL('./main.ts', import.meta.url))
  const child = spawn(process.execPath, [program, 'demo'], { stdio: 'inherit' })
  const [status] = (await once(child, 'exit')) as [number | null]
  if (status !== 0) throw new Error('the demo catalogue could not be loaded')
}

async function listen(app: { listen(at: object): Promise<string> }, ctx: Context): Promise<void> {
  const { host, port } = ctx.config.server
  await app.listen({ host, port }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error
    throw new ConfigError(`Port ${port} is in use. Stop what uses it, or set PORT to another one.`)
  })
}

/** Resolves at the first signal. The second one, or the timeout, ends the process at once. */
async function stopSignal(ctx: Context): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let count = 0
  const stop = () => {
    count += 1
    if (count > 1) process.kill(process.pid, 'SIGKILL')
    ctx.log.info('stopping: running requests finish first; a second signal forces')
    const timer = setTimeout(() => {
      ctx.log.error('requests did not finish in time')
      process.kill(process.pid, 'SIGKILL')
    }, ctx.config.server.shutdownTimeoutMs)
    timer.unref()
    resolve()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  return promise
}

async function printWelcome(ctx: Context): Promise<void> {
  const { publicUrl } = ctx.config.server
  const lines = [
    `${ctx.config.store.name} is open`,
    '',
    `  Shop API        ${publicUrl}/api/v1/products`,
    `  Documentation   ${publicUrl}/docs`,
    `  OpenAPI         ${publicUrl}/openapi.json`,
    `  Health          ${publicUrl}/health/ready`,
    ...mailLines(ctx),
    ...((await hasDemoData(ctx)) ? demoLines(publicUrl) : []),
    ...setupLines(publicUrl, await setupCode(ctx)),
    '',
    '  Stop with Ctrl-C.',
    '',
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** Until there is an administrator, whoever sees this can become it. */
function setupLines(publicUrl: string, code: string | undefined): string[] {
  if (code === undefined) return []
  const call = `curl -s ${publicUrl}/api/v1/setup/administrator `
  return [
    '',
    '  Become its administrator (the code works once):',
    `  ${call}--json '{"code": "${code}", "email": "you@example.com", "password": "…"}'`,
  ]
}

/** Where the mails are that nobody gets. */
function mailLines({ config }: Context): string[] {
  if (config.mail.driver !== 'folder') return []
  if (config.mail.preview !== 'off')
    return [`  Mail            ${config.server.publicUrl}/dev/mail`]
  return [`  Mail is not sent, but kept in ${config.mail.folder} (see MAIL_DRIVER)`]
}

function demoLines(publicUrl: string): string[] {
  const { email, password } = demoCustomer
  const cart = `curl -s ${publicUrl}/api/v1/cart/items -H 'Session-ID: me' `
  return [
    '',
    `  Demo customer   ${email} / ${password}`,
    '',
    '  Put something into a cart:',
    `  ${cart}--json '{"product_id": 1, "quantity": 1}'`,
  ]
}
