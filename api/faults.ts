import type { FastifySchemaCompiler } from 'fastify';
import type { z } from 'zod';
import { faultsOf } from '../domain/documents/faults.js';
import { Problem } from './errors.js';

const PARTS: Readonly<Record<string, string>> = { querystring: 'query', params: 'path', headers: 'header' };

/** Checks requests, and refuses them in the words that documents are refused with. */
export const checkRequest: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  const part = PARTS[httpPart ?? ''];
  return (value: unknown) => {
    const result = schema.safeParse(value ?? {}, { reportInput: true });
    if (result.success) return { value: result.data };
    const found = faultsOf(schema, result.error.issues);
    const faults = found.map(({ fault }) => (part === undefined ? fault : { ...fault, path: `${part} ${fault.path}` }));
    const detail = faults.map(({ path, message }) => [path, message].filter(Boolean).join(': ')).join('; ');
    const code = found.every(({ notYet }) => notYet) ? 'not-supported-yet' : 'invalid-input';
    return { error: new Problem(code, `${detail}. Nothing was changed.`, { faults }) };
  };
};
