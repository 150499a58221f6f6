/** A bug that somebody might write, and the tests that ought to notice. */
export interface PlantedBug {
  /** What the code then does wrong. */
  readonly name: string;
  readonly file: string;
  /** Exactly one place of the file. */
  readonly find: string;
  readonly replace: string;
  readonly tests: readonly string[];
}

const STEPS = 'test/unit/activities-steps.test.ts';
const EFFECTS = 'test/unit/activities-effects.test.ts';
const LEASES = 'test/unit/activities-leases.test.ts';
const HUNG = 'test/unit/activities-hung-nodes.test.ts';
const BUDGET = 'test/unit/budget.test.ts';
const WAVES = 'test/workflow/waves.test.ts';
const STEERING = 'test/workflow/steering.test.ts';
const CARRY_OVER = 'test/workflow/carry-over.test.ts';

/** In code that has an effect on nodes, or decides about one. */
export const PLANTED: readonly PlantedBug[] = [
  // Effects exactly once
  {
    name: "the SDK's own retries are left on for effects",
    file: 'aws/clients.ts',
    find: 'const effects = { ...settings, maxAttempts: 1 };',
    replace: 'const effects = { ...settings, maxAttempts: 3 };',
    tests: ['test/conformance/fleet-calls.test.ts'],
  },
  {
    name: 'a restore of a root volume has no client token',
    file: 'aws/root-volumes.ts',
    find: '    ClientToken: request.token,\n',
    replace: '',
    tests: ['test/conformance/fleet-simulated.test.ts'],
  },
  {
    name: 'an automation has no client token',
    file: 'aws/automations.ts',
    find: '    ClientToken: request.token,\n',
    replace: '',
    tests: ['test/conformance/fleet-simulated.test.ts'],
  },
  {
    name: 'a key does not name its batch',
    file: 'domain/keys.ts',
    find: 'wave: number, batch: number, step: string): string =>',
    replace: 'wave: number, _batch: number, step: string, batch = 0): string =>',
    tests: ['test/unit/keys.test.ts'],
  },
  {
    name: 'a key does not name its wave',
    file: 'domain/keys.ts',
    find: 'wave: number, batch: number, step: string): string =>',
    replace: '_wave: number, batch: number, step: string, wave = 0): string =>',
    tests: ['test/unit/keys.test.ts'],
  },
  {
    name: 'a command is not looked for before it is sent again',
    file: 'activities/effects.ts',
    find: 'const found = fresh ? null : await this.findCommand(operation, signal);',
    replace: 'const found = null;',
    tests: [EFFECTS],
  },
  {
    name: 'snapshots are not looked for before they are taken again',
    file: 'activities/effects.ts',
    find: 'const have = fresh ? new Set<NodeId>() : await this.findSnapshots(operation, signal);',
    replace: 'const have = new Set<NodeId>();',
    tests: [EFFECTS],
  },
  {
    name: 'an attempt that slept sends although another has taken over',
    file: 'activities/effects.ts',
    find: 'if (!(await this.records.maySend(operation.key, attempt)))',
    replace: 'if (false)',
    tests: [EFFECTS],
  },
  // What a batch does to its nodes
  {
    name: 'the installs of a plan that reboots where needed do not reboot',
    file: 'activities/step-effects.ts',
    find: "=== 'if-needed' ? 'RebootIfNeeded'",
    replace: "!== 'if-needed' ? 'RebootIfNeeded'",
    tests: [STEPS],
  },
  {
    name: 'a snapshot that is to be awaited is not',
    file: 'workflows/patch-batch.ts',
    find: "steps.snapshot === 'await'",
    replace: 'false',
    tests: [WAVES],
  },
  {
    name: 'a node with a failed install gets no after task',
    file: 'domain/steps.ts',
    find: "after: { touches: false, takenBy: 'changed'",
    replace: "after: { touches: false, takenBy: 'well'",
    tests: [STEPS],
  },
  {
    name: 'a cancelled batch gets no after tasks',
    file: 'workflows/patch-batch.ts',
    find: 'await CancellationScope.nonCancellable(async () => {\n      await attempt(',
    replace: 'await CancellationScope.cancellable(async () => {\n      await attempt(',
    tests: [STEERING],
  },
  {
    name: 'a failed node counts as done',
    file: 'activities/verdicts.ts',
    find: 'failed: judged.filter(hasFailed).length,',
    replace: 'failed: 0,',
    tests: ['test/unit/activities-verdicts.test.ts'],
  },
  // Leases
  {
    name: 'a lease is not taken',
    file: 'activities/steps.ts',
    find: "if (!begun && (step.kind === 'start' || step.kind === 'check'))",
    replace: "if (!begun && step.kind === 'start')",
    tests: [LEASES],
  },
  {
    name: 'a lease is not given back',
    file: 'activities/steps.ts',
    find: '        await records.release(leaseOf(place));\n',
    replace: '',
    tests: [LEASES],
  },
  {
    name: 'a lease is broken although its owner lives',
    file: 'activities/leases.ts',
    find: 'if (await this.engine.hasEnded(holder)) ended.push(holder);',
    replace: 'ended.push(holder);',
    tests: [LEASES],
  },
  // Waves and windows
  {
    name: 'the cutoff is ignored',
    file: 'workflows/wave-run.ts',
    find: 'else if (cutoff !== null && Date.parse(cutoff) <= Date.now())',
    replace: 'else if (false)',
    tests: [WAVES],
  },
  {
    name: 'a batch begins that cannot end before its window does',
    file: 'workflows/wave-run.ts',
    find: 'this.tooLate = lastStart !== undefined && Date.parse(lastStart) <= Date.now();',
    replace: 'this.tooLate = false;',
    tests: [CARRY_OVER],
  },
  {
    name: 'one node more than maxUnavailable is out of service',
    file: 'domain/budget.ts',
    find: 'outOfService + lost + nodes <= maxUnavailable',
    replace: 'outOfService + lost + nodes <= maxUnavailable + 1',
    tests: [BUDGET],
  },
  {
    name: 'nodes that failed give their room back',
    file: 'domain/budget.ts',
    find: 'outOfService + lost + nodes <= maxUnavailable',
    replace: 'outOfService + nodes <= maxUnavailable',
    tests: [BUDGET],
  },
  {
    name: 'a zone has its turn when no batch of it can end before the window does',
    file: 'domain/lanes.ts',
    find: 'Date.parse(wave.lastStart ?? wave.cutoff)',
    replace: 'Date.parse(wave.cutoff)',
    tests: ['test/unit/lanes.test.ts'],
  },
  {
    name: 'two zones of a Region are patched side by side',
    file: 'domain/lanes.ts',
    find: 'open.filter((wave) => wave.zone === next.zone)',
    replace: 'open',
    tests: ['test/unit/lanes.test.ts'],
  },
  {
    name: 'what a window did not reach is dropped',
    file: 'workflows/stage-waves.ts',
    find: "return ended === 'cut-off' && problem === null ? skipped : 0;",
    replace: 'return 0;',
    tests: [CARRY_OVER],
  },
  // A stage and a cycle
  {
    name: 'Prod gets what Dev proved, and not what Test proved',
    file: 'workflows/patch-cycle.ts',
    find: 'proven = result.patchSet;',
    replace: 'proven ??= result.patchSet;',
    tests: ['test/workflow/cycle.test.ts'],
  },
  {
    name: 'nodes install from the list of another Region',
    file: 'activities/step-effects.ts',
    find: '      list.region === at.region &&\n',
    replace: '',
    tests: [STEPS],
  },
  {
    name: 'an approval of another manifest counts',
    file: 'domain/decision.ts',
    find: 'if (message.manifest !== waiting.manifest) {',
    replace: 'if (false) {',
    tests: ['test/unit/decision.test.ts', 'test/workflow/approval.test.ts'],
  },
  {
    name: 'a stage begins although everything was halted meanwhile',
    file: 'workflows/patch-cycle.ts',
    find: '      await cycle.lookForHalt();\n',
    replace: '',
    tests: ['test/workflow/halt.test.ts'],
  },
  {
    name: 'a pause ends the soak',
    file: 'workflows/patch-stage.ts',
    find: 'await sleep(length, {',
    replace: 'await condition(() => breaker.holds, length, {',
    tests: [STEERING],
  },
  {
    name: 'as many failures as the plan allows ask nobody',
    file: 'workflows/breaker.ts',
    find: 'this.failures() < this.tolerated',
    replace: 'this.failures() <= this.tolerated',
    tests: [STEERING],
  },
  // Rollback
  {
    name: 'a node without a root volume is called rolled back',
    file: 'domain/rollback.ts',
    find: "    case 'failed-detached':\n      return failed(",
    replace:
      "    case 'failed-detached':\n      return ((reason: string, lost: boolean) => ({ outcome: 'rolled-back', reason, lost, detached: false }))(",
    tests: ['test/unit/rollback.test.ts'],
  },
  {
    name: 'a rollback takes the latest snapshot, and not the first',
    file: 'activities/roll-back.ts',
    find: '({ node, takenBy: takenBy ?? ours })',
    replace: '({ node, takenBy: takenBy === null ? ours : ours })',
    tests: ['test/conformance/rollback.test.ts'],
  },
  // Nodes that hang
  {
    name: 'a reboot that may have been sent is sent again',
    file: 'activities/effects.ts',
    find: 'if (!fresh) return { externalIds: [], refused: [] };',
    replace: '',
    tests: [HUNG],
  },
  {
    name: 'a node that was set aside meanwhile is patched',
    file: 'activities/steps.ts',
    find: 'await leaveSetAside(place, request.step);',
    replace: '',
    tests: [HUNG],
  },
  // Snapshots
  {
    name: 'snapshots are taken whatever is pending already',
    file: 'domain/snapshot-room.ts',
    find: '  if (wanted <= free) return wanted;',
    replace: '  if (wanted <= most) return wanted;',
    tests: ['test/unit/snapshot-room.test.ts', 'test/conformance/snapshot-room.test.ts'],
  },
  {
    name: 'snapshots of a stage that goes on are deleted',
    file: 'domain/snapshot-retention.ts',
    find: '(end.rollbackRuns || end.since === null)',
    replace: 'end.rollbackRuns',
    tests: ['test/unit/snapshot-retention.test.ts', 'test/conformance/snapshot-expiry.test.ts'],
  },
  {
    name: 'snapshots of another installation are deleted',
    file: 'aws/snapshots.ts',
    find: 'Values: [literally(installation)]',
    replace: "Values: ['*']",
    tests: ['test/conformance/snapshot-expiry.test.ts'],
  },
];
