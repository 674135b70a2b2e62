import { migrate } from '../../src/db/migrate.ts'
import { openDatabase } from '../../src/db/open.ts'

/** One node that starts: migrates the database it is given and prints what it ran. */
await using database = await openDatabase(process.argv[2] ?? '')
console.log(JSON.stringify(await migrate(database)))
