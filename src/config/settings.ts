import { documentSettings } from './document-settings.ts'

export type SettingKind = 'text' | 'integer' | 'flag' | 'ratio' | 'list' | 'choice'

export interface Setting {
  readonly kind: SettingKind
  readonly default: string
  readonly help: string
  readonly choices?: readonly string[]
  readonly min?: number
  readonly max?: number
  /** Never printed. */
  readonly secret?: boolean
}

const perMinute = { kind: 'integer', min: 1, max: 1_000_000_000 } as const

/**
 * Every environment variable. `.env.example` and docs/configuration.md are made from this table.
 */
export const settings = {
  HOST: { kind: 'text', default: '0.0.0.0', help: 'Address to listen on.' },
  PORT: { kind: 'integer', default: '5005', min: 0, max: 65_535, help: 'Port to listen on.' },
  PUBLIC_URL: {
    kind: 'text',
    default: '',
    help: 'The address under which shoppers reach this server; empty: http://localhost:PORT.',
  },
  DATA_DIR: {
    kind: 'text',
    default: './data',
    help: 'The one folder in which everything is kept: database, generated secrets, unsent mails.',
  },
  DATABASE_URL: {
    kind: 'text',
    default: '',
    help:
      'sqlite:path/to/file, sqlite::memory:, postgres://user:password@host/database or ' +
      'mysql://user:password@host/database (MariaDB too; ?sslmode=verify-full for TLS); ' +
      'empty: sqlite:DATA_DIR/shop.db.',
  },
  DB_POOL_SIZE: {
    kind: 'integer',
    default: '20',
    min: 2,
    max: 1_000,
    help: 'Connections to PostgreSQL or MySQL kept by one process.',
  },
  DB_POOL_WAIT_MS: {
    kind: 'integer',
    default: '5000',
    min: 10,
    max: 60_000,
    help: 'How long a request waits for a free database connection before it is answered 503.',
  },
  DB_LOCK_TIMEOUT_MS: {
    kind: 'integer',
    default: '3000',
    min: 10,
    max: 60_000,
    help: 'How long a statement waits for a lock; MySQL counts in whole seconds.',
  },
  DB_STATEMENT_TIMEOUT_MS: {
    kind: 'integer',
    default: '15000',
    min: 100,
    max: 600_000,
    help: 'How long one statement may run; on MySQL 8 this limits reads only.',
  },
  DB_IDLE_TRANSACTION_TIMEOUT_MS: {
    kind: 'integer',
    default: '15000',
    min: 1_000,
    max: 600_000,
    help: 'How long an open transaction may stay silent before the database ends it.',
  },
  DEMO_DATA: {
    kind: 'flag',
    default: 'true',
    help: 'Load the demo catalogue and demo customers at the first start of an empty shop.',
  },
  STORE_NAME: { kind: 'text', default: 'Cartwright', help: 'The name of the shop.' },
  STORE_CURRENCY: {
    kind: 'text',
    default: 'USD',
    help: 'ISO 4217 code; fixed once the shop has a product.',
  },
  STORE_COUNTRY: {
    kind: 'text',
    default: '',
    help:
      'Where the shop is, ISO 3166-1 alpha-2: carts without an address are taxed as if they went ' +
      'there, and VAT ids of other countries may free from VAT; empty: nowhere in particular.',
  },
  ORDER_NUMBER_FORMAT: {
    kind: 'text',
    default: '{number}',
    help:
      'How orders are called, such as CW-{year}-{number:6}: {number} once (:6 fills it up with ' +
      'zeros), {year}, {month}, {day}, letters, digits, . _ and -.',
  },
  ...documentSettings,
  TAX_RATE: {
    kind: 'ratio',
    default: '8.25%',
    help: 'The tax rate wherever no tax zone is; as a percentage or a decimal, exact.',
  },
  TAX_INCLUSIVE: { kind: 'flag', default: 'false', help: 'Prices already include the tax.' },
  TAX_ON_SHIPPING: { kind: 'flag', default: 'false', help: 'Shipping is taxed too.' },
  PAYMENT_METHODS: {
    kind: 'list',
    default: 'manual,test',
    help: 'Offered payment methods; "test", which moves no money, never with PRODUCTION=true.',
  },
  PAYMENT_CAPTURE: {
    kind: 'choice',
    default: 'now',
    choices: ['now', 'later'],
    help:
      'When the money of an order is collected: at once, or "later" by staff (it is only set ' +
      'aside at the checkout).',
  },
  STRIPE_SECRET_KEY: {
    kind: 'text',
    default: '',
    secret: true,
    help: 'For the payment method "stripe": the secret key of the account, sk_… or rk_….',
  },
  STRIPE_PUBLISHABLE_KEY: {
    kind: 'text',
    default: '',
    help: 'Given to clients that pay by "stripe", for Stripe.js: pk_….',
  },
  STRIPE_WEBHOOK_SECRET: {
    kind: 'text',
    default: '',
    secret: true,
    help: 'By what events of Stripe are known to be its own: whsec_…; empty: none are taken.',
  },
  STRIPE_API_URL: {
    kind: 'text',
    default: 'https://api.stripe.com',
    help: 'Where Stripe’s API is; another address is for tests and proxies.',
  },
  STRIPE_TIMEOUT_MS: {
    kind: 'integer',
    default: '20000',
    min: 50,
    max: 80_000,
    help: 'How long Stripe may take to answer; after it the outcome is asked for later.',
  },
  PAYMENT_HTTP_WEBHOOK_SECRET: {
    kind: 'text',
    default: '',
    secret: true,
    help: 'By what events of that provider are known to be its own; empty: none are taken.',
  },
  PAYMENT_HTTP_URL: {
    kind: 'text',
    default: '',
    help: 'Where the provider of the payment method "http" is: https://pay.example.com/v1.',
  },
  PAYMENT_HTTP_TOKEN: {
    kind: 'text',
    default: '',
    secret: true,
    help: 'Sent to that provider as a bearer token; empty: none.',
  },
  PAYMENT_HTTP_TIMEOUT_MS: {
    kind: 'integer',
    default: '10000',
    min: 50,
    max: 60_000,
    help: 'How long that provider may take to answer; after it the outcome is asked for later.',
  },
  RETURN_WINDOW_DAYS: {
    kind: 'integer',
    default: '30',
    min: 0,
    max: 36_500,
    help: 'How long after their arrival customers may ask to return goods; 0: for ever.',
  },
  MAIL_DRIVER: {
    kind: 'choice',
    default: 'folder',
    choices: ['folder', 'smtp', 'none'],
    help: 'How mails leave: smtp sends them, folder keeps them in DATA_DIR/mail, none drops them.',
  },
  MAIL_FROM: {
    kind: 'text',
    default: '',
    help: 'Whom mails come from: shop@example.com or "My shop <shop@example.com>".',
  },
  STOCK_ALERTS_TO: {
    kind: 'text',
    default: '',
    help: 'The address that hears of articles that come down to their threshold; empty: none.',
  },
  MAIL_PREVIEW: {
    kind: 'choice',
    default: 'auto',
    choices: ['auto', 'on', 'off'],
    help:
      'Show the mails in the folder at /dev/mail, never in production; auto: to this machine, ' +
      'while PUBLIC_URL is on it; on: to everybody.',
  },
  SMTP_URL: {
    kind: 'text',
    default: '',
    secret: true,
    help: 'The mail server: smtp://user:password@host:587, or smtps://user:password@host:465.',
  },
  SMTP_TLS: {
    kind: 'choice',
    default: 'auto',
    choices: ['auto', 'required', 'off'],
    help: 'Encryption to a server at smtp://; auto: required, but for one on this machine.',
  },
  SMTP_TIMEOUT_MS: {
    kind: 'integer',
    default: '10000',
    min: 100,
    max: 60_000,
    help: 'How long the mail server may take for one mail; after it the mail is tried again.',
  },
  HOLD_MINUTES: {
    kind: 'integer',
    default: '15',
    min: 1,
    max: 1_440,
    help: 'How long stock stays reserved for an order whose payment is pending.',
  },
  RECONCILE_AFTER_SECONDS: {
    kind: 'integer',
    default: '30',
    min: 1,
    max: 3_600,
    help: 'A payment pending for longer is looked up at its provider.',
  },
  CART_DAYS: {
    kind: 'integer',
    default: '30',
    min: 1,
    max: 3_650,
    help: 'A cart untouched for longer expires.',
  },
  IDEMPOTENCY_HOURS: {
    kind: 'integer',
    default: '24',
    min: 1,
    max: 720,
    help: 'How long the answer to an Idempotency-Key is kept.',
  },
  ACCESS_TOKEN_SECONDS: {
    kind: 'integer',
    default: '900',
    min: 60,
    max: 86_400,
    help: 'How long an access token is valid.',
  },
  REFRESH_TOKEN_DAYS: {
    kind: 'integer',
    default: '7',
    min: 1,
    max: 365,
    help: 'A session that is not used for longer ends.',
  },
  SESSION_DAYS: {
    kind: 'integer',
    default: '90',
    min: 1,
    max: 3_650,
    help: 'The greatest age of a session, however much it is used.',
  },
  REFRESH_GRACE_SECONDS: {
    kind: 'integer',
    default: '10',
    min: 0,
    max: 60,
    help: 'How long a used refresh token gives the same successor again, for tabs that race.',
  },
  JWT_ALGORITHM: {
    kind: 'choice',
    default: 'EdDSA',
    choices: ['EdDSA', 'HS256'],
    help: 'What access tokens are signed with; others can check EdDSA by /.well-known/jwks.json.',
  },
  SIGNING_KEY_DAYS: {
    kind: 'integer',
    default: '30',
    min: 1,
    max: 3_650,
    help: 'How old the key that signs access tokens may get; then a new one is made.',
  },
  STAFF_SECOND_FACTOR: {
    kind: 'choice',
    default: 'auto',
    choices: ['auto', 'required', 'offered'],
    help:
      'required: who has a role may use it only with a second factor (TOTP) or after signing in ' +
      'by passkey; auto: required in production, offered elsewhere.',
  },
  REGISTRATION: {
    kind: 'choice',
    default: 'open',
    choices: ['open', 'confirmed'],
    help:
      'open: an account works at once, and a taken e-mail address is refused; confirmed: it ' +
      'works after a mailed link was followed, and nobody learns which addresses have accounts.',
  },
  OIDC_ISSUER: {
    kind: 'text',
    default: '',
    help:
      'The OpenID Connect provider by which people may sign in, such as ' +
      'https://accounts.example.com; empty: none.',
  },
  OIDC_CLIENT_ID: {
    kind: 'text',
    default: '',
    help: 'Under which name that provider knows this shop.',
  },
  OIDC_CLIENT_SECRET: {
    kind: 'text',
    default: '',
    secret: true,
    help: 'The secret that goes with it; empty: a public client.',
  },
  OIDC_NAME: {
    kind: 'text',
    default: 'Single sign-on',
    help: 'What people call that provider; shown to them.',
  },
  OIDC_SCOPES: {
    kind: 'list',
    default: 'openid,profile,email',
    help: 'What the provider is asked for; openid always is.',
  },
  OIDC_TIMEOUT_MS: {
    kind: 'integer',
    default: '5000',
    min: 50,
    max: 60_000,
    help: 'How long that provider may take for each answer.',
  },
  JWT_SECRET: {
    kind: 'text',
    default: '',
    secret: true,
    help:
      'Seals signing keys and other secrets in the database, at least 32 characters; ' +
      'empty: made once, in DATA_DIR/secrets.json.',
  },
  COOKIE_SECRET: {
    kind: 'text',
    default: '',
    secret: true,
    help: 'Signs cart cookies and order tokens, 32 characters or more; empty: made once, as above.',
  },
  COOKIE_SECURE: {
    kind: 'choice',
    default: 'auto',
    choices: ['auto', 'true', 'false'],
    help: 'Send cookies over HTTPS only; auto: when PUBLIC_URL is https.',
  },
  HSTS: {
    kind: 'choice',
    default: 'auto',
    choices: ['auto', 'host', 'off'],
    help:
      'Tell browsers to use HTTPS alone for a year, when PUBLIC_URL is https; auto: with all ' +
      'hosts below that one; host: without.',
  },
  CORS_ORIGINS: {
    kind: 'list',
    default: '',
    help: 'Origins whose pages may call the API with cookies, such as http://localhost:3000.',
  },
  TRUST_PROXY: {
    kind: 'list',
    default: '',
    help: 'Addresses of reverse proxies whose X-Forwarded-* headers are believed.',
  },
  BODY_LIMIT_BYTES: {
    kind: 'integer',
    default: '1048576',
    min: 1_024,
    max: 104_857_600,
    help: 'Largest request body.',
  },
  REQUEST_TIMEOUT_MS: {
    kind: 'integer',
    default: '30000',
    min: 100,
    max: 600_000,
    help: 'How long a client may take to send a whole request.',
  },
  SHUTDOWN_TIMEOUT_MS: {
    kind: 'integer',
    default: '15000',
    min: 0,
    max: 600_000,
    help: 'How long running requests may take to finish after a stop signal.',
  },
  RATE_LIMIT: {
    kind: 'choice',
    default: 'on',
    choices: ['on', 'off'],
    help: 'Limit requests by the numbers below; off for load tests, or behind a gateway that does.',
  },
  RATE_LIMIT_OFF_IN_PRODUCTION: {
    kind: 'flag',
    default: 'false',
    help: 'Allow RATE_LIMIT=off with PRODUCTION=true.',
  },
  RATE_LIMIT_READ: {
    ...perMinute,
    default: '6000',
    help: 'Reads a minute for one account, API key or client network (IPv6: /64).',
  },
  RATE_LIMIT_WRITE: {
    ...perMinute,
    default: '600',
    help: 'Changes a minute, such as to a cart; also how many wrong tokens a network may send.',
  },
  RATE_LIMIT_CHECKOUT: { ...perMinute, default: '60', help: 'Checkouts a minute.' },
  RATE_LIMIT_SIGN_IN: { ...perMinute, default: '60', help: 'Sign-ins a minute.' },
  RATE_LIMIT_REGISTER: { ...perMinute, default: '20', help: 'New accounts a minute.' },
  RATE_LIMIT_RESET: {
    ...perMinute,
    default: '10',
    help: 'Requests a minute that send mail to an address, such as password resets.',
  },
  RATE_LIMIT_ADMIN: { ...perMinute, default: '3000', help: 'Requests a minute by staff.' },
  PASSWORD: {
    kind: 'text',
    default: '',
    secret: true,
    help: 'Read by the command "user" alone: the password of the new account.',
  },
  PRODUCTION: {
    kind: 'flag',
    default: 'false',
    help:
      'Refuse what is for development alone: demo data, a first sign-in that is printed, ' +
      'showing mails, payments that move no money.',
  },
  LOG_LEVEL: {
    kind: 'choice',
    default: 'info',
    choices: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    help: 'The least serious events that are logged; debug logs every request.',
  },
} as const satisfies Record<string, Setting>

export type SettingName = keyof typeof settings
