// npm test [-- <pattern>]: every tier of the tests; the last line is the verdict alone.
import { prepareTests, runJest } from './jest.mjs';

try {
  await prepareTests();
  const { code, results } = await runJest(process.argv.slice(2));
  if (results) process.stdout.write(`\n${onPostgres(results)}\n`);
  const passed = results?.numPassedTests ?? 0;
  // A file that cannot be loaded has no tests that could fail.
  const failed = results ? results.numFailedTests + results.numRuntimeErrorTestSuites : 1;
  process.stdout.write(`${passed} passed, ${code === 0 ? failed : Math.max(failed, 1)} failed\n`);
  process.exitCode = code;
} catch (failure) {
  process.stderr.write(`${failure.message}\n`);
  process.stdout.write('0 passed, 1 failed\n');
  process.exitCode = 1;
}

function onPostgres(results) {
  const tests = results.testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ ancestorTitles }) => ancestorTitles.some((title) => title.includes('(PostgreSQL')));
  const ran = tests.filter(({ status }) => status === 'passed' || status === 'failed').length;
  if (tests.length === 0) return 'No test that needs PostgreSQL was selected.';
  if (ran > 0) return `PostgreSQL was found: ${ran} tests ran on it too.`;
  return `PostgreSQL's server program was not found: ${tests.length} tests that need it were skipped.`;
}
