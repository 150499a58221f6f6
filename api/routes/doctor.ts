import { randomUUID } from 'node:crypto';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { readVersion } from '../../config/version.js';
import { finding } from '../../domain/doctor/findings.js';
import type { DoctorReport, DoctorRequest, Finding } from '../../domain/doctor/report.js';
import { refuseUnknownAccounts } from '../accounts.js';
import { now } from '../audit.js';
import type { Context } from '../context.js';
import { doctorBody, doctorReport } from '../schemas/doctor.js';
import { problems } from '../schemas/problem.js';
import { temporalVersion } from '../temporal/client.js';
import { examineAccounts } from '../temporal/questions.js';

/** What works and what does not, in the service and in every account; it answers as well where much does not work. */
export const doctorRoutes: FastifyPluginAsyncZod<Context> = async (app, { store, temporal }) => {
  const api = { version: readVersion(), node: process.version };

  app.post(
    '/doctor',
    {
      config: { may: 'examine' },
      schema: {
        tags: ['Operation'],
        summary: 'What is reachable, which rights are missing in which account, and what else patches the nodes',
        description: 'Waits for the answer, a minute at most. Nothing is changed but one small object in the bucket.',
        body: doctorBody,
        response: { 200: doctorReport, ...problems(400, 404, 413, 415) },
      },
    },
    async ({ body }) => {
      const request: DoctorRequest = { accounts: body?.accounts ?? null, steps: body?.steps ?? null };
      const storeUp = await store.ping().then(
        () => true,
        () => false,
      );
      if (storeUp) await refuseUnknownAccounts(store, request.accounts);
      const temporalIs = await temporalVersion(temporal);
      const report = storeUp && temporalIs !== null ? await examineAccounts(temporal, request, randomUUID()) : null;
      const findings = [
        ...serviceFindings({ storeUp, temporalUp: temporalIs !== null, report }),
        ...(report?.findings ?? []),
      ];
      return {
        healthy: findings.every(({ severity }) => severity !== 'problem'),
        at: report?.at ?? now(),
        service: {
          api,
          store: { status: storeUp ? ('up' as const) : ('down' as const) },
          temporal: { status: temporalIs === null ? ('down' as const) : ('up' as const), version: temporalIs },
          worker: report
            ? { status: 'up' as const, ...report.worker }
            : { status: 'down' as const, version: null, node: null },
        },
        locations: report?.locations ?? [],
        findings: findings.toSorted((a, b) => Number(b.severity === 'problem') - Number(a.severity === 'problem')),
      };
    },
  );

  function serviceFindings({
    storeUp,
    temporalUp,
    report,
  }: {
    storeUp: boolean;
    temporalUp: boolean;
    report: DoctorReport | null;
  }): Finding[] {
    if (!storeUp || !temporalUp)
      return [
        ...(storeUp ? [] : [finding('store-down', 'The database does not answer; the accounts are not known.')]),
        ...(temporalUp ? [] : [finding('temporal-down', 'Temporal does not answer; no worker can be asked.')]),
      ];
    if (report === null) return [finding('no-worker', 'No worker answered within a minute.')];
    const { version } = report.worker;
    return version === api.version
      ? []
      : [finding('versions-differ', `The worker that answered has version ${version}, the API ${api.version}.`)];
  }
};
