import { type Cycle, wordsOf } from '../render/states.js';
import { type Clock, untilText } from '../render/time.js';
import type { CycleEvent } from './stream.js';

/** An event as a line for people. Zones are called as the cycle names them. */
export function described({ event, data }: CycleEvent, clock: Clock, cycle: Cycle): string {
  switch (event) {
    case 'cycle': {
      const { status, waitingFor, message } = data;
      const waits =
        waitingFor === null
          ? ''
          : `, waits for ${waitingFor.kind}${waitingFor.stage === null ? '' : ` of ${waitingFor.stage}`} ${untilText(waitingFor.until, clock)}`.trimEnd();
      return `cycle ${wordsOf(status)}${waits}${message ? `: ${message}` : ''}`;
    }
    case 'stage': {
      const { stage, status, soakUntil, message } = data;
      return `${stage} ${wordsOf(status)}${status === 'soaking' && soakUntil ? ` ${untilText(soakUntil, clock)}` : ''}${message ? `: ${message}` : ''}`;
    }
    case 'wave':
      return `${data.stage} ${data.account} ${data.region} ${zoneName(cycle, data) ?? data.zone} ${wordsOf(data.status)}`;
    case 'rollback': {
      const { rollback, status, message, rolledBack, total } = data;
      return `rollback ${rollback} ${wordsOf(status)}: ${message ?? `${rolledBack} of ${total} nodes`}`;
    }
    case 'nodes': {
      const { stage, total, outcomes } = data;
      const parts = Object.entries(outcomes)
        .filter(([, number]) => (number ?? 0) > 0)
        .map(([outcome, number]) => `${number} ${outcome}`);
      return `${stage} ${parts.join(', ') || 'none judged'} of ${total}`;
    }
  }
}

type WaveEvent = Extract<CycleEvent, { event: 'wave' }>['data'];

/** The name of a wave's zone in its account (`eu-west-1a`); null where the cycle does not know it yet. */
export const zoneName = ({ stages }: Cycle, { stage, account, region, zone }: WaveEvent): string | null =>
  stages
    .find(({ name }) => name === stage)
    ?.locations.find((location) => location.account === account && location.region === region)
    ?.waves.find((wave) => wave.zone === zone)?.zoneName ?? null;
