import type { IncomingHttpHeaders } from 'node:http';
import type { Call } from '../faults.js';
import { withoutRun } from '../names.js';

/** What of a request its name is made from, beside its body. */
interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The caller's account. */
  readonly account: string;
}

/** Calls that change nothing that a ledger or a cycle would show. */
const READ = /^(Describe|Get|List|Head|Assume)/;

/** Names a call of any of AWS's protocols. */
export function describeCall(
  { method, path, headers, account }: Request,
  text: string,
  nodes: ReadonlyMap<string, string>,
): Call {
  const scope = /Credential=[^/]+\/\d+\/([^/]+)\/([^/]+)\//.exec(headers.authorization ?? '');
  const [, region = '', service = ''] = scope ?? [];
  const target = headers['x-amz-target'];
  const isObject = service === 's3';
  const form = isObject || target !== undefined ? null : new URLSearchParams(text);
  const operation = isObject
    ? `${{ GET: 'Get', PUT: 'Put', HEAD: 'Head', DELETE: 'Delete' }[method] ?? method}Object`
    : typeof target === 'string'
      ? (target.split('.')[1] ?? target)
      : (form?.get('Action') ?? 'unknown');
  const about = isObject ? path.replace(/\?.*$/, '') : form === null ? subjectOfJson(text) : subjectOfForm(form);
  return {
    service: 'aws',
    operation: `${service}:${operation}`,
    key: withoutRun(`${account} ${region} ${about}`, nodes).trim(),
    effect: !READ.test(operation),
    namedBefore: true,
  };
}

/** A command's key, else the names in the request that tell it from others. */
function subjectOfJson(text: string): string {
  const body: unknown = JSON.parse(text === '' ? '{}' : text);
  const { Comment: key } = body as { Comment?: unknown };
  return typeof key === 'string' ? key : subject(scalarsOf(body));
}

function subjectOfForm(form: URLSearchParams): string {
  const entries = [...form].filter(([name]) => name !== 'Action' && name !== 'Version');
  const values = entries.map(([, value]) => value);
  const key = values.find((value) => value.startsWith('patchtide/'));
  const node = values.find((value) => /^i-0/.test(value));
  return key === undefined ? subject(values) : `${key} ${node ?? ''}`;
}

const subject = (values: readonly string[]): string =>
  values
    .filter((value) => value.length <= 80 && !/^(\d{1,6}|true|false)$|[{\n]|^[A-Za-z0-9+/_-]{24,}={0,2}$/.test(value))
    .sort()
    .slice(0, 6)
    .join(' ');

function scalarsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(scalarsOf);
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(scalarsOf);
  return typeof value === 'string' || typeof value === 'number' ? [String(value)] : [];
}
