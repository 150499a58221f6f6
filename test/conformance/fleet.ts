import { EC2Client } from '@aws-sdk/client-ec2';
import { S3Client } from '@aws-sdk/client-s3';
import { GetCommandInvocationCommand, SendCommandCommand, SSMClient } from '@aws-sdk/client-ssm';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import {
  type FaultInput,
  type FleetDescriptionInput,
  type FleetNode,
  type FleetServerOptions,
  type LedgerEntry,
  type RunningFleet,
  startFleet,
} from '../../simulator/index.js';

export const ACCOUNT = '111122223333';
export const REGION = 'eu-west-1';
const ROLE = `arn:aws:iam::${ACCOUNT}:role/Patchtide`;

/** A small fleet of one account: two Linux nodes, one Ubuntu, one Windows, one on-premises. */
export const SMALL: FleetDescriptionInput = {
  accounts: [
    {
      name: 'shop',
      id: ACCOUNT,
      roleArn: ROLE,
      externalId: 'shop-external',
      regions: { [REGION]: { zones: { 'eu-west-1a': 'euw1-az1', 'eu-west-1b': 'euw1-az2' } } },
    },
  ],
  buckets: [{ name: 'patchtide-eu-west-1', region: REGION }],
  consistencyMs: [0, 0],
  groups: [
    { name: 'web', os: 'amazon-linux-2023', count: 2, tags: { Application: 'storefront', 'Patch Group': 'web' } },
    { name: 'api', os: 'ubuntu-22.04', count: 1, tags: { Application: 'storefront', PatchGroup: 'api' } },
    { name: 'till', os: 'windows-server-2022', count: 1, tags: { Application: 'storefront' } },
    { name: 'store', os: 'ubuntu-22.04', count: 1, hybrid: true, tags: { Application: 'storefront' } },
  ],
};

/** A running fleet with real clients to talk to it, and a hand on its wall clock. */
export interface TestFleet {
  readonly url: string;
  readonly ssm: SSMClient;
  readonly ec2: EC2Client;
  readonly s3: S3Client;
  readonly hub: STSClient;
  /** Lets this many seconds of fleet time pass, at once. */
  pass(fleetSeconds: number): void;
  /** Lets this many seconds of wall time pass, at once. */
  passWall(seconds: number): void;
  nodes(): Promise<FleetNode[]>;
  node(name: string): Promise<FleetNode>;
  ledger(query?: string): Promise<LedgerEntry[]>;
  fault(input: FaultInput): Promise<void>;
  control(method: string, path: string, body?: unknown): Promise<unknown>;
  /** Sends a command and gives its id. */
  send(document: string, nodes: string[], parameters: Record<string, string[]>, comment?: string): Promise<string>;
  /** Sends a command, lets it end, and gives what became of it on one node. */
  run(document: string, node: string, parameters: Record<string, string[]>): ReturnType<typeof invocationOf>;
  /** Clients with the credentials of an assumed role. */
  close(): Promise<void>;
}

const SPEED = 60;

export async function testFleet(
  description: FleetDescriptionInput = SMALL,
  more: Partial<FleetServerOptions> = {},
): Promise<TestFleet> {
  const wall = { skipped: 0 };
  const wallNow = () => Date.now() + wall.skipped;
  const running = await startFleet({ fleet: description, port: 0, speed: SPEED, wallNow, ...more });
  const hub = new STSClient(base(running.url, HUB_CREDENTIALS));
  const credentials = await assumeRole(hub);
  const ssm = new SSMClient(base(running.url, credentials));
  const ec2 = new EC2Client(base(running.url, credentials));
  const s3 = new S3Client({ ...base(running.url, HUB_CREDENTIALS), forcePathStyle: true });
  return build(running, wall, { hub, ssm, ec2, s3 });
}

const HUB_CREDENTIALS = { accessKeyId: 'AKIAHUB', secretAccessKey: 'hub' };

function base(endpoint: string, credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }) {
  return { endpoint, region: REGION, credentials, maxAttempts: 1 };
}

async function assumeRole(hub: STSClient) {
  const { Credentials } = await hub.send(
    new AssumeRoleCommand({ RoleArn: ROLE, RoleSessionName: 'test', ExternalId: 'shop-external' }),
  );
  return {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  };
}

function build(
  running: RunningFleet,
  wall: { skipped: number },
  clients: { hub: STSClient; ssm: SSMClient; ec2: EC2Client; s3: S3Client },
): TestFleet {
  const control = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${running.url}/_fleet${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer: unknown = await response.json();
    if (!response.ok) throw new Error(JSON.stringify(answer));
    return answer;
  };
  const nodes = async () => (await control('GET', '/nodes')) as FleetNode[];
  const fleet: TestFleet = {
    ...clients,
    url: running.url,
    control,
    nodes,
    pass: (fleetSeconds) => {
      wall.skipped += (fleetSeconds * 1000) / SPEED;
    },
    passWall: (seconds) => {
      wall.skipped += seconds * 1000;
    },
    node: async (name) => {
      const found = (await nodes()).find((node) => node.name === name);
      if (!found) throw new Error(`no node ${name}`);
      return found;
    },
    ledger: async (query = '') => (await control('GET', `/ledger${query}`)) as LedgerEntry[],
    fault: async (input) => {
      await control('POST', '/faults', input);
    },
    send: async (DocumentName, InstanceIds, Parameters, Comment = '') => {
      const { Command } = await clients.ssm.send(
        new SendCommandCommand({ DocumentName, InstanceIds, Parameters, Comment, MaxErrors: '100%' }),
      );
      return Command?.CommandId ?? '';
    },
    run: async (document, node, parameters) => {
      const id = await fleet.send(document, [node], parameters);
      fleet.pass(3_000);
      return invocationOf(clients.ssm, id, node);
    },
    close: async () => {
      for (const client of Object.values(clients)) client.destroy();
      await running.close();
    },
  };
  return fleet;
}

const invocationOf = (ssm: SSMClient, CommandId: string, InstanceId: string) =>
  ssm.send(new GetCommandInvocationCommand({ CommandId, InstanceId }));
