import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Decision, DecisionMessage } from '../../domain/cycle.js';
import { readDecision, refusalOf, verdictOf } from '../../domain/decision.js';
import type { Digest, Instant, StageName } from '../../domain/ids.js';

const MANIFEST = 'sha256:shown' as Digest;
const message = (more: Partial<DecisionMessage> = {}): DecisionMessage => ({
  stage: 'prod' as StageName,
  decision: 'approve',
  by: 'anna',
  reason: 'Looks right.',
  manifest: MANIFEST,
  ...more,
});
const decision = (more: Partial<DecisionMessage> = {}): Decision => ({
  ...message(more),
  at: '2026-06-01T09:00:00.000Z' as Instant,
  via: 'api',
});

describe('a decision that comes as a signal', () => {
  test('is read where every field is there', () => {
    expect(readDecision({ ...message(), extra: 'ignored' })).toEqual({ ok: true, decision: message() });
  });

  test.each([
    ['an object', null],
    ['an object', []],
    ['an object', 'approve'],
    ['stage', { ...message(), stage: '' }],
    ['decision', { ...message(), decision: 'yes' }],
    ['by', { ...message(), by: '   ' }],
    ['reason', { ...message(), reason: 'x'.repeat(2001) }],
    ['manifest', { ...message(), manifest: 7 }],
  ])('is refused with what was expected: %s', (expected, value) => {
    const read = readDecision(value);
    expect(read.ok).toBe(false);
    expect(read.ok ? '' : read.fault).toContain(expected);
  });

  test('is read or refused, whatever it is', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(typeof readDecision(value).ok).toBe('boolean');
      }),
    );
  });
});

describe('a decision counts', () => {
  const waiting = { manifest: MANIFEST, requestedBy: 'olga', decisions: [decision({ by: 'ben' })] };

  test('where another person than the one who asked decides on what was shown', () => {
    expect(refusalOf(message(), waiting)).toBeNull();
  });

  test.each([
    ['not-waiting', message(), null],
    ['other-manifest', message({ manifest: 'sha256:other' as Digest }), waiting],
    ['own-request', message({ by: 'olga' }), waiting],
    ['already-decided', message({ by: 'ben', decision: 'reject' }), waiting],
  ])('else it is refused: %s', (code, made, state) => {
    expect(refusalOf(made, state)).toMatchObject({ code, message: expect.stringMatching(/\.$/) });
  });

  test('again after the stage has prepared anew', () => {
    const anew = { ...waiting, manifest: 'sha256:anew' as Digest };
    expect(refusalOf(message({ by: 'ben', manifest: anew.manifest }), anew)).toBeNull();
  });
});

describe('decisions on a manifest', () => {
  const verdict = (quorum: number, ...decisions: Decision[]) =>
    verdictOf({ roles: ['approver'], quorum, decideWithin: 1 }, decisions, MANIFEST);

  test('approve when as many approve as the quorum asks for', () => {
    expect(verdict(2, decision())).toBeNull();
    expect(verdict(2, decision(), decision({ by: 'ben' }))).toBe('approved');
  });

  test('reject with the first rejection', () => {
    expect(verdict(3, decision(), decision({ by: 'ben', decision: 'reject' }))).toBe('rejected');
  });

  test('leave those on other manifests out', () => {
    expect(verdict(1, decision({ manifest: 'sha256:earlier' as Digest }))).toBeNull();
    expect(verdict(1, decision({ manifest: 'sha256:earlier' as Digest, decision: 'reject' }), decision())).toBe(
      'approved',
    );
  });
});
