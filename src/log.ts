import { pino, stdSerializers, type Logger } from 'pino'

/** Where secrets can stand in what is logged. Bodies are never logged at all. */
const secretPaths = [
  'req.headers.authorization',
  'req.headers.cookie',
  'req.headers["session-id"]',
  'req.headers["order-token"]',
  'req.headers["idempotency-key"]',
  'res.headers["set-cookie"]',
  '*.password',
  '*.token',
  '*.secret',
  'password',
  'token',
  'secret',
]

/** Structured logs on standard output, one JSON object a line. */
export function createLog(level: string, destination?: { write(line: string): void }): Logger {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: secretPaths, censor: '[hidden]' },
    serializers: { err: stdSerializers.err },
  }
  return destination ? pino(options, destination) : pino(options)
}
