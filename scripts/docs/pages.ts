import { settings, type Setting } from '../../src/config/settings.ts'
import { errorCatalogue } from '../../src/core/errors.ts'
import { eventTopics } from '../../src/db/events.ts'
import type { Allow } from '../../src/http/app.ts'
import { builtInRoles, permissions } from '../../src/domains/access/permissions.ts'

const note = 'Made by `npm run docs` from the source; a test fails when they differ.'

/** Text that may stand in a cell of a Markdown table. */
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

export function configurationPage(): string {
  const rows = Object.entries(settings).map(([name, setting]: [string, Setting]) => [
    `\`${name}\``,
    setting.default === '' ? '' : `\`${setting.default}\``,
    setting.help + (setting.choices ? ` One of: ${setting.choices.join(', ')}.` : ''),
  ])
  return `# Configuration

${note}

Everything is set by environment variables, or in a \`.env\` file, and read once at start.
\`npm start -- --print-config\` shows what is in force, without secrets. Flags are \`true\` or
\`false\`; lists are separated by commas.

${table(['variable', 'default', 'meaning'], rows)}
`
}

export function environmentExample(): string {
  const entries = Object.entries(settings).map(
    ([name, setting]: [string, Setting]) => `# ${setting.help}\n#${name}=${setting.default}`,
  )
  return `# ${note}\n# Nothing has to be set.\n\n${entries.join('\n\n')}\n`
}

export function errorsPage(): string {
  const rows = Object.entries(errorCatalogue).map(([code, { status, message, hint }]) => [
    `<a id="${code.toLowerCase()}"></a>\`${code}\``,
    String(status),
    message,
    hint,
  ])
  return `# Errors

${note}

Every refusal has the same form, with one of the codes below:

\`\`\`json
{
  "success": false,
  "error": {"code": "…", "message": "…", "details": {"hint": "…"}, "request_id": "…"}
}
\`\`\`

With \`Accept: application/problem+json\` it is sent as RFC 9457 problem details instead.
\`{placeholders}\` are filled in and also stand in \`details\`. 429 and 503 carry \`Retry-After\`.

${table(['code', 'status', 'message', 'what to do'], rows)}
`
}

export function permissionsPage(): string {
  const rows = Object.entries(permissions).map(([name, meaning]) => [`\`${name}\``, meaning])
  const roles = Object.entries(builtInRoles).map(([code, role]) => [
    `\`${code}\``,
    role.description,
    code === 'admin' ? 'all' : role.permissions.map((name) => `\`${name}\``).join(', '),
  ])
  return `# Permissions

${note}

Routes are closed by default: each declares \`public\` (anyone), \`shopper\` (anyone; a signed-in
customer is recognised), \`customer\` (anyone signed in, but no API key) or one of these.

${table(['permission', 'what it allows'], rows)}

## Roles

Every account has one role. These are in every shop; a shop can make its own beside them
(\`POST /api/v1/admin/roles\`). Nobody can give out a permission that they lack, or change the account
of somebody who may do more than they, and the last administrator cannot be taken away.

${table(['role', 'for', 'permissions'], roles)}
`
}

export function eventsPage(): string {
  const rows = Object.entries(eventTopics).map(([topic, { when, payload }]) => [
    `\`${topic}\``,
    when,
    payload.map((field) => `\`${field}\``).join(', '),
  ])
  return `# Events

${note}

What happens is written to the outbox in the same transaction, so no event is lost and none is
invented. Each is delivered at least once: effects must be idempotent, keyed by the event's id.

${table(['topic', 'when', 'payload'], rows)}
`
}

interface Operation {
  readonly tags?: readonly string[]
  readonly summary?: string
  readonly 'x-allow': Allow
  readonly responses?: Readonly<Record<string, { description?: string }>>
}

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

export function endpointsPage({ paths }: OpenApi): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )
  const byTag = Map.groupBy(operations, ({ operation }) => operation.tags?.[0] ?? 'Other')
  const sections = [...byTag].map(([tag, list]) => {
    const rows = list.map(({ path, method, operation }) => [
      `\`${method.toUpperCase()} ${path}\``,
      operation.summary ?? '',
      accessOf(operation),
      codesOf(operation),
    ])
    return `## ${tag}\n\n${table(['endpoint', 'what it does', 'sign-in', 'may refuse with'], rows)}`
  })
  return `# Endpoints

${note} Bodies, parameters and examples are in the OpenAPI document: \`/openapi.json\`, readable at
\`/docs\` of a running shop.

${sections.join('\n\n')}
`
}

function accessOf({ 'x-allow': allow }: Operation): string {
  if (allow === 'public') return 'none'
  if (allow === 'shopper') return 'optional'
  return allow === 'customer' ? 'required' : `\`${allow}\``
}

function codesOf({ responses = {} }: Operation): string {
  return Object.entries(responses)
    .filter(([status]) => Number(status) >= 400)
    .map(([, { description = '' }]) => description)
    .join(', ')
}
