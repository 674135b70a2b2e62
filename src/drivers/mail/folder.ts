import { randomUUID } from 'node:crypto'
import { access, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { composed, nodemailer } from './compose.ts'
import { isMailId, type MailAddress, type MailDriver, type MailMessage } from './driver.ts'

export interface FolderMailOptions {
  readonly folder: string
  readonly from: MailAddress
  /** The oldest ones make room; while several are written at once there may be a few more. */
  readonly keptMax?: number
}

/** What is known of a message in the folder, beside the message itself. */
export interface FiledMail extends MailMessage {
  readonly from: MailAddress
  /** UTC milliseconds. */
  readonly at: number
}

/**
 * Sends nothing: each message becomes a file `<id>.eml` (RFC 5322), which any mail program opens,
 * and beside it `<id>.json` with its parts, for the page that shows them. Both are readable by
 * their owner alone, since mails hold links that open accounts.
 */
export function folderMail({ folder, from, keptMax = 1_000 }: FolderMailOptions): MailDriver {
  let roomFor = 0
  return {
    code: 'folder',
    async send(message) {
      const options = composed(message, from)
      const file = join(folder, `${message.id}.eml`)
      await mkdir(folder, { recursive: true, mode: 0o700 })
      if (await isThere(file)) return
      if (roomFor <= 0) roomFor = await makeRoom(folder, keptMax)
      roomFor -= 1
      const filed: FiledMail = { ...message, from, at: Date.now() }
      await writeWhole(join(folder, `${message.id}.json`), JSON.stringify(filed))
      await writeWhole(file, await written(options))
    },
    forget: (addresses) => removeMailsTo(folder, addresses),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

async function removeMailsTo(folder: string, addresses: readonly string[]): Promise<void> {
  const known = new Set(addresses.map((address) => address.toLowerCase()))
  // One file after the other: there are a thousand at most, and nobody waits.
  for (const id of await listMails(folder)) {
    const mail = await readMail(folder, id)
    if (mail && known.has(mail.to.toLowerCase())) await removeMail(folder, id)
  }
}

async function removeMail(folder: string, id: string): Promise<void> {
  for (const ending of ['eml', 'json']) await rm(join(folder, `${id}.${ending}`), { force: true })
}

async function written(options: ReturnType<typeof composed>): Promise<string | Buffer> {
  const { createTransport } = await nodemailer()
  const transport = createTransport({ streamTransport: true, buffer: true, newline: 'windows' })
  const { message } = await transport.sendMail(options)
  return message as Buffer
}

/** Whoever reads the folder meanwhile sees all of a file or none of it. */
async function writeWhole(file: string, content: string | Buffer): Promise<void> {
  const draft = `${file}.${randomUUID()}.draft`
  await writeFile(draft, content, { mode: 0o600 })
  await rename(draft, file)
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}

/** Ids sort by time. Removes a tenth at once, so that this is done now and then only. */
async function makeRoom(folder: string, keptMax: number): Promise<number> {
  const ids = await listMails(folder)
  const kept = keptMax - Math.ceil(keptMax / 10)
  for (const id of ids.slice(kept)) await removeMail(folder, id)
  return keptMax - Math.min(ids.length, kept)
}

/** The ids of the messages in the folder, newest first; none if there is no folder yet. */
export async function listMails(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(emptyIfAbsent)
  const found = names.filter((name) => name.endsWith('.eml')).map((name) => name.slice(0, -4))
  return found.toSorted().toReversed()
}

function emptyIfAbsent(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return []
  throw error
}

/** One message of the folder; undefined if there is none with this id, or not any more. */
export async function readMail(folder: string, id: string): Promise<FiledMail | undefined> {
  if (!isMailId(id)) return undefined
  try {
    return JSON.parse(await readFile(join(folder, `${id}.json`), 'utf8')) as FiledMail
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return undefined
  }
}
