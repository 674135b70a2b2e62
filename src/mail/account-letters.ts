import type { Letter, Store } from './letter.ts'

/** A letter that asks to follow a link before it ends. */
export interface LinkData {
  /** Absolute; holds the one-time token. */
  readonly url: string
  /** How long the link works, in words: `24 hours`. */
  readonly validFor: string
}

const onceOnly = ({ validFor }: LinkData) => `The link works once, within ${validFor}.`

export function verifyEmail(data: LinkData, store: Store): Letter {
  return {
    subject: `Confirm your e-mail address for ${store.name}`,
    blocks: [
      `An account at ${store.name} was made with this address. Please confirm that it is yours.`,
      { label: 'Confirm my address', url: data.url },
      onceOnly(data),
      'If it was not you, do nothing: without your confirmation the address is not used.',
    ],
  }
}

export function resetPassword(data: LinkData, store: Store): Letter {
  return {
    subject: `Choose a new password for ${store.name}`,
    blocks: [
      `Somebody, hopefully you, asked for a new password for your account at ${store.name}.`,
      { label: 'Choose a new password', url: data.url },
      onceOnly(data),
      'If it was not you, do nothing: your password stays as it is.',
    ],
  }
}

/** Somebody registered with an address that has an account already. */
export function alreadyRegistered(data: LinkData, store: Store): Letter {
  return {
    subject: `You have an account at ${store.name} already`,
    blocks: [
      `Somebody, perhaps you, tried to register at ${store.name} with this address. ` +
        'There is an account with it already, and nothing was changed.',
      'If it was you, sign in as usual, or choose a new password:',
      { label: 'Choose a new password', url: data.url },
      onceOnly(data),
      'If it was not you, do nothing.',
    ],
  }
}

export interface WhenData {
  /** UTC milliseconds. */
  readonly at: number
}

/** `2026-11-21 10:30 UTC` */
const moment = ({ at }: WhenData) =>
  `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`

const ifNotYou =
  'If it was not you, choose a new password at once and answer this mail: ' +
  'somebody else may have been in your account.'

export function passwordChanged(data: WhenData, store: Store): Letter {
  return {
    subject: `Your password for ${store.name} was changed`,
    blocks: [
      `The password of your account was changed on ${moment(data)}.`,
      'Every device has been signed out; sign in again with the new password.',
      ifNotYou,
    ],
  }
}

export interface EmailChangeData extends LinkData {
  readonly newEmail: string
}

export function emailChangeConfirmNew(data: EmailChangeData, store: Store): Letter {
  return {
    subject: `Confirm your new e-mail address for ${store.name}`,
    blocks: [
      `Your account at ${store.name} is to use ${data.newEmail} from now on. ` +
        'Please confirm that this address is yours.',
      { label: 'Confirm my new address', url: data.url },
      onceOnly(data),
      'The change takes effect when your old address has agreed too. ' +
        'If you know nothing of this, do nothing.',
    ],
  }
}

export function emailChangeConfirmOld(data: EmailChangeData, store: Store): Letter {
  return {
    subject: `Is your e-mail address for ${store.name} to change?`,
    blocks: [
      `Somebody, hopefully you, asked that your account at ${store.name} use ${data.newEmail} ` +
        'instead of this address.',
      { label: 'Agree to the change', url: data.url },
      onceOnly(data),
      'If it was not you, do not follow the link, and choose a new password at once.',
    ],
  }
}

export interface EmailChangedData extends WhenData {
  /** What the account has now. */
  readonly newEmail: string
}

/** To the address that the account had before. */
export function emailChanged(data: EmailChangedData, store: Store): Letter {
  return {
    subject: `Your e-mail address for ${store.name} was changed`,
    blocks: [
      `On ${moment(data)} the e-mail address of your account was changed to ${data.newEmail}. ` +
        'You will get no further mail about it at this address.',
      'If it was not you, answer this mail at once: somebody else may have been in your account.',
    ],
  }
}

export function emailChangeRefused(data: WhenData, store: Store): Letter {
  return {
    subject: `Your e-mail address for ${store.name} stays as it is`,
    blocks: [
      `On ${moment(data)} both addresses agreed to the change you asked for, but the new one ` +
        'belongs to another account by now.',
      'Your account keeps this address. You can ask for the change to yet another one.',
    ],
  }
}

export interface SignInMethodData extends WhenData {
  /** In words, as a sentence without a full stop: `a passkey was added`. */
  readonly what: string
}

export function signInMethodChanged({ what, at }: SignInMethodData, store: Store): Letter {
  return {
    subject: `Signing in at ${store.name}: ${what}`,
    blocks: [
      `On ${moment({ at })} a way to sign in to your account was changed or used: ${what}.`,
      ifNotYou,
    ],
  }
}

export function accountErased(data: WhenData, store: Store): Letter {
  return {
    subject: `Your account at ${store.name} was erased`,
    blocks: [
      `As you asked, your account was erased on ${moment(data)}, and with it your profile, ` +
        'addresses and ways to sign in.',
      'What the law has us keep of your orders is kept without your name.',
      'You will get no further mail from us about this account. You may register again any time.',
    ],
  }
}
