import { bareApp } from './app.ts'

const [file = '', port = '0', origin = '', secret = ''] = process.argv.slice(2)
const { app, database } = bareApp({ file, origin, secret })
const { promise: stopped, resolve: stop } = Promise.withResolvers<void>()
process.on('SIGINT', stop)
process.on('SIGTERM', stop)
await app.listen({ host: '127.0.0.1', port: Number(port) })
process.stdout.write('ready\n')
await stopped
await app.close()
database[Symbol.dispose]()
