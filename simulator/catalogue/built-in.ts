import type { PatchInput } from '../description.js';
import type { OperatingSystem } from '../fleet/model.js';

type Series = readonly (readonly [version: string, releasedDaysAgo: number])[];
type Traits = Partial<Omit<PatchInput, 'os' | 'id' | 'version'>>;

function packageSeries(os: OperatingSystem, id: string, series: Series, traits: Traits = {}): PatchInput[] {
  return series.map(([version, releasedDaysAgo]) => ({ ...patch(os, id, releasedDaysAgo, traits), version }));
}

function knowledgeBase(id: string, title: string, releasedDaysAgo: number, traits: Traits = {}): PatchInput {
  return { ...patch('windows-server-2022', id, releasedDaysAgo, traits), title: `${title} (${id})` };
}

function patch(os: OperatingSystem, id: string, releasedDaysAgo: number, traits: Traits): PatchInput {
  return {
    os,
    id,
    version: '',
    classification: os === 'windows-server-2022' ? 'SecurityUpdates' : 'Security',
    severity: 'Important',
    priority: 'optional',
    requires: [],
    reboot: true,
    optional: false,
    cves: [],
    releasedDaysAgo,
    ...traits,
  };
}

const amazon = (id: string, series: Series, traits?: Traits) => packageSeries('amazon-linux-2023', id, series, traits);
const ubuntu = (id: string, series: Series, traits?: Traits) => packageSeries('ubuntu-22.04', id, series, traits);

/** Patches as they would be found on the day the fleet begins: some days old, some weeks, some a year. */
export const BUILT_IN_PATCHES: PatchInput[] = [
  ...amazon(
    'kernel.x86_64',
    [
      ['0:6.1.129-138.220.amzn2023', 400],
      ['0:6.1.141-155.222.amzn2023', 22],
      ['0:6.1.144-170.251.amzn2023', 3],
    ],
    { severity: 'Important', cves: ['CVE-2026-21110'] },
  ),
  ...amazon(
    'openssl.x86_64',
    [
      ['1:3.0.8-1.amzn2023.0.14', 400],
      ['1:3.0.8-1.amzn2023.0.20', 20],
    ],
    {
      severity: 'Critical',
      cves: ['CVE-2026-0727'],
      requires: [{ id: 'openssl-libs.x86_64', version: '1:3.0.8-1.amzn2023.0.20' }],
    },
  ),
  ...amazon('openssl-libs.x86_64', [
    ['1:3.0.8-1.amzn2023.0.14', 400],
    ['1:3.0.8-1.amzn2023.0.20', 20],
  ]),
  ...amazon('curl.x86_64', [
    ['0:8.3.0-1.amzn2023.0.2', 400],
    ['0:8.11.1-4.amzn2023.0.1', 4],
  ]),
  ...amazon('glibc.x86_64', [
    ['0:2.34-52.amzn2023.0.11', 400],
    ['0:2.34-117.amzn2023.0.1', 25],
  ]),
  ...amazon(
    'bash.x86_64',
    [
      ['0:5.2.15-1.amzn2023.0.2', 400],
      ['0:5.2.37-1.amzn2023.0.1', 18],
    ],
    { classification: 'Bugfix', severity: 'Low', reboot: false },
  ),
  ...amazon('python3.x86_64', [
    ['0:3.9.16-1.amzn2023.0.9', 400],
    ['0:3.9.22-1.amzn2023.0.1', 9],
  ]),
  ...amazon(
    'vim-minimal.x86_64',
    [
      ['2:9.0.2153-1.amzn2023', 400],
      ['2:9.1.1202-1.amzn2023', 16],
    ],
    { severity: 'Medium', reboot: false },
  ),
  ...amazon(
    'nginx.x86_64',
    [
      ['1:1.24.0-1.amzn2023.0.2', 400],
      ['1:1.28.0-1.amzn2023.0.1', 15],
    ],
    { optional: true },
  ),

  ...ubuntu(
    'linux-image-aws.amd64',
    [
      ['5.15.0.1053.53', 400],
      ['5.15.0.1091.93', 21],
    ],
    { priority: 'optional', cves: ['CVE-2026-21110'] },
  ),
  ...ubuntu(
    'openssl.amd64',
    [
      ['3.0.2-0ubuntu1.15', 400],
      ['3.0.2-0ubuntu1.19', 19],
    ],
    { severity: 'Critical', priority: 'important', requires: [{ id: 'libssl3.amd64' }], cves: ['CVE-2026-0727'] },
  ),
  ...ubuntu(
    'libssl3.amd64',
    [
      ['3.0.2-0ubuntu1.15', 400],
      ['3.0.2-0ubuntu1.19', 19],
    ],
    { priority: 'required' },
  ),
  ...ubuntu('libc6.amd64', [
    ['2.35-0ubuntu3.6', 400],
    ['2.35-0ubuntu3.10', 24],
  ]),
  ...ubuntu('curl.amd64', [
    ['7.81.0-1ubuntu1.15', 400],
    ['7.81.0-1ubuntu1.20', 12],
    ['7.81.0-1ubuntu1.21', 2],
  ]),
  ...ubuntu(
    'tzdata.all',
    [
      ['2024a-0ubuntu0.22.04', 400],
      ['2026b-0ubuntu0.22.04', 17],
    ],
    { classification: 'Updates', severity: 'Low', priority: 'required', reboot: false },
  ),
  ...ubuntu('sudo.amd64', [
    ['1.9.9-1ubuntu2.4', 400],
    ['1.9.9-1ubuntu2.5', 8],
  ]),
  ...ubuntu(
    'haproxy.amd64',
    [
      ['2.4.24-0ubuntu0.22.04.1', 400],
      ['2.4.29-0ubuntu0.22.04.1', 10],
    ],
    { optional: true, reboot: false },
  ),

  knowledgeBase('KB5044281', '2025-10 Cumulative Update for Microsoft server operating system version 21H2', 390, {
    severity: 'Critical',
  }),
  knowledgeBase('KB5046616', '2026-10 Cumulative Update for Microsoft server operating system version 21H2', 23, {
    severity: 'Critical',
    cves: ['CVE-2026-49039'],
  }),
  knowledgeBase('KB5046547', '2026-10 Cumulative Update for .NET Framework 3.5, 4.8 and 4.8.1', 23),
  knowledgeBase('KB5048654', '2026-11 Cumulative Update for Microsoft server operating system version 21H2', 5, {
    severity: 'Critical',
    cves: ['CVE-2026-49138'],
  }),
  knowledgeBase('KB890830', 'Windows Malicious Software Removal Tool x64', 20, {
    classification: 'UpdateRollups',
    severity: 'Unspecified',
    reboot: false,
  }),
  knowledgeBase('KB5012170', 'Security Update for Secure Boot DBX', 380),
];
