import type { Context } from '../context.ts'
import { audit } from '../domains/audit/audit.ts'

/** Prints every rule as it is checked; exits with status 1 if one is broken. */
export async function auditCommand(ctx: Context): Promise<void> {
  const violations = await audit(ctx, (name, violated) =>
    process.stdout.write(`${violated ? 'BROKEN' : 'ok    '}  ${name}\n`),
  )
  for (const { rule, rows } of violations) {
    process.stdout.write(`\n${rule}:\n${rows.map((row) => `  ${JSON.stringify(row)}\n`).join('')}`)
  }
  process.stdout.write(`\n${violations.length === 0 ? 'The ledger is clean.' : 'See above.'}\n`)
  process.exitCode = violations.length === 0 ? 0 : 1
}
