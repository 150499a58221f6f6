import { isWindows } from '../catalogue/catalogue.js';
import type { FleetDescription } from '../description.js';
import { FleetDescriptionError } from '../errors.js';
import type { Fleet } from './fleet.js';
import type { FleetNode, InstalledPackage, RootContents, Volume } from './model.js';

const DAY = 86_400_000;
type Group = FleetDescription['groups'][number];
type Place = { account: string; region: string; zoneName?: string; zoneId?: string };

/** Fills an empty fleet as its description says. */
export function populate(fleet: Fleet): void {
  fleet.catalogue.fill(fleet.description, fleet.began);
  for (const group of fleet.description.groups) {
    const places = placesOf(fleet.description, group);
    for (let number = 1; number <= group.count; number += 1) {
      const place = places[(number - 1) % places.length];
      if (!place)
        throw new FleetDescriptionError(`group ${group.name}: no zone matches its accounts, regions and zones`);
      fleet.addNode(buildNode(fleet, group, number, place));
    }
  }
  fleet.ledger.record(fleet.began, 'fleet-began', { nodes: fleet.nodes.size, speed: fleet.clock.speed });
}

function placesOf(description: FleetDescription, group: Group): Place[] {
  return description.accounts
    .filter((account) => group.accounts === undefined || group.accounts.includes(account.name))
    .flatMap((account) =>
      Object.entries(account.regions)
        .filter(([region]) => group.regions === undefined || group.regions.includes(region))
        .flatMap(([region, { zones }]) => {
          const place = { account: account.id, region };
          if (group.hybrid) return [place];
          return Object.entries(zones)
            .map(([zoneName, zoneId]) => ({ ...place, zoneName, zoneId }))
            .filter(({ zoneId }) => group.zones === undefined || group.zones.includes(zoneId));
        }),
    );
}

function buildNode(fleet: Fleet, group: Group, number: number, place: Place): FleetNode {
  const name = `${group.name}-${String(number).padStart(2, '0')}`;
  const id = `${group.hybrid ? 'mi-' : 'i-'}0${fleet.chance.hex(16, 'node', name)}`;
  const bootedAt = fleet.began - group.patchedDaysAgo * DAY;
  const running = group.state === 'running';
  return {
    id,
    name,
    ...place,
    group: group.name,
    os: group.os,
    hybrid: group.hybrid,
    tags: { Name: name, ...group.tags },
    state: group.state,
    agentOnline: running,
    agentVersion: group.agentVersion,
    lastPing: fleet.began,
    boots: 1,
    bootId: fleet.chance.uuid('boot', id, 1),
    bootedAt,
    launchedAt: fleet.began - 400 * DAY,
    registeredAt: fleet.began - 400 * DAY,
    address: `10.${[0, 1, 2].map((octet) => Math.floor(fleet.chance.between(1, 250, 'address', id, octet))).join('.')}`,
    volumes: group.hybrid ? [] : volumesOf(fleet, id, group),
    packages: packagesOf(fleet, group, bootedAt),
    failed: [],
    behaviour: { ...group.behaviour, ...group.exceptions.find((exception) => exception.node === number)?.behaviour },
    files: [],
    running: [],
    waiting: [],
  };
}

/** What was on a node's root volume when it was launched. */
export function contentsAtLaunch(fleet: Fleet, node: FleetNode): RootContents {
  const group = fleet.description.groups.find(({ name }) => name === node.group);
  const packages = group ? packagesOf(fleet, group, fleet.began - group.patchedDaysAgo * DAY) : node.packages;
  return { packages, failed: [], files: [] };
}

function volumesOf(fleet: Fleet, node: string, group: Group): Volume[] {
  const volume = (number: number, device: string, sizeGb: number): Volume => ({
    id: `vol-0${fleet.chance.hex(16, 'volume', node, number)}`,
    device,
    sizeGb,
    root: number === 0,
  });
  const data = Array.from({ length: group.dataVolumes }, (_, index) =>
    volume(
      index + 1,
      isWindows(group.os) ? `xvd${'bcdefghij'.charAt(index)}` : `/dev/sd${'fghijklmno'.charAt(index)}`,
      100,
    ),
  );
  return [volume(0, isWindows(group.os) ? '/dev/sda1' : '/dev/xvda', isWindows(group.os) ? 50 : 20), ...data];
}

/** Everything that is not optional, at the newest version that was released by `asOf`. */
function packagesOf(fleet: Fleet, group: Group, asOf: number): Record<string, InstalledPackage> {
  const packages: Record<string, InstalledPackage> = {};
  for (const id of fleet.catalogue.packages(group.os)) {
    const newest = fleet.catalogue.offered(group.os, id, asOf).at(-1);
    const wanted = newest && (!newest.optional || group.packages.includes(id)) && !group.without.includes(id);
    if (wanted) packages[id] = { version: newest.version, installedAt: asOf, pendingReboot: false };
  }
  return packages;
}
