/** The database cannot be reached, or did not answer in time. Nothing was changed. */
export class UnavailableError extends Error {}

/**
 * The connection broke between BEGIN and COMMIT: the server has rolled back, so work may repeat.
 */
export class ConnectionLostError extends UnavailableError {}

/**
 * The connection broke while COMMIT was running: the work may be durable or lost, and only reading
 * can tell. It is never run again blindly; whoever holds an idempotency key looks its row up.
 */
export class CommitUnknownError extends Error {}

/**
 * What was read has changed before it was written, so that the guard in the write refused it. The
 * whole transaction is run again.
 */
export class StaleReadError extends Error {}

/** The schema is not one this version can work with. The message says why and what to do. */
export class SchemaError extends Error {}

/**
 * A number that JavaScript cannot hold exactly; money that is rounded silently is worse than an
 * error.
 */
export class UnsafeNumberError extends Error {}
