import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withoutNamelessChecks } from './checks.ts'

test('checks without a name go, whatever brackets and strings they hold; all else stays', () => {
  const kept =
    "create table t (id text not null check (length(id) = 36), role text, unique (role), constraint c check (role <> ''))"
  const full =
    "create table t (id text not null check (length(id) = 36), role text, check (role in ('a', ')')), unique (role), CHECK ((1 + (2)) = 3), constraint c check (role <> ''))"
  assert.equal(withoutNamelessChecks(full), kept)
  assert.equal(withoutNamelessChecks(kept), kept)
})
