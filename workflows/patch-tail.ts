import { allHandlersFinished, CancellationScope, condition, isCancellation, setHandler } from '@temporalio/workflow';
import type { CycleRequest } from '../domain/cycle.js';
import type { HaltState } from '../domain/halt.js';
import type { StagePolicy } from '../domain/stage-policy.js';
import { recording } from './activities.js';
import { Breaker, STAGE_PAUSE } from './breaker.js';
import { isMessage, unbroken } from './handlers.js';
import { Holds, isHalt, isUnhalt } from './holds.js';
import { halt, setPaused, takeOver, unhalt, waveProgress } from './messages.js';
import { reasonOf } from './reason.js';
import { StageWaves } from './stage-waves.js';
import { StageWindows, type Tail } from './stage-windows.js';
import { TailState } from './tail-state.js';

export interface TailInput {
  readonly request: CycleRequest;
  readonly policy: StagePolicy;
  readonly paused: boolean;
  readonly tail: Tail;
}

/**
 * The few nodes without which their stage is done: they go on in their next windows, with the patch set and under the approval
 * of their stage, however far its cycle has come or whether it has ended.
 *
 * The plan's next cycle takes over what it finds of them. Nobody is asked here, since the cycle may have ended: where its stage
 * would ask, the tail ends, and the nodes that were not reached are `carried-over`.
 */
export async function patchTail(input: TailInput): Promise<void> {
  const state = new TailState(input);
  const breaker = new Breaker(state, input);
  const windows = new StageWindows(state, breaker, new StageWaves(state, breaker), input.tail);
  state.whenAsked((reason) => breaker.stop(reason));
  const steering = new TailSteering(state, breaker, input.paused);

  try {
    await steering.lookForHalt();
    breaker.expects(input.tail.nodes);
    await windows.run();
    await state.over(breaker.stopped ?? 'The tail of the stage has ended.');
  } catch (error) {
    const cancelled = isCancellation(error) && CancellationScope.current().consideredCancelled;
    await state.over(cancelled ? 'The tail of the stage was cancelled.' : reasonOf(error));
  } finally {
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  }
}

/** What may be told to a tail: by its cycle as long as that runs, by whoever halts everything, and by the plan's next cycle. */
class TailSteering {
  private readonly holds = new Holds();
  private paused: boolean;
  private readonly breaker: Breaker;

  constructor(tail: TailState, breaker: Breaker, paused: boolean) {
    this.breaker = breaker;
    this.paused = paused;
    setHandler(waveProgress, unbroken(breaker.countFailures.bind(breaker)), {
      description: 'From a wave: failures and untested patches so far',
    });
    setHandler(
      setPaused,
      unbroken(async (message) => {
        if (!isMessage(message, STAGE_PAUSE))
          return tail.note('A signal setPaused was ignored: expected {paused, answered}.');
        this.paused = message.paused;
        await this.tell();
      }),
      { description: 'From its cycle: nothing new begins, or on again' },
    );
    setHandler(
      halt,
      unbroken(async (message) => {
        if (isHalt(message)) await this.hears({ halt: message, lifted: message.number - 1 });
        else await tail.note('A signal halt was ignored: expected {number, by, reason, at}.');
      }),
      { description: 'Nothing new begins anywhere: {number, by, reason, at}' },
    );
    setHandler(
      unhalt,
      unbroken(async (message) => {
        if (isUnhalt(message)) await this.hears({ halt: null, lifted: message.number });
        else await tail.note('A signal unhalt was ignored: expected {number, by, reason}.');
      }),
      { description: 'The halt of that number is lifted: {number, by, reason}' },
    );
    setHandler(
      takeOver,
      unbroken(async (message) => breaker.stop(`Taken over by cycle ${message?.cycle} of the plan.`)),
      { description: "The plan's next cycle takes over what was not reached: {cycle}" },
    );
  }

  /** Finds a halt that stood before the tail could be told. */
  async lookForHalt(): Promise<void> {
    await this.hears(await recording.halted());
  }

  private async hears(news: HaltState): Promise<void> {
    if (this.holds.hears(news)) await this.tell();
  }

  private tell(): Promise<void> {
    return this.breaker.setPaused({ paused: this.paused || this.holds.byPeople, answered: 0 });
  }
}
