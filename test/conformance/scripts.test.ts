import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { SMALL, type TestFleet, testFleet } from './fleet.js';

let fleet: TestFleet;
beforeAll(async () => {
  const group = { name: 'full', os: 'amazon-linux-2023', count: 1, behaviour: { diskFreeMb: 300 } } as const;
  fleet = await testFleet({ ...SMALL, groups: [...(SMALL.groups ?? []), group] });
});
afterAll(() => fleet.close());

const shell = async (name: string, ...commands: string[]) => {
  const { id } = await fleet.node(name);
  return fleet.run('AWS-RunShellScript', id, { commands });
};
const powerShell = async (...commands: string[]) => {
  const { id } = await fleet.node('till-01');
  return fleet.run('AWS-RunPowerShellScript', id, { commands });
};

describe('a shell script', () => {
  test('prints what it echoes', async () => {
    const { StandardOutputContent, ResponseCode } = await shell('web-01', 'echo "ready"; true', 'echo steady');

    expect(StandardOutputContent).toBe('ready\nsteady\n');
    expect(ResponseCode).toBe(0);
  });

  test('ends with the code that it exits with', async () => {
    const { Status, ResponseCode, StandardOutputContent } = await shell(
      'web-01',
      'echo before',
      'exit 3',
      'echo after',
    );

    expect({ Status, ResponseCode, StandardOutputContent }).toEqual({
      Status: 'Failed',
      ResponseCode: 3,
      StandardOutputContent: 'before\n',
    });
  });

  test('has the status of its last command, unless it stops on errors', async () => {
    expect(await shell('web-01', 'false', 'true')).toMatchObject({ Status: 'Success' });
    expect(await shell('web-01', 'set -e', 'false', 'true')).toMatchObject({ Status: 'Failed' });
    expect(await shell('web-01', 'false || echo rescued')).toMatchObject({ StandardOutputContent: 'rescued\n' });
  });

  test('sees the free space of the disk', async () => {
    const check = `df -Pk /var | awk 'NR==2 && $4 < 1048576 { print "less than 1 GiB"; exit 1 }'`;

    expect(await shell('web-01', 'df -Pk / /var')).toMatchObject({
      StandardOutputContent: expect.stringMatching(
        /Available Capacity Mounted on\n(\/dev\/\S+ +\d+ +\d+ +\d+ +\d+% \/\n){2}/,
      ),
    });
    expect(await shell('web-01', check)).toMatchObject({ Status: 'Success' });
    expect(await shell('full-01', check)).toMatchObject({
      Status: 'Failed',
      StandardOutputContent: 'less than 1 GiB\n',
    });
    expect(
      await shell('full-01', "free=$(df -Pk / | awk '{print $4}')", 'if [ "$free" -lt 1048576 ]; then exit 7; fi'),
    ).toMatchObject({ ResponseCode: 7 });
  });

  test('prints a boot id that changes when the node restarts', async () => {
    const bootId = 'cat /proc/sys/kernel/random/boot_id';
    const before = await shell('web-02', bootId);
    await shell('web-02', 'sudo reboot');
    const after = await shell('web-02', bootId);

    expect(before.StandardOutputContent).toMatch(/^[0-9a-f-]{36}\n$/);
    expect(after.StandardOutputContent).not.toBe(before.StandardOutputContent);
  });

  test('that exits with 194 runs once more after the restart', async () => {
    const { id } = await fleet.node('web-01');
    const reboots = (await fleet.ledger(`?node=${id}&kind=reboot`)).length;
    const result = await shell(
      'web-01',
      'mark=/var/tmp/reboot-requested',
      'if [ -e "$mark" ]; then rm -f "$mark"; echo done; exit 0; fi',
      'touch "$mark"; exit 194',
    );

    expect(result).toMatchObject({ Status: 'Success', StandardOutputContent: 'done\n' });
    expect(await fleet.ledger(`?node=${id}&kind=reboot`)).toHaveLength(reboots + 1);
  });
});

describe('a PowerShell script', () => {
  test('sees free space and boot time', async () => {
    const { StandardOutputContent } = await powerShell(
      '$free = (Get-PSDrive -Name $env:SystemDrive.TrimEnd(":")).Free',
      'Write-Output $free',
      'if ($free -lt 5368709120) { Write-Output "less than 5 GiB"; exit 1 }',
      '(Get-CimInstance Win32_OperatingSystem).LastBootUpTime',
    );

    expect(StandardOutputContent).toMatch(/^\d+\n\w+, \w+ \d+, \d{4} at .*\n$/);
  });

  test('that exits with 3010 runs once more after the restart', async () => {
    const result = await powerShell(
      '$mark = "$env:ProgramData\\reboot-requested"',
      'if (Test-Path $mark) { Remove-Item $mark; exit 0 }',
      'New-Item -ItemType File $mark | Out-Null; exit 3010',
    );
    const { id } = await fleet.node('till-01');

    expect(result.Status).toBe('Success');
    expect(await fleet.ledger(`?node=${id}&kind=reboot`)).toHaveLength(1);
  });
});

test('a shell script is not for Windows', async () => {
  const { Status, StatusDetails } = await shell('till-01', 'true');

  expect({ Status, StatusDetails }).toEqual({ Status: 'Failed', StatusDetails: 'InvalidPlatform' });
});
