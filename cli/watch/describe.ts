import { wordsOf } from '../render/states.js';
import { type Clock, untilText } from '../render/time.js';
import type { CycleEvent } from './stream.js';

/** An event as a line for people. `before` is the event before of the same kind, on the same thing. */
export function described({ event, data }: CycleEvent, clock: Clock): string {
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
      return `${data.stage} ${data.account} ${data.region} ${data.zone} ${wordsOf(data.status)}`;
    case 'nodes': {
      const { stage, total, outcomes } = data;
      const parts = Object.entries(outcomes)
        .filter(([, number]) => (number ?? 0) > 0)
        .map(([outcome, number]) => `${number} ${outcome}`);
      return `${stage} ${parts.join(', ') || 'no node judged yet'}, of ${total}`;
    }
  }
}
