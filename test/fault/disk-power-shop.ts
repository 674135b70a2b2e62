import { sql } from 'kysely'
import { openShopOn } from '../support/shop.ts'

/**
 * `node test/fault/disk-power-shop.ts FILE full|normal`: a shop on an SQLite file, to be watched
 * from outside. `normal` is the control: a database that does not wait for the disk.
 */
const [file = '', synchronous = 'full'] = process.argv.slice(2)
const shop = await openShopOn(`sqlite:${file}`, {}, () => Promise.resolve())
if (synchronous === 'normal') await sql`pragma synchronous = normal`.execute(shop.ctx.db.schema)
process.stdout.write(`${shop.url}\n`)
process.stdin.resume().on('end', () => process.exit())
