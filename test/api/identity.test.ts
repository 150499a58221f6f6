import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { HTTPMethods } from 'fastify';
import { readKeys } from '../../api/keys.js';
import { MANIFEST, plan, startCycle } from './examples.js';
import { type Person, useService } from './service.js';

const service = useService();
const ROLES = ['viewer', 'operator', 'approver', 'admin'] as const;

describe('Who may do what', () => {
  const reason = { reason: 'To see' };
  const routes: readonly [string, object | null, readonly Person[]][] = [
    ['GET /v1/cycles/storefront-1', null, ROLES],
    ['GET /v1/plans/storefront', null, ROLES],
    ['GET /v1/audit', null, ROLES],
    ['GET /v1/compliance', null, ROLES],
    ['PUT /v1/plans/storefront', plan(), ['admin']],
    ['DELETE /v1/plans/storefront', null, ['admin']],
    ['POST /v1/cycles', { plan: 'storefront', ...reason }, ['operator']],
    ['POST /v1/cycles/storefront-1/pause', reason, ['operator']],
    ['POST /v1/cycles/storefront-1/resume', reason, ['operator']],
    ['POST /v1/cycles/storefront-1/cancel', reason, ['operator']],
    ['GET /v1/halt', null, ROLES],
    ['POST /v1/halt', reason, ['operator']],
    ['POST /v1/unhalt', reason, ['operator']],
    ['POST /v1/plans/storefront/pause', reason, ['operator']],
    ['POST /v1/scans', {}, ['operator']],
    [
      'POST /v1/cycles/storefront-1/stages/prod/decision',
      { decision: 'approve', manifest: MANIFEST, ...reason },
      ['approver'],
    ],
  ];
  test.each(routes)('%s', async (route, payload, allowed) => {
    await startCycle(service);
    const [method, url] = route.split(' ') as [HTTPMethods & 'GET', string];
    const request = { method, url, ...(payload && { payload }) };
    for (const role of ROLES) {
      const { statusCode } = await service.send(role, request);
      expect([role, statusCode === 403]).toEqual([role, !allowed.includes(role)]);
    }
    const anonymous = await service.send(null, request);
    expect(anonymous.statusCode).toBe(401);
    expect(anonymous.headers['www-authenticate']).toBe('Bearer realm="patchtide"');
  });

  test('a key that nobody has is a 401', async () => {
    for (const authorization of ['Bearer wrong', 'Basic b3BlcmF0b3I6eA==', 'Bearer', '']) {
      const response = await service.app.inject({ url: '/v1/cycles', headers: { authorization } });
      expect(response.json()).toMatchObject({ status: 401, code: 'unauthenticated' });
    }
  });

  test('who may not is told before the body is read', async () => {
    const response = await service.send('viewer', {
      method: 'PUT',
      url: '/v1/plans/storefront',
      payload: '{broken',
      headers: { 'content-type': 'application/json' },
    });
    expect(response.json()).toMatchObject({
      status: 403,
      detail: 'This takes the role admin, and viewer has the role viewer.',
    });
  });
});

describe('A file of API keys', () => {
  const key = 'k'.repeat(32);
  const read = (content: unknown) => {
    const folder = mkdtempSync(join(tmpdir(), 'patchtide-keys-'));
    try {
      const file = join(folder, 'keys.json');
      writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
      return readKeys(file);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  test('names a person for each role, or people', () => {
    expect(read({ viewer: key, admin: `${key}2` })).toEqual([
      { name: 'viewer', role: 'viewer', key },
      { name: 'admin', role: 'admin', key: `${key}2` },
    ]);
    expect(read([{ name: 'ada', role: 'operator', key }])).toEqual([{ name: 'ada', role: 'operator', key }]);
  });

  test.each([
    ['what is no JSON', '{', 'cannot be read as JSON'],
    ['an unknown role', { root: key }, 'roles are viewer, operator, approver, admin'],
    ['a short key', { viewer: 'secret' }, 'at least 16 characters'],
    ['no key', {}, 'holds no key'],
    ['one key for two', { viewer: key, admin: key }, 'the same key'],
    [
      'one name for two',
      [
        { name: 'ada', role: 'operator', key },
        { name: 'ada', role: 'approver', key: `${key}2` },
      ],
      'the same name',
    ],
  ])('is refused with %s, and no key is told', (_what, content, message) => {
    expect(() => read(content)).toThrow(message);
    expect(() => read(content)).not.toThrow(key);
  });
});
