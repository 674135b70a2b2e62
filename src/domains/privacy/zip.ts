import { Zip, ZipDeflate } from 'fflate'

export interface ZipFile {
  readonly name: string
  readonly chunks: AsyncIterable<string> | Iterable<string>
}

/** A ZIP archive of text files, made while it is read: one chunk is held at a time. */
export async function* zipped(
  files: readonly ZipFile[],
  modifiedAt: number,
): AsyncGenerator<Uint8Array> {
  const ready: Uint8Array[] = []
  const zip = new Zip((error, chunk) => {
    if (error) throw error
    ready.push(chunk)
  })
  const encoder = new TextEncoder()
  for (const { name, chunks } of files) {
    const file = new ZipDeflate(name)
    file.mtime = modifiedAt
    zip.add(file)
    for await (const text of chunks) {
      file.push(encoder.encode(text))
      yield* ready.splice(0)
    }
    file.push(new Uint8Array(0), true)
    yield* ready.splice(0)
  }
  zip.end()
  yield* ready.splice(0)
}
