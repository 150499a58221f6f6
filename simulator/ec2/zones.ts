import type { Form } from '../http/form.js';
import type { Call } from '../http/operation.js';
import { filterOf } from './filters.js';

/** Names differ between accounts, ids do not. */
export function describeAvailabilityZones(form: Form, { fleet, account, region }: Call): object {
  const zones = Object.entries(fleet.regionOf(account, region)?.zones ?? {}).map(([zoneName, zoneId]) => ({
    zoneState: 'available',
    regionName: region,
    zoneName,
    zoneId,
    groupName: `${region}-zg-1`,
    optInStatus: 'opt-in-not-required',
    zoneType: 'availability-zone',
  }));
  const passes = filterOf(form);
  const availabilityZoneInfo = zones.filter(({ zoneName, zoneId }) =>
    passes(() => ({
      tags: {},
      fields: { 'zone-name': [zoneName], 'zone-id': [zoneId], 'region-name': [region], state: ['available'] },
    })),
  );
  return { availabilityZoneInfo };
}
