import { AwsError } from '../errors.js';
import type { Fleet } from '../fleet/fleet.js';
import type { Call } from '../http/operation.js';
import { type Reply, xmlReply } from '../http/replies.js';
import type { HttpRequest } from '../http/request.js';
import { element } from '../http/xml.js';
import { bucketNamed, putObject } from './objects.js';

/** The operation that a method and path stand for, as counts and faults name it. */
export function s3OperationName(fleet: Fleet, request: HttpRequest): string {
  const { bucket, key } = addressOf(fleet, request);
  const names: Record<string, string> = key
    ? { GET: 'GetObject', HEAD: 'HeadObject', PUT: 'PutObject', DELETE: 'DeleteObject' }
    : { GET: bucket ? 'ListObjectsV2' : 'ListBuckets', HEAD: 'HeadBucket', PUT: 'CreateBucket' };
  return names[request.method] ?? request.method;
}

/** S3's REST protocol. Buckets are those of the fleet's description; every account of the fleet may read and write them. */
export function handleS3(request: HttpRequest, call: Call, requestId: string): Reply {
  const { fleet, region } = call;
  const { bucket, key } = addressOf(fleet, request);
  const found = bucketNamed(fleet, bucket);
  if (!found)
    return refusal(request, new AwsError('NoSuchBucket', `The bucket ${bucket} does not exist`, 404), requestId);
  const headers = { 'x-amz-request-id': requestId, 'x-amz-bucket-region': found.region };
  if (region !== found.region && region !== 'aws-global') {
    const message = 'The bucket you are attempting to access must be addressed using the specified endpoint.';
    return { ...refusal(request, new AwsError('PermanentRedirect', message, 301), requestId), headers };
  }
  switch (s3OperationName(fleet, request)) {
    case 'HeadBucket':
      return { status: 200, headers, body: '' };
    case 'PutObject': {
      const type = request.headers['content-type'];
      const { etag } = putObject(fleet, bucket, key, request.body, {
        contentType: type,
        metadata: metadataOf(request),
      });
      return { status: 200, headers: { ...headers, etag }, body: '' };
    }
    case 'GetObject':
    case 'HeadObject':
      return readObject(request, fleet, bucket, key, headers, requestId);
    case 'DeleteObject':
      fleet.objects.delete(`${bucket}/${key}`);
      return { status: 204, headers, body: '' };
    case 'ListObjectsV2':
      return listObjects(request, fleet, bucket, requestId);
    default:
      throw new AwsError(
        'NotImplemented',
        'A header or query you provided implies functionality that is not implemented.',
        501,
      );
  }
}

function readObject(
  request: HttpRequest,
  fleet: Fleet,
  bucket: string,
  key: string,
  headers: Record<string, string>,
  requestId: string,
): Reply {
  const object = fleet.objects.get(`${bucket}/${key}`);
  if (!object) return refusal(request, new AwsError('NoSuchKey', 'The specified key does not exist.', 404), requestId);
  const body = Buffer.from(object.body, 'base64');
  const metadata = Object.fromEntries(
    Object.entries(object.metadata).map(([name, value]) => [`x-amz-meta-${name}`, value]),
  );
  return {
    status: 200,
    headers: {
      ...headers,
      ...metadata,
      'content-type': object.contentType,
      'content-length': String(body.length),
      etag: object.etag,
      'last-modified': new Date(object.modifiedAt).toUTCString(),
    },
    body: request.method === 'HEAD' ? '' : body,
  };
}

function listObjects(request: HttpRequest, fleet: Fleet, bucket: string, requestId: string): Reply {
  const prefix = request.query.get('prefix') ?? '';
  const size = Math.min(Number(request.query.get('max-keys') ?? 1000), 1000);
  const token = request.query.get('continuation-token');
  const after = token ? Buffer.from(token, 'base64url').toString('utf8') : (request.query.get('start-after') ?? '');
  const found = [...fleet.objects.values()]
    .filter((object) => object.bucket === bucket && object.key.startsWith(prefix) && object.key > after)
    .sort((left, right) => (left.key < right.key ? -1 : 1));
  const page = found.slice(0, size);
  const more = found.length > size;
  const contents = page.map(({ key, modifiedAt, etag, body }) =>
    element('Contents', {
      Key: key,
      LastModified: new Date(modifiedAt),
      ETag: etag,
      Size: Buffer.byteLength(body, 'base64'),
    }),
  );
  const next = more ? element('NextContinuationToken', Buffer.from(page.at(-1)?.key ?? '').toString('base64url')) : '';
  const head = [
    element('Name', bucket),
    element('Prefix', prefix),
    element('KeyCount', page.length),
    element('MaxKeys', size),
    element('IsTruncated', more),
  ];
  const root = `<ListBucketResult>${[...head, next, ...contents].join('')}</ListBucketResult>`;
  return xmlReply(200, root, requestId);
}

/** An answer to HEAD has no body, so its code lies in the status alone. */
function refusal(request: HttpRequest, error: AwsError, requestId: string): Reply {
  if (request.method === 'HEAD') return { status: error.status, headers: { 'x-amz-request-id': requestId }, body: '' };
  const { code: Code, message: Message } = error;
  return xmlReply(error.status, element('Error', { Code, Message, RequestId: requestId }), requestId);
}

/** Bucket and key, from the path or from a Host that begins with a bucket's name. */
function addressOf(fleet: Fleet, request: HttpRequest): { bucket: string; key: string } {
  const path = decodeURIComponent(request.path.slice(1));
  const host = (request.headers.host ?? '').replace(/:\d+$/, '');
  const fromHost = fleet.description.buckets.find(({ name }) => host.startsWith(`${name}.`))?.name;
  if (fromHost !== undefined) return { bucket: fromHost, key: path };
  const slash = path.indexOf('/');
  return slash < 0 ? { bucket: path, key: '' } : { bucket: path.slice(0, slash), key: path.slice(slash + 1) };
}

function metadataOf(request: HttpRequest): Record<string, string> {
  const prefix = 'x-amz-meta-';
  return Object.fromEntries(
    Object.entries(request.headers)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), String(value)]),
  );
}
