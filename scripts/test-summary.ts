interface TestEvent {
  readonly type: string
  readonly data: {
    readonly name?: string
    readonly skip?: boolean | string
    readonly todo?: boolean | string
    readonly details?: { readonly type?: string }
  }
}

/** A reporter for `node --test`: names what was skipped, then one line, `N passed, N failed`. */
export default async function* summary(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  let passed = 0
  let failed = 0
  const skipped: string[] = []
  for await (const { type, data } of source) {
    if (data.details?.type === 'suite') continue
    if (type !== 'test:pass' && type !== 'test:fail') continue
    const reason = data.skip ?? data.todo
    if (reason !== undefined && reason !== false) {
      skipped.push(`${data.name ?? ''}: ${String(reason)}`)
    } else if (type === 'test:pass') passed += 1
    else failed += 1
  }
  yield* skipped.map((name) => `skipped: ${name}\n`)
  const rest = skipped.length > 0 ? `, ${skipped.length} skipped` : ''
  yield `${passed} passed, ${failed} failed${rest}\n`
}
