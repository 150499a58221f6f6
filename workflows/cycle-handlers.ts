import { setDefaultSignalHandler, setHandler } from '@temporalio/workflow';
import type { CycleRun } from './cycle-run.js';
import { requireMessage, type Shape, unbroken } from './handlers.js';
import {
  type Answer,
  answer,
  askOperator,
  cancel,
  cycleState,
  decideStage,
  halt,
  pause,
  resume,
  type Steering,
  unhalt,
} from './messages.js';

const STEERING: Shape<Steering> = { by: 'string', reason: 'string' };
const ANSWER: Shape<Answer> = { action: 'string', by: 'string', reason: 'string' };

/** What may be told to a cycle, and asked of it, from its first moment to its last. */
export function hearMessages(cycle: CycleRun): void {
  setHandler(decideStage, unbroken(cycle.decideStage.bind(cycle)), {
    description: 'Approve or reject a stage: {stage, decision: approve or reject, by, reason, manifest}',
  });
  setHandler(pause, unbroken(cycle.pause.bind(cycle)), {
    validator: (steering) => {
      requireMessage(steering, STEERING);
      cycle.mayPause();
    },
    description: 'No new batch begins: {by, reason}',
  });
  setHandler(resume, unbroken(cycle.resume.bind(cycle)), {
    validator: (steering) => {
      requireMessage(steering, STEERING);
      cycle.mayResume();
    },
    description: 'Go on after a pause, or after the cycle asked: {by, reason}',
  });
  setHandler(answer, unbroken(cycle.answer.bind(cycle)), {
    validator: (message) => {
      requireMessage(message, ANSWER);
      cycle.mayAnswer(message);
    },
    description: 'Answer what the cycle asks: {action: retry-failed, continue, stop or rollback, by, reason}',
  });
  setHandler(cancel, unbroken(cycle.cancel.bind(cycle)), {
    validator: (steering) => {
      requireMessage(steering, STEERING);
      cycle.mayCancel();
    },
    description: 'Begin nothing more, finish what was touched, and end: {by, reason}',
  });
  setHandler(halt, unbroken(cycle.halt.bind(cycle)), {
    description: 'Nothing new begins in any cycle: {number, by, reason, at}',
  });
  setHandler(unhalt, unbroken(cycle.unhalt.bind(cycle)), {
    description: 'The halt of that number is lifted: {number, by, reason}',
  });
  setHandler(askOperator, unbroken(cycle.ask.bind(cycle)), {
    description: 'From a stage: a person is wanted',
  });
  setHandler(cycleState, () => cycle.view(), { description: 'Status, stage, and what it waits for' });
  setDefaultSignalHandler(
    unbroken((name: string) => cycle.note(`A signal ${name} was ignored: this cycle knows no such signal.`)),
  );
}
