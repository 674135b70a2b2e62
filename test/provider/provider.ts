import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { makeFolder } from '../support/server-process.ts'
import type { Behaviour } from './faults.ts'
import { readEntries, type Entry } from './ledger.ts'
import { readStripeEntries } from './stripe/store.ts'

/** The fake provider in a process of its own, and what its books say. */
export interface Provider extends AsyncDisposable {
  readonly url: string
  readonly kind: ProviderKind
  /** How it behaves from now on; `{}` is well. */
  behave(behaviour: Behaviour): Promise<void>
  /** Everything that happened to money, in order. */
  entries(): Entry[]
  /** Kills it at once; its books remain. */
  kill(): Promise<void>
  /** Starts it again under the same address. */
  restart(): Promise<void>
}

interface Kind {
  readonly program: string
  readonly entries: (file: string) => Entry[]
}

const kinds = {
  http: { program: join(import.meta.dirname, 'main.ts'), entries: readEntries },
  stripe: {
    program: join(import.meta.dirname, 'stripe', 'main.ts'),
    entries: readStripeEntries,
  },
} satisfies Record<string, Kind>

export type ProviderKind = keyof typeof kinds

export async function startProvider(kind: ProviderKind = 'http'): Promise<Provider> {
  const { program, entries } = kinds[kind]
  const folder = await makeFolder('provider')
  const file = join(folder, 'charges.jsonl')
  const launch = (port: string) => launchAt(program, file, port)
  let { child, url } = await launch('0')
  return {
    url,
    async behave(behaviour) {
      const body = JSON.stringify(behaviour)
      await (await fetch(`${url}/behaviour`, { method: 'PUT', body })).arrayBuffer()
    },
    kind,
    entries: () => entries(file),
    kill: () => end(child),
    async restart() {
      await end(child)
      ;({ child, url } = await launch(new URL(url).port))
    },
    async [Symbol.asyncDispose]() {
      await end(child)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function launchAt(
  program: string,
  file: string,
  port: string,
): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [program, file, port], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface(child.stdout)
  const [url] = (await once(lines, 'line')) as [string]
  return { child, url }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

/** What the books say of each key: how often it was charged and given back, and the balance. */
export interface Account {
  readonly charged: number
  readonly refunded: number
  readonly balanceMinor: number
}

export function accounts(entries: readonly Entry[]): Map<string, Account> {
  const found = new Map<string, Account>()
  for (const { key, what, amount } of entries) {
    const { charged, refunded, balanceMinor } = found.get(key) ?? {
      charged: 0,
      refunded: 0,
      balanceMinor: 0,
    }
    found.set(key, {
      charged: charged + (what === 'charged' ? 1 : 0),
      refunded: refunded + (what === 'refunded' ? 1 : 0),
      balanceMinor:
        balanceMinor + (what === 'charged' ? amount : 0) - (what === 'refunded' ? amount : 0),
    })
  }
  return found
}
